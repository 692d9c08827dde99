/** Names of hosts and ports. Loaded only where a name is given, or names are to be shown. */
import type { Names } from './endpoints.js'

const protocolNames: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' }

/** The host's own: its resolver (hosts file, then DNS, as nsswitch.conf has it) and /etc/services. */
export const systemNames: Names = {
  async addressOf(host) {
    const { addressOf } = await import('./hosts.js')
    return addressOf(host)
  },
  async hostOf(address) {
    const { hostOf } = await import('./hosts.js')
    return hostOf(address)
  },
  async portOf(service, protocol) {
    const name = protocolNames[protocol]
    const { entries } = await import('./services.js')
    return (await entries()).find((entry) => entry.protocol === name && entry.names.includes(service))?.port
  },
  async serviceOf(port, protocol) {
    const name = protocolNames[protocol]
    const { entries } = await import('./services.js')
    return (await entries()).find((entry) => entry.protocol === name && entry.port === port)?.names[0]
  },
}
