/** The handle: one method a command, over a session that is the kernel's or the in-memory one. */
import { findService, readDaemons, readDestination, readDestinations, readInfo, readServices } from './commands.js'
import { readSysctls, readThread, readTimeouts, refusal, write, type Ask } from './commands.js'
import { refuseDestination, refuseService } from './creatable.js'
import { boolean, integer, optionsWith, signalOf, wrongType } from './check.js'
import { closedError, type IpvsError } from './errors.js'
import { exchangeWrites, queueFor, type Batch } from './exchange.js'
import { presentDaemon, presentDestination, presentEntry, presentInfo, presentService } from './present.js'
import { presentSysctls, presentTimeouts } from './present.js'
import type { Call, Queue, Waiting } from './queue.js'
import { readEntries, readExactTable, readTableAs } from './table.js'
import { destinationKey, checkedDestination, serviceKey, serviceSpec, weight } from './validate.js'
import { daemonRole, daemonSpec, timeouts } from './validate-director.js'
import { Command, type Reply, type Request, type Session } from './records.js'
import type { Connection, Info, SomeTimeouts, SyncDaemon, Timeouts } from './director.js'
import type { CallOptions, Ipvs } from './handle.js'
import type { Destination, DestinationKey, DestinationSpec, Service, ServiceKey, ServiceSpec } from './types.js'
import type { Table, TableEntry } from './types.js'

/** A handle over any session, which it owns. */
export function createIpvs(session: Session): Ipvs {
  return new Handle(session)
}

/**
 * Carries out writes that were checked and packed before, in order. Resolves to what refused each, by its number. Rejects with the
 * signal's reason, or IPVS_CLOSED.
 */
export type WriteAll = (batch: Batch, signal: AbortSignal | undefined) => Promise<ReadonlyMap<number, IpvsError>>

/** How a plan is carried out on a handle: without a call for each change. */
export function writerOf(ipvs: Ipvs): WriteAll {
  if (!(ipvs instanceof Handle)) throw wrongType('ipvs', 'a handle that open() gave', ipvs)
  return (batch, signal) => ipvs.writeAll(batch, signal)
}

/** The method of the API that each is. */
const operations = new Map<Command, string>([
  [Command.newService, 'addService'],
  [Command.setService, 'updateService'],
  [Command.delService, 'removeService'],
  [Command.newDest, 'addDestination'],
  [Command.setDest, 'updateDestination'],
  [Command.delDest, 'removeDestination'],
])

class Handle implements Ipvs {
  readonly #session: Session
  readonly #queue: Queue<Request, Reply>
  #closed: Promise<void> | undefined

  constructor(session: Session) {
    this.#session = session
    this.#queue = queueFor(session)
  }

  async services(options?: CallOptions): Promise<readonly Service[]> {
    return (await readServices('services', this.#reading('services', options))).map(presentService)
  }

  async service(key: ServiceKey, options?: CallOptions): Promise<Service | undefined> {
    const entry = await findService('service', serviceKey(key), this.#reading('service', options))
    return entry && presentService(entry)
  }

  addService(spec: ServiceSpec, options?: CallOptions): Promise<void> {
    return this.#write('addService', options, () => {
      const service = serviceSpec(spec)
      refuseService(service)
      return { command: Command.newService, service }
    })
  }

  updateService(spec: ServiceSpec, options?: CallOptions): Promise<void> {
    return this.#write('updateService', options, () => ({ command: Command.setService, service: serviceSpec(spec) }))
  }

  removeService(key: ServiceKey, options?: CallOptions): Promise<void> {
    return this.#write('removeService', options, () => ({ command: Command.delService, service: serviceKey(key) }))
  }

  async destinations(of: ServiceKey, options?: CallOptions): Promise<readonly Destination[]> {
    const service = serviceKey(of)
    return (await readDestinations('destinations', service, this.#reading('destinations', options))).map(
      presentDestination,
    )
  }

  addDestination(of: ServiceKey, spec: DestinationSpec, options?: CallOptions): Promise<void> {
    return this.#write('addDestination', options, () => {
      const service = serviceKey(of)
      const destination = checkedDestination(spec)
      refuseDestination(service, destination)
      return { command: Command.newDest, service, destination }
    })
  }

