/** The data of the public API: plain readonly records in, plain readonly records out. Every optional field also takes `undefined`. */

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

// ── the handle ──

/** Options of every call. */
export interface CallOptions {
  /** Withdraws a call still in the queue: rejects with signal.reason. A message already sent is always awaited. */
  readonly signal?: AbortSignal | undefined
}

/** What `info()` tells. */
export interface Info {
  /** IPVS_INFO_ATTR_VERSION, as `1.2.1`. */
  readonly version: string
  /** Buckets of the connection table (IPVS_INFO_ATTR_CONN_TAB_SIZE); may change with time on newest kernels. */
  readonly connectionTableSize: number
}

/** Seconds that a connection without packets is kept. */
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
  /** Name of the network interface, at most 15 bytes (IPVS_DAEMON_ATTR_MCAST_IFN). */
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
  /** What it connects to: VIP and port. */
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

/**
 * The kernel's IPVS table in one network namespace. Not to be implemented by users: methods may be added.
 *
 * Every method rejects with TypeError or RangeError for a wrong argument, before anything is sent; with IpvsError when the
 * kernel refuses (the codes are listed at IpvsErrorCode); with IPVS_CLOSED after close(). Calls made in the same turn of the
 * event loop go out together and are carried out in the order of the calls; a refused one does not stop the next.
 */
export interface Ipvs extends AsyncDisposable {
  /** All virtual services (IPVS_CMD_GET_SERVICE, dump), each once. */
  services(options?: CallOptions): Promise<readonly Service[]>
  /** One virtual service; undefined when there is none: absence is an answer. */
  service(key: ServiceKey, options?: CallOptions): Promise<Service | undefined>
  /** Creates a virtual service (IPVS_CMD_NEW_SERVICE). IPVS_SERVICE_EXISTS, IPVS_MODULE_NOT_FOUND. */
  addService(spec: ServiceSpec, options?: CallOptions): Promise<void>
  /** Replaces the whole record (the kernel has no partial edit): spread what you read. IPVS_SERVICE_NOT_FOUND, IPVS_MODULE_NOT_FOUND. */
  updateService(spec: ServiceSpec, options?: CallOptions): Promise<void>
  /** Removes the service and its destinations (IPVS_CMD_DEL_SERVICE). IPVS_SERVICE_NOT_FOUND. */
  removeService(key: ServiceKey, options?: CallOptions): Promise<void>

  /** The real servers of a service, newest first, each once. Rejects with IPVS_SERVICE_NOT_FOUND when there is no such service. */
  destinations(of: ServiceKey, options?: CallOptions): Promise<readonly Destination[]>
  /** Adds a real server (IPVS_CMD_NEW_DEST). IPVS_DESTINATION_EXISTS, IPVS_SERVICE_NOT_FOUND. */
  addDestination(of: ServiceKey, spec: DestinationSpec, options?: CallOptions): Promise<void>
  /** Replaces the whole record. IPVS_DESTINATION_NOT_FOUND, IPVS_SERVICE_NOT_FOUND. */
  updateDestination(of: ServiceKey, spec: DestinationSpec, options?: CallOptions): Promise<void>
  /** Removes a real server at once; its established connections lose their destination. Drain first with weight 0. */
  removeDestination(of: ServiceKey, key: DestinationKey, options?: CallOptions): Promise<void>
  /** Reads the destination and writes it back with this weight, 0 to 2147483647, in one queue slot. */
  setWeight(of: ServiceKey, key: DestinationKey, weight: number, options?: CallOptions): Promise<void>

