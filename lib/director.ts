/** What belongs to the director rather than to a service of it: sizes, timeouts, sync daemons, connections. */
import type { Open, Protocol } from './types.js'

/** What `info()` tells. */
export interface Info {
  /** IPVS_INFO_ATTR_VERSION, as `1.2.1`. */
  readonly version: string
  /** Buckets of the connection table (IPVS_INFO_ATTR_CONN_TAB_SIZE); may change with time on newest kernels. */
  readonly connectionTableSize: number
}

/**
 * Seconds that a connection without packets is kept. Every kernel holds up to 2147483; one with fewer than 1000 timer ticks a
 * second holds more, up to 21474836, and refuses what it cannot hold.
 */
export interface Timeouts {
  /** Established TCP connections (IPVS_CMD_ATTR_TIMEOUT_TCP), 1 to 2147483. The kernel's default is 900. */
  readonly tcpSeconds: number
  /** TCP connections after a FIN (IPVS_CMD_ATTR_TIMEOUT_TCP_FIN), 1 to 2147483. The kernel's default is 120. */
  readonly tcpFinSeconds: number
  /** UDP (IPVS_CMD_ATTR_TIMEOUT_UDP), 1 to 2147483. The kernel's default is 300. */
  readonly udpSeconds: number
}

/** Timeouts to set: what is left out stays. */
export type SomeTimeouts = { readonly [T in keyof Timeouts]?: Timeouts[T] | undefined }

/** A kernel thread that synchronizes connections between directors by multicast, unencrypted: use a dedicated link. */
export interface SyncDaemon {
  /** master sends, backup receives (IP_VS_STATE_MASTER, IP_VS_STATE_BACKUP). A director may run one of each. */
  readonly role: 'master' | 'backup'
  /** Name of the network interface, at most 15 bytes (IPVS_DAEMON_ATTR_MCAST_IFN); beyond ASCII each character is a byte. */
  readonly interface: string
  /** 0 to 255: a backup takes what masters with its own number send (IPVS_DAEMON_ATTR_SYNC_ID); 0 takes all. */
  readonly syncId: number
  /**
   * Bytes of a message, 1 to 65507 (IPVS_DAEMON_ATTR_SYNC_MAXLEN); a backup takes at least 1024.
   * @default what fits a packet of 1500 bytes; for a backup: of the interface
   */
  readonly maxLength?: number | undefined
  /** @default the kernel's group, port and ttl */
  readonly multicast?: Multicast | undefined
}

/** Where sync daemons meet. */
export interface Multicast {
  /** A multicast address, IPv4 or IPv6 (IPVS_DAEMON_ATTR_MCAST_GROUP, _GROUP6). @default 224.0.0.81 */
  readonly group?: string | undefined
  /** UDP port, 1 to 65535 (IPVS_DAEMON_ATTR_MCAST_PORT). @default 8848 */
  readonly port?: number | undefined
  /** Routers that a message may pass, 1 to 255 (IPVS_DAEMON_ATTR_MCAST_TTL). @default 1 */
  readonly ttl?: number | undefined
}

/** One entry of the kernel's connection table. */
export interface Connection {
  /** Lower case; `ip` for persistence of a firewall mark. */
  readonly protocol: Open<Protocol>
  /** The kernel's word: `ESTABLISHED`, `FIN_WAIT`, `UDP`, `NONE` and so on. */
  readonly state: string
  /** Until the kernel forgets it, unless another packet comes. */
  readonly expiresSeconds: number
  /** Who connects: CIP and port. */
  readonly client: Endpoint
  /** What it connects to: VIP and port. In a template of a firewall mark: the mark as an address, `0.0.0.7`, and port 0. */
  readonly virtual: Endpoint
  /** The real server: RIP and port. */
  readonly destination: Endpoint
  /** A persistence template (which real server a client belongs to) rather than a connection. Its client has port 0. */
  readonly template: boolean
  /** The persistence engine, where one made the entry, and what it knows the client by: the Call-ID of `sip`. */
  readonly engine?: EngineData | undefined
}

/** What a persistence engine knows a client by. */
export interface EngineData {
  /** `sip` */
  readonly name: string
  /** Its Call-ID, for `sip`. */
  readonly data: string
}

/** An address with a port. */
export interface Endpoint {
  /** IPv4 or IPv6, without brackets. */
  readonly address: string
  /** 0 to 65535. */
  readonly port: number
}
