/**
 * What stands in the table: services, destinations, their keys, settings and counts. Plain readonly records in, plain readonly
 * records out; every optional field also takes `undefined`.
 */

// ── words: known ones complete in the editor, those of newer kernels stay readable and writable ──

/** A word from a known list, or any other string that a newer kernel may bring. */
export type Open<T extends string> = T | (string & {})

/** The schedulers that Linux ships as modules `ip_vs_NAME`. */
export const schedulers = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'lblc',
  'lblcr',
  'dh',
  'sh',
  'sed',
  'nq',
  'fo',
  'ovf',
  'mh',
  'twos',
] as const
/** Name of a scheduler, at most 15 of a-z, 0-9, `_` and `-`. The kernel loads the module `ip_vs_NAME` on demand. */
export type Scheduler = Open<(typeof schedulers)[number]>

/**
 * Protocol of a virtual service. A service that another program made with any other number (the kernel checks nothing)
 * is read as `protocol-N`, and that word is accepted for reading, updating and removing it.
 */
export type Protocol = 'tcp' | 'udp' | 'sctp' | `protocol-${number}`

/** Address family. */
export type Family = 'ipv4' | 'ipv6'

/**
 * One bit of the kernel's IP_VS_SVC_F_SCHED1 to 3. sh: flag-1 = fallback, flag-2 = port; mh: the same. Any other bit that is
 * read is `bit-N`, 6 to 31, and can be written back.
 */
export type SchedulerFlag = 'flag-1' | 'flag-2' | 'flag-3' | `bit-${number}`

// ── identity: exactly one of two shapes ──

/** What identifies a virtual service: protocol, VIP and port, or a firewall mark and family. */
export type ServiceKey = AddressKey | FirewallMarkKey

/** A virtual service by what its packets are addressed to. */
export interface AddressKey {
  /** IPVS_SVC_ATTR_PROTOCOL */
  readonly protocol: Protocol
  /** The VIP (IPVS_SVC_ATTR_ADDR), IPv4 or IPv6, without brackets or zone. */
  readonly address: string
  /** 1 to 65535 (IPVS_SVC_ATTR_PORT); 0 means every port and needs persistence. */
  readonly port: number
  /** Only with `family`, instead of the rest. */
  readonly firewallMark?: undefined
  /** The address tells it. */
  readonly family?: undefined
}

/** A virtual service by the mark that a rule of nftables or iptables gives to its packets. */
export interface FirewallMarkKey {
  /** 1 to 4294967295 (IPVS_SVC_ATTR_FWMARK). */
  readonly firewallMark: number
  /** IPVS_SVC_ATTR_AF: the same mark is another service in each family. */
  readonly family: Family
  /** Whatever is marked. */
  readonly protocol?: undefined
  /** Whatever is marked. */
  readonly address?: undefined
  /** Whatever is marked. */
  readonly port?: undefined
}

/** What identifies a real server inside its virtual service. */
export interface DestinationKey {
  /** The RIP (IPVS_DEST_ATTR_ADDR), IPv4 or IPv6, without brackets or zone. */
  readonly address: string
  /** Port of the real server, 0 to 65535 (IPVS_DEST_ATTR_PORT). With direct and tunnel forwarding to a service with a port it must equal that port. */
  readonly port: number
}

// ── desired state (what you write) ──

/** How a virtual service chooses and keeps real servers. */
export interface ServiceSettings {
  /** Picks the real server of a new connection (IPVS_SVC_ATTR_SCHED_NAME). IPVS_MODULE_NOT_FOUND when the kernel lacks it. */
  readonly scheduler: Scheduler
  /** Legal on every scheduler; the meaning is the scheduler's. @default none */
  readonly schedulerFlags?: readonly SchedulerFlag[] | undefined
  /** Presence turns persistence on (IP_VS_SVC_F_PERSISTENT). */
  readonly persistence?: Persistence | undefined
  /** Schedule every UDP packet by itself (IP_VS_SVC_F_ONEPACKET): with UDP and firewall marks only. @default false */
  readonly onePacket?: boolean | undefined
}

/** A virtual service as it is written. */
export type ServiceSpec = ServiceKey & ServiceSettings

/** Keeps a client on the real server that it had: which clients count as one is told by a prefix or by a mask. */
export type Persistence = PersistenceSettings & (ClientPrefix | ClientMask)

