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
export type Protocol = 'tcp' | 'udp' | 'sctp'

/** Address family. */
export type Family = 'ipv4' | 'ipv6'

/**
 * One bit of the kernel's IP_VS_SVC_F_SCHED1 to 3. sh: flag-1 = fallback, flag-2 = port; mh: the same. Any other bit that is
 * read is `bit-N`, 6 to 31, and can be written back.
 */
export type SchedulerFlag = Open<'flag-1' | 'flag-2' | 'flag-3'>

// ── identity: exactly one of two shapes ──

/** What identifies a virtual service: protocol, VIP and port, or a firewall mark and family. */
export type ServiceKey =
  | {
      readonly protocol: Protocol
      /** The VIP, IPv4 or IPv6, without brackets or zone. */
      readonly address: string
      /** 1 to 65535; 0 means every port and needs persistence. */
      readonly port: number
      readonly firewallMark?: undefined
      readonly family?: undefined
    }
  | {
      /** 1 to 4294967295, as set by nftables or iptables. */
      readonly firewallMark: number
      readonly family: Family
      readonly protocol?: undefined
      readonly address?: undefined
      readonly port?: undefined
    }

/** What identifies a real server inside its virtual service. */
export interface DestinationKey {
  /** The RIP, without brackets or zone. */
  readonly address: string
  /** Port of the real server. With direct and tunnel forwarding to a service with a port it must equal that port. */
  readonly port: number
}

// ── desired state (what you write) ──

/** How a virtual service chooses and keeps real servers. */
export interface ServiceSettings {
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

/** Keeps a client on the real server that it had. */
export interface Persistence {
  /** Seconds a client stays with its real server after its last connection, 1 to 4294967. @default 360, as ipvsadm */
  readonly timeoutSeconds?: number | undefined
  /** Clients that share this prefix share a server, in bits: 1 to 32, or 1 to 128. @default 32 for IPv4, 128 for IPv6 */
  readonly prefixLength?: number | undefined
  /** An IPv4 mask that is no prefix (255.0.255.0), instead of prefixLength. */
  readonly netmask?: string | undefined
  /** Persistence engine: the kernel loads `ip_vs_pe_NAME` on demand. `sip` needs UDP. */
  readonly engine?: Open<'sip'> | undefined
}

/** How packets reach a real server, and how many. */
export interface DestinationSettings {
  /** IP_VS_CONN_F_DROUTE, _MASQ, _TUNNEL, _LOCALNODE, _BYPASS. */
  readonly forwarding: Open<'direct' | 'masquerade' | 'tunnel' | 'local' | 'bypass'>
  /** Only with tunnel forwarding. @default ipip */
  readonly encapsulation?: Encapsulation | undefined
  /** Share of new connections, 0 to 2147483647; 0 drains: no new ones, old ones finish. @default 1 */
  readonly weight?: number | undefined
  /**
   * Open connections, 1 to 2147483647, at which the server is skipped (upper) and taken back (lower).
   * @default no limit; lower: three quarters of upper
   */
  readonly limits?: { readonly upper: number; readonly lower?: number | undefined } | undefined
}

/** A real server as it is written. */
export type DestinationSpec = DestinationKey & DestinationSettings

/** How a tunnel wraps packets. */
export interface Encapsulation {
  readonly type: Open<'ipip' | 'gue' | 'gre'>
  /** UDP port of the real server's GUE receiver, 1 to 65535. GUE only, and needed there. */
  readonly port?: number | undefined
  /** GUE: none, full, remote; GRE: none, full. @default 'none' */
  readonly checksum?: Open<'none' | 'full' | 'remote'> | undefined
}

// ── observed state (what you read): may be passed back as it is; observed fields are known and ignored on writing ──

/** A virtual service as it was read. */
export type Service = ServiceSpec & {
  readonly stats: Stats
  /**
   * What another program stored for persistence without turning it on: without effect. Written back by updateService(),
   * unless that is given `persistence`; refused where a service is made.
   */
  readonly idlePersistence?: Persistence | undefined
}

/** A real server as it was read. */
export type Destination = DestinationSpec & {
  readonly weight: number
  /**
   * What another program stored for a tunnel without forwarding by one: without effect. Written back by
   * updateDestination(); refused where a destination is made.
   */
  readonly idleEncapsulation?: Encapsulation | undefined
  /** Live counts. UDP flows count as inactive, persistence templates as persistent. */
  readonly connections: ConnectionCounts
  readonly stats: Stats
}

/** Connections of one real server. */
export interface ConnectionCounts {
  readonly active: number
  readonly inactive: number
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
  readonly connections: N
  readonly packetsIn: N
  readonly packetsOut: N
  readonly bytesIn: N
  readonly bytesOut: N
}

/** A virtual service with its real servers. */
export interface TableEntry<S = Service, D = Destination> {
  readonly service: S
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

/** A kernel thread that synchronizes connections between directors by multicast, unencrypted: use a dedicated link. */
export interface SyncDaemon {
  /** master sends, backup receives (IP_VS_STATE_MASTER, IP_VS_STATE_BACKUP). A director may run one of each. */
  readonly role: 'master' | 'backup'
  /** Name of the network interface, at most 15 bytes (IPVS_DAEMON_ATTR_MCAST_IFN). */
  readonly interface: string
  /** 0 to 255: a backup takes what masters with its own number send (IPVS_DAEMON_ATTR_SYNC_ID); 0 takes all. */
  readonly syncId: number
  /** Bytes of a message, 1 to 65507; the kernel cuts it to what the interface can carry. @default what fits one packet of the interface */
  readonly maxLength?: number | undefined
  readonly multicast?: Multicast | undefined
}

/** Where sync daemons meet. */
export interface Multicast {
  /** A multicast address. @default 224.0.0.81 */
  readonly group?: string | undefined
  /** UDP port, 1 to 65535. @default 8848 */
  readonly port?: number | undefined
  /** Routers that a message may pass, 1 to 255. @default 1 */
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
  readonly client: Endpoint
  readonly virtual: Endpoint
  readonly destination: Endpoint
  /** A persistence template (which real server a client belongs to) rather than a connection. Its client has port 0. */
  readonly template: boolean
  /** The persistence engine, where one made the entry, and what it knows the client by: the Call-ID of `sip`. */
  readonly engine?: { readonly name: string; readonly data: string } | undefined
}

/** An address with a port. */
export interface Endpoint {
  readonly address: string
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
   * write, a pass can miss an entry. `exact` repeats until two passes agree, counters aside, ten passes at most:
   * IPVS_INTERRUPTED.
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
  setTimeouts(timeouts: Partial<Timeouts>, options?: CallOptions): Promise<void>
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
  readonly service: ServiceKey
  readonly destination?: DestinationKey | undefined
}
/** One step of a plan. `before` is what the table held when the plan was made. */
export type Change =
  | { readonly type: 'addService'; readonly service: ServiceSpec }
  | { readonly type: 'updateService'; readonly service: ServiceSpec; readonly before: Service }
  | {
      readonly type: 'removeService'
      readonly service: ServiceKey
      readonly before: Service
      /** What it held: goes with it. */
      readonly destinations: readonly DestinationKey[]
    }
  | { readonly type: 'addDestination'; readonly of: ServiceKey; readonly destination: DestinationSpec }
  | {
      readonly type: 'updateDestination'
      readonly of: ServiceKey
      readonly destination: DestinationSpec
      readonly before: Destination
    }
  | {
      readonly type: 'removeDestination'
      readonly of: ServiceKey
      readonly destination: DestinationKey
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
