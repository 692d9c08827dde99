/** What the operating system has and Node.js has no call for: ICMP echo, cheap attempts to connect, sd_notify, credentials of a peer. Works without IPVS. */
export { type ConnectEnd, type Connector, openConnector } from './connect.js'
export { notifySystemd } from './notify.js'
export { type PeerCredentials, peerCredentials } from './peer.js'
export { type Echo, type Ping, type PingSockets, type SocketKind, openPing } from './ping.js'
export type { SystemError } from '../system.js'