/** How long, and by what engine. */
export interface PersistenceSettings {
  /**
   * Seconds a client stays with its real server after its last connection, 1 to 4294967 (IPVS_SVC_ATTR_TIMEOUT).
   * @default 360, as ipvsadm
   */
  readonly timeoutSeconds?: number | undefined
  /**
   * Persistence engine (IPVS_SVC_ATTR_PE_NAME), at most 15 of a-z, 0-9, `_` and `-`: the kernel loads `ip_vs_pe_NAME` on
   * demand. `sip` needs UDP. IPVS_MODULE_NOT_FOUND when the kernel lacks it.
   * @default none: a client is an address
   */
  readonly engine?: Open<'sip'> | undefined
}

/** Clients that share a prefix share a server. */
export interface ClientPrefix {
  /** Bits: 1 to 32, or 1 to 128 (IPVS_SVC_ATTR_NETMASK). @default 32 for IPv4, 128 for IPv6 */
  readonly prefixLength?: number | undefined
  /** Instead of prefixLength. */
  readonly netmask?: undefined
}

/** Clients that are the same under a mask share a server. */
export interface ClientMask {
  /** An IPv4 mask that may be no prefix: `255.0.255.0` (IPVS_SVC_ATTR_NETMASK). */
  readonly netmask: string
  /** Instead of netmask. */
  readonly prefixLength?: undefined
}

/** How packets reach a real server, and how many. */
export type DestinationSettings = Capacity & (TunnelForwarding | PlainForwarding)

/** How much a real server takes. */
export interface Capacity {
  /**
   * Share of new connections, 0 to 2147483647 (IPVS_DEST_ATTR_WEIGHT); 0 drains: no new ones, old ones finish.
   * @default 1
   */
  readonly weight?: number | undefined
  /** @default no limit */
  readonly limits?: Limits | undefined
}

/** Packets reach the real server wrapped into others. */
export interface TunnelForwarding {
  /** IPVS_DEST_ATTR_FWD_METHOD: IP_VS_CONN_F_TUNNEL. The only one for a real server of another family than its service. */
  readonly forwarding: 'tunnel'
  /** @default ipip */
  readonly encapsulation?: Encapsulation | undefined
}

/** Packets reach the real server as they are, or with another address. */
export interface PlainForwarding {
  /**
   * IPVS_DEST_ATTR_FWD_METHOD: IP_VS_CONN_F_DROUTE, _MASQ, _LOCALNODE, _BYPASS. What another program made with any other
   * number is `method-N`.
   */
  readonly forwarding: 'direct' | 'masquerade' | 'local' | 'bypass' | `method-${number}`
  /** Only with tunnel forwarding. */
  readonly encapsulation?: undefined
}

/** How many open connections a real server takes. */
export interface Limits {
  /** At which it is skipped, 1 to 2147483647 (IPVS_DEST_ATTR_U_THRESH). */
  readonly upper: number
  /** At which it is taken back, 1 to upper (IPVS_DEST_ATTR_L_THRESH). @default three quarters of upper */
  readonly lower?: number | undefined
}

/** A real server as it is written. */
export type DestinationSpec = DestinationKey & DestinationSettings

/** How a tunnel wraps packets. */
export type Encapsulation = IpipEncapsulation | GueEncapsulation | GreEncapsulation | UnknownEncapsulation

/** IP in IP: on the real server `tunl0`, or `ip6tnl0`. */
export interface IpipEncapsulation {
  /** IPVS_DEST_ATTR_TUN_TYPE: IP_VS_CONN_F_TUNNEL_TYPE_IPIP */
  readonly type: 'ipip'
  /** It has none. */
  readonly port?: undefined
  /** It has none. */
  readonly checksum?: 'none' | undefined
}

/** Generic UDP encapsulation, since Linux 5.3: on the real server `ip fou add port PORT gue`. */
export interface GueEncapsulation {
  /** IPVS_DEST_ATTR_TUN_TYPE: IP_VS_CONN_F_TUNNEL_TYPE_GUE */
  readonly type: 'gue'
  /** UDP port of the real server's receiver, 1 to 65535 (IPVS_DEST_ATTR_TUN_PORT). */
  readonly port: number
  /** Of the UDP header, or of the inner one offloaded (IPVS_DEST_ATTR_TUN_FLAGS). @default none */
  readonly checksum?: 'none' | 'full' | 'remote' | undefined
}