  updateDestination(of: ServiceKey, spec: DestinationSpec, options?: CallOptions): Promise<void> {
    return this.#write('updateDestination', options, () => {
      const service = serviceKey(of)
      return { command: Command.setDest, service, destination: checkedDestination(spec) }
    })
  }

  removeDestination(of: ServiceKey, key: DestinationKey, options?: CallOptions): Promise<void> {
    return this.#write('removeDestination', options, () => {
      const service = serviceKey(of)
      return { command: Command.delDest, service, destination: destinationKey(key) }
    })
  }

  async setWeight(of: ServiceKey, key: DestinationKey, to: number, options?: CallOptions): Promise<void> {
    const service = serviceKey(of)
    const wanted = destinationKey(key)
    const newWeight = weight('weight', to)
    // The kernel has no partial edit: nothing else of this handle may come between the reading and the writing.
    await this.#queue.exclusive(
      async (send) => {
        const found = await readDestination('setWeight', service, wanted, send)
        const destination = { ...found.destination, weight: newWeight }
        await write('setWeight', { command: Command.setDest, service, destination }, send)
      },
      waiting('setWeight', options),
    )
  }

  async table(options?: CallOptions & { readonly exact?: boolean | undefined }): Promise<Table> {
    const { exact, ...others } = optionsWith(options, ['exact'])
    const ask = this.#reading('table', others)
    if (exact === undefined || !boolean('exact', exact)) return readTableAs('table', ask, presentEntry)
    return (await readExactTable('table', ask)).map(presentEntry)
  }

  async *entries(options?: CallOptions): AsyncGenerator<TableEntry> {
    const signal = signalOf(options)
    for await (const entry of readEntries('entries', this.#reading('entries', { signal }))) {
      signal?.throwIfAborted()
      yield presentEntry(entry)
    }
  }

  zero(key: ServiceKey, options?: CallOptions): Promise<void> {
    return this.#write('zero', options, () => ({ command: Command.zero, service: serviceKey(key) }))
  }

  zeroAll(options?: CallOptions): Promise<void> {
    return this.#write('zeroAll', options, () => ({ command: Command.zero }))
  }

  flush(options?: CallOptions): Promise<void> {
    return this.#write('flush', options, () => ({ command: Command.flush }))
  }

  async info(options?: CallOptions): Promise<Info> {
    return presentInfo(await readInfo('info', this.#reading('info', options)))
  }

  async timeouts(options?: CallOptions): Promise<Timeouts> {
    return presentTimeouts(await readTimeouts('timeouts', this.#reading('timeouts', options)))
  }

  setTimeouts(to: SomeTimeouts, options?: CallOptions): Promise<void> {
    return this.#write('setTimeouts', options, () => ({ command: Command.setConfig, timeouts: timeouts(to) }))
  }

  async syncDaemons(options?: CallOptions): Promise<readonly SyncDaemon[]> {
    return (await readDaemons('syncDaemons', this.#reading('syncDaemons', options))).map(presentDaemon)
  }

  startSyncDaemon(daemon: SyncDaemon, options?: CallOptions): Promise<void> {
    return this.#write('startSyncDaemon', options, () => ({ command: Command.newDaemon, daemon: daemonSpec(daemon) }))
  }

  stopSyncDaemon(role: SyncDaemon['role'], options?: CallOptions): Promise<void> {
    return this.#write('stopSyncDaemon', options, () => ({ command: Command.delDaemon, daemon: daemonRole(role) }))
  }

  async *connections(options?: CallOptions & { readonly limit?: number | undefined }): AsyncGenerator<Connection> {
    const { limit = Infinity, ...others } = optionsWith(options, ['limit'])
    const most = limit === Infinity ? limit : integer('limit', limit, 0, Number.MAX_SAFE_INTEGER)
    const connections = import('./connections.js') // few programs need it
    // In one slot of the queue, for which close() waits: the path is the thread's.
    const file = await this.#queue.exclusive(
      async (send) => (await connections).openConnections(await readThread('connections', send)),
      waiting('connections', others),
    )
    const { readConnections } = await connections
    if (file) yield* readConnections(file, most, signalOf(others))
  }

  async sysctls(options?: CallOptions): Promise<Readonly<Record<string, string>>> {
    return presentSysctls(await readSysctls('sysctls', this.#reading('sysctls', options)))
  }

  close(): Promise<void> {
    this.#closed ??= this.#queue.close().then(() => this.#session.close())
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** A read of several messages can be withdrawn between any two of them. */
  #reading(operation: string, options: unknown): Ask {
    const place = waiting(operation, options)
    return (requests) => this.#queue.push(requests, place)
  }

  /** Once a write is sent, its outcome is found out whatever the signal says. `make` throws for what is wrong. */
  #write(operation: string, options: CallOptions | undefined, make: () => Request): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = make()
      this.#queue.enter(new Write(operation, request, signalOf(options), this.#refusal, resolve, reject))
    })
  }

  readonly #refusal: Refusal = (operation, request, reply) =>
    refusal(operation, request, reply, this.#reading(operation, undefined))

  /** For writerOf(). */
  async writeAll(batch: Batch, signal: AbortSignal | undefined): Promise<ReadonlyMap<number, IpvsError>> {
    const place: Waiting = { signal, closed: () => closedError('apply') }
    const failed = await this.#queue.exclusive(() => exchangeWrites(this.#session, batch), place)
    const errors = new Map<number, IpvsError>()
    for (const [i, { request, reply }] of failed) {
      const operation = operations.get(request.command) ?? 'apply'
      const error = await this.#refusal(operation, request, reply)
      if (error) errors.set(i, error)
    }
    return errors
  }
}

type Refusal = (operation: string, request: Request, reply: Reply) => Promise<IpvsError | undefined>

/** A write that waits: of ten thousand calls in one turn, one promise each is what the collector has most to do with. */
class Write implements Call<Request, Reply> {
  readonly items: readonly [Request]

  constructor(
    private readonly operation: string,
    request: Request,
    readonly signal: AbortSignal | undefined,
    private readonly refusal: Refusal,
    private readonly resolve: () => void,
    readonly reject: (reason: unknown) => void,
  ) {
    this.items = [request]
  }

  closed(): Error {
    return closedError(this.operation)
  }

  take(results: readonly Reply[], start: number): void {
    const reply = results[start] as Reply
    if (reply.error === 0) return this.resolve()
    const told = (error: IpvsError | undefined) => (error ? this.reject(error) : this.resolve())
    this.refusal(this.operation, this.items[0], reply).then(told, this.reject)
  }
}

/** How a call waits in the queue, from the caller's options. */
function waiting(operation: string, options?: unknown): Waiting {
  const signal = signalOf(options)
  if (signal) return { signal, closed: () => closedError(operation) }
  let place = withoutSignal.get(operation)
  if (!place) {
    place = { closed: () => closedError(operation) }
    withoutSignal.set(operation, place)
  }
  return place
}

/** By operation: most calls wait like all others. */
const withoutSignal = new Map<string, Waiting>()
