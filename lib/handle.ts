/** The handle on the table, and what its calls take. */
import type { Connection, Info, SomeTimeouts, SyncDaemon, Timeouts } from './director.js'
import type { Destination, DestinationKey, DestinationSpec, Service, ServiceKey, ServiceSpec } from './types.js'
import type { Table, TableEntry } from './types.js'

/** Options of every call. */
export interface CallOptions {
  /** Withdraws a call still in the queue: rejects with signal.reason. A message already sent is always awaited. */
  readonly signal?: AbortSignal | undefined
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
  /** One virtual service (IPVS_CMD_GET_SERVICE); undefined when there is none: absence is an answer. */
  service(key: ServiceKey, options?: CallOptions): Promise<Service | undefined>
  /** Creates a virtual service (IPVS_CMD_NEW_SERVICE). IPVS_SERVICE_EXISTS, IPVS_MODULE_NOT_FOUND. */
  addService(spec: ServiceSpec, options?: CallOptions): Promise<void>
  /**
   * Replaces the whole record (IPVS_CMD_SET_SERVICE; the kernel has no partial edit): spread what you read.
   * IPVS_SERVICE_NOT_FOUND, IPVS_MODULE_NOT_FOUND.
   */
  updateService(spec: ServiceSpec, options?: CallOptions): Promise<void>
  /** Removes the service and its destinations (IPVS_CMD_DEL_SERVICE). IPVS_SERVICE_NOT_FOUND. */
  removeService(key: ServiceKey, options?: CallOptions): Promise<void>

  /** The real servers of a service (IPVS_CMD_GET_DEST), newest first, each once. IPVS_SERVICE_NOT_FOUND. */
  destinations(of: ServiceKey, options?: CallOptions): Promise<readonly Destination[]>
  /** Adds a real server (IPVS_CMD_NEW_DEST). IPVS_DESTINATION_EXISTS, IPVS_SERVICE_NOT_FOUND. */
  addDestination(of: ServiceKey, spec: DestinationSpec, options?: CallOptions): Promise<void>
  /** Replaces the whole record (IPVS_CMD_SET_DEST). IPVS_DESTINATION_NOT_FOUND, IPVS_SERVICE_NOT_FOUND. */
  updateDestination(of: ServiceKey, spec: DestinationSpec, options?: CallOptions): Promise<void>
  /**
   * Removes a real server at once (IPVS_CMD_DEL_DEST); its established connections lose their destination: `drain()` it first.
   * IPVS_DESTINATION_NOT_FOUND, IPVS_SERVICE_NOT_FOUND.
   */
  removeDestination(of: ServiceKey, key: DestinationKey, options?: CallOptions): Promise<void>
  /**
   * Reads the destination and writes it back with this weight, 0 to 2147483647; nothing else of this handle comes between.
   * IPVS_DESTINATION_NOT_FOUND, IPVS_SERVICE_NOT_FOUND.
   */
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
   * may be missed or repeated. `limit` ends the stream after so many, 0 or more. IPVS_UNAVAILABLE without that file. @default limit: none
   */
  connections(options?: CallOptions & { readonly limit?: number | undefined }): AsyncIterable<Connection>
  /**
   * net.ipv4.vs.* of the namespace, as the kernel prints them, by name: `{ conntrack: '0', sync_threshold: '3\t50', … }`.
   * Without those that may not be read.
   */
  sysctls(options?: CallOptions): Promise<Readonly<Record<string, string>>>
  /** Ends the handle once the call in flight is answered; queued calls reject with IPVS_CLOSED. The kernel's table stays. */
  close(): Promise<void>
}

/** Options of `open()`. */
export interface OpenOptions {
  /**
   * Network namespace: a name under /run/netns or an absolute path. To enter it needs CAP_SYS_ADMIN.
   * @default the process's own
   */
  readonly namespace?: string | undefined
  /**
   * Whether a request that takes one message to the kernel is carried out on the thread that calls: without the way to the
   * handle's own thread and back, which takes longer than the kernel's work. For command-line tools, which have nothing else
   * to do meanwhile. The kernel may let any request wait for as long as any process on the host holds the IPVS mutex, seconds
   * behind a slow modprobe: nothing else of this thread, timers and signal handlers included, runs until it answers.
   * @default false
   */
  readonly onCallingThread?: boolean | undefined
}