  /**
   * One pass over everything, de-duplicated, empty lists confirmed. Not a snapshot: the kernel has none, and while others
   * write, a pass can miss an entry. `exact` repeats until two passes agree, counters aside, which is the table as it was
   * between them, but for what was changed and changed back meanwhile; ten passes at most: IPVS_INTERRUPTED. A pass takes
   * about as long as a plain table(): where more than three things change in that time, it seldom resolves.
   */
  table(options?: CallOptions & { readonly exact?: boolean | undefined }): Promise<Table>
  /** The same as table(), streamed entry by entry. Withdrawn by the signal, or by leaving the loop. */
  entries(options?: CallOptions): AsyncIterable<TableEntry>
  /** Sets the counters of a service and its destinations to zero (IPVS_CMD_ZERO). IPVS_SERVICE_NOT_FOUND. */
  zero(key: ServiceKey, options?: CallOptions): Promise<void>
  /** Sets all counters to zero, the namespace's totals included (IPVS_CMD_ZERO). */
  zeroAll(options?: CallOptions): Promise<void>
  /** Removes every service in the namespace, also those others made (IPVS_CMD_FLUSH). */
  flush(options?: CallOptions): Promise<void>
  /** Version and size of the connection table (IPVS_CMD_GET_INFO). */
  info(options?: CallOptions): Promise<Info>
  /** The timeouts of connections (IPVS_CMD_GET_CONFIG). */
  timeouts(options?: CallOptions): Promise<Timeouts>
  /**
   * Sets the timeouts that are given and keeps the others (IPVS_CMD_SET_CONFIG). IPVS_REJECTED (EINVAL) for one that this
   * kernel cannot hold.
   */
  setTimeouts(timeouts: SomeTimeouts, options?: CallOptions): Promise<void>
  /** The sync daemons that run in this namespace, two at most (IPVS_CMD_GET_DAEMON). */
  syncDaemons(options?: CallOptions): Promise<readonly SyncDaemon[]>
  /**
   * Starts a sync daemon (IPVS_CMD_NEW_DAEMON). IPVS_SYNC_DAEMON_EXISTS, IPVS_INTERFACE_NOT_FOUND; IPVS_REJECTED (EINVAL)
   * while a destination is of another address family than its service.
   */
  startSyncDaemon(daemon: SyncDaemon, options?: CallOptions): Promise<void>
  /** Stops the sync daemon of a role (IPVS_CMD_DEL_DAEMON). IPVS_SYNC_DAEMON_NOT_FOUND. */
  stopSyncDaemon(role: SyncDaemon['role'], options?: CallOptions): Promise<void>
  /**
   * The connection table, streamed from /proc/net/ip_vs_conn of the namespace, off the JavaScript thread. The kernel starts
   * from the beginning of its table for every 60 entries: reading n entries costs n², and while connections come and go some
   * may be missed or repeated. `limit` ends the stream after so many. @default limit: none
   */
  connections(options?: CallOptions & { readonly limit?: number | undefined }): AsyncIterable<Connection>
  /** net.ipv4.vs.* of the namespace, as the kernel prints them, by name: `{ conntrack: '0', sync_threshold: '3 50', … }`. */
  sysctls(options?: CallOptions): Promise<Readonly<Record<string, string>>>
  /** Ends the handle once the call in flight is answered; queued calls reject with IPVS_CLOSED. The kernel's table stays. */
  close(): Promise<void>
}

/** Options of `open()`. */
export interface OpenOptions {
  /** Network namespace: a name under /run/netns or an absolute path. @default the process's own */
  readonly namespace?: string | undefined
}

// ── plans ──

/** What `diff()` found to do. */
export interface Plan {
  /** In safe order: create services, add, update; then, only after those of the same service succeeded, removals. */
  readonly changes: readonly Change[]
  /** Services and destinations in the kernel that neither `desired` nor `owned` names: left alone. */
  readonly foreign: readonly ObjectKey[]
}
/** Names a service, or a destination of it. */
export interface ObjectKey {
  /** The virtual service. */
  readonly service: ServiceKey
  /** Where it is about a real server of it. */
  readonly destination?: DestinationKey | undefined
}
/** One step of a plan. `before` is what the table held when the plan was made. */
export type Change = AddService | UpdateService | RemoveService | AddDestination | UpdateDestination | RemoveDestination

/** A virtual service is missing. */
export interface AddService {
  /** Tells the changes apart. */
  readonly type: 'addService'
  /** The service to make. */
  readonly service: ServiceSpec
}
/** A virtual service has other settings. */
export interface UpdateService {
  /** Tells the changes apart. */
  readonly type: 'updateService'
  /** The service as it should be. */
  readonly service: ServiceSpec
  /** As it was. */
  readonly before: Service
}
/** A virtual service is too much. */
export interface RemoveService {
  /** Tells the changes apart. */
  readonly type: 'removeService'
  /** The service to remove. */
  readonly service: ServiceKey
  /** As it was. */
  readonly before: Service
  /** What it held: goes with it. */
  readonly destinations: readonly DestinationKey[]
}
/** A real server is missing. */
export interface AddDestination {
  /** Tells the changes apart. */
  readonly type: 'addDestination'
  /** Its virtual service. */
  readonly of: ServiceKey
  /** The real server to add. */
  readonly destination: DestinationSpec
}
/** A real server has other settings. */
export interface UpdateDestination {
  /** Tells the changes apart. */
  readonly type: 'updateDestination'
  /** Its virtual service. */
  readonly of: ServiceKey
  /** The real server as it should be. */
  readonly destination: DestinationSpec
  /** As it was. */
  readonly before: Destination
}
/** A real server is too much. */
export interface RemoveDestination {
  /** Tells the changes apart. */
  readonly type: 'removeDestination'
  /** Its virtual service. */
  readonly of: ServiceKey
  /** The real server to remove. */
  readonly destination: DestinationKey
  /** As it was. */
  readonly before: Destination
}
/** Options of `diff()`. */
export interface DiffOptions {
  /**
   * What may be removed when `desired` no longer names it. A service takes its destinations with it: it is removed only
   * when all of them may be.
   * @default nothing but the destinations of the services that `desired` names
   */
  readonly owned?: 'everything' | readonly ObjectKey[] | undefined
}