/** Generic routing encapsulation, since Linux 5.4: on the real server an interface of type gre. */
export interface GreEncapsulation {
  /** IPVS_DEST_ATTR_TUN_TYPE: IP_VS_CONN_F_TUNNEL_TYPE_GRE */
  readonly type: 'gre'
  /** It has none. */
  readonly port?: undefined
  /** Of the GRE header (IPVS_DEST_ATTR_TUN_FLAGS). @default none */
  readonly checksum?: 'none' | 'full' | undefined
}

/** What another program made and there is no word for: read, and written back. */
export interface UnknownEncapsulation {
  /** IPVS_DEST_ATTR_TUN_TYPE: `type-N` */
  readonly type: `type-${number}`
  /** IPVS_DEST_ATTR_TUN_PORT */
  readonly port?: number | undefined
  /** IPVS_DEST_ATTR_TUN_FLAGS: `flags-N` where there is no word for the number. */
  readonly checksum?: 'none' | 'full' | 'remote' | `flags-${number}` | undefined
}

// ── observed state (what you read): may be passed back as it is; observed fields are known and ignored on writing ──

/** A virtual service as it was read. */
export type Service = ServiceSpec & ObservedService

/** What is read of a virtual service beside what was written. */
export interface ObservedService {
  /** Of all its real servers, also those that were removed. */
  readonly stats: Stats
  /**
   * What another program stored for persistence without turning it on: without effect. Written back by updateService(),
   * unless that is given `persistence`; refused where a service is made.
   */
  readonly idlePersistence?: Persistence | undefined
}

/** A real server as it was read. */
export type Destination = DestinationSpec & ObservedDestination

/** What is read of a real server beside what was written. */
export interface ObservedDestination {
  /** 0 to 2147483647, always there. */
  readonly weight: number
  /**
   * What another program stored for a tunnel without forwarding by one: without effect. Written back by
   * updateDestination(); refused where a destination is made.
   */
  readonly idleEncapsulation?: Encapsulation | undefined
  /** Live counts. UDP flows count as inactive, persistence templates as persistent. */
  readonly connections: ConnectionCounts
  /** Kept when the server is removed and added again soon (the kernel keeps removed ones for two minutes). */
  readonly stats: Stats
}

/** Connections of one real server. */
export interface ConnectionCounts {
  /** Established TCP and SCTP connections (IPVS_DEST_ATTR_ACTIVE_CONNS). */
  readonly active: number
  /** All others that the kernel still knows: closing ones, UDP flows (IPVS_DEST_ATTR_INACT_CONNS). */
  readonly inactive: number
  /** Clients that persistence keeps here (IPVS_DEST_ATTR_PERSIST_CONNS). */
  readonly persistent: number
}

/** What the kernel counted (IPVS_SVC_ATTR_STATS64, IPVS_DEST_ATTR_STATS64). Totals and rates are renewed every 2 s. */
export interface Stats {
  /** Since creation or zero(). bigint; in JSON, by the replacer `toJSON`, decimal strings. */
  readonly total: Counters<bigint>
  /** Per second: the kernel's moving average. */
  readonly rate: Counters<number>
}

/** One value for each of the five things that the kernel counts. */
export interface Counters<N extends number | bigint> {
  /** IPVS_STATS_ATTR_CONNS, _CPS */
  readonly connections: N
  /** From clients: IPVS_STATS_ATTR_INPKTS, _INPPS */
  readonly packetsIn: N
  /** To clients, with masquerading only: IPVS_STATS_ATTR_OUTPKTS, _OUTPPS */
  readonly packetsOut: N
  /** IPVS_STATS_ATTR_INBYTES, _INBPS */
  readonly bytesIn: N
  /** With masquerading only: IPVS_STATS_ATTR_OUTBYTES, _OUTBPS */
  readonly bytesOut: N
}

/** A virtual service with its real servers. */
export interface TableEntry<S = Service, D = Destination> {
  /** The virtual service. */
  readonly service: S
  /** Its real servers; as read, the newest first. */
  readonly destinations: readonly D[]
}
/** Everything that was read. */
export type Table = readonly TableEntry[]
/** Everything that should be there. */
export type DesiredTable = readonly TableEntry<ServiceSpec, DestinationSpec>[]
