/** The handle: one method a command, over a session that is the kernel's or the in-memory one. */
import { constants } from 'node:os'
import { findService, readDestination, readDestinations, readInfo, readServices, write, type Ask } from './commands.js'
import { refuseDestination, refuseService } from './creatable.js'
import { signalOf } from './check.js'
import { closedError } from './errors.js'
import { presentDestination, presentInfo, presentService } from './present.js'
import { createQueue, type Queue, type Waiting } from './queue.js'
import { readTable } from './table.js'
import { trace } from './tracing.js'
import { destinationKey, destinationSpec, serviceKey, serviceSpec, weight } from './validate.js'
import { Command, Stage, type Reply, type Request, type Session } from './records.js'
import { decodeReplies, encodeRequests } from './wire.js'
import type { CallOptions, Destination, DestinationKey, DestinationSpec, Info } from './types.js'
import type { Ipvs, Service, ServiceKey, ServiceSpec, Table } from './types.js'

/** Keeps a batch's reply to a few hundred kilobytes, and the wait behind it short. */
const maxBatch = 256

/** A handle over any session, which it owns. */
export function createIpvs(session: Session): Ipvs {
  return new Handle(session)
}

class Handle implements Ipvs {
  readonly #session: Session
  readonly #queue: Queue<Request, Reply>
  #closed: Promise<void> | undefined

  constructor(session: Session) {
    this.#session = session
    this.#queue = createQueue((requests) => exchange(session, requests), maxBatch)
  }

  async services(options?: CallOptions): Promise<readonly Service[]> {
    return (await readServices('services', this.#reading('services', options))).map(presentService)
  }

  async service(key: ServiceKey, options?: CallOptions): Promise<Service | undefined> {
    const entry = await findService('service', serviceKey(key), this.#reading('service', options))
    return entry && presentService(entry)
  }

  async addService(spec: ServiceSpec, options?: CallOptions): Promise<void> {
    const service = serviceSpec(spec)
    refuseService(service)
    await this.#write('addService', { command: Command.newService, service }, options)
  }

  async updateService(spec: ServiceSpec, options?: CallOptions): Promise<void> {
    await this.#write('updateService', { command: Command.setService, service: serviceSpec(spec) }, options)
  }

  async removeService(key: ServiceKey, options?: CallOptions): Promise<void> {
    await this.#write('removeService', { command: Command.delService, service: serviceKey(key) }, options)
  }

  async destinations(of: ServiceKey, options?: CallOptions): Promise<readonly Destination[]> {
    const service = serviceKey(of)
    return (await readDestinations('destinations', service, this.#reading('destinations', options))).map(
      presentDestination,
    )
  }

  async addDestination(of: ServiceKey, spec: DestinationSpec, options?: CallOptions): Promise<void> {
    const service = serviceKey(of)
    const destination = destinationSpec(spec)
    refuseDestination(service, destination)
    await this.#write('addDestination', { command: Command.newDest, service, destination }, options)
  }

  async updateDestination(of: ServiceKey, spec: DestinationSpec, options?: CallOptions): Promise<void> {
    const service = serviceKey(of)
    const destination = destinationSpec(spec)
    await this.#write('updateDestination', { command: Command.setDest, service, destination }, options)
  }

  async removeDestination(of: ServiceKey, key: DestinationKey, options?: CallOptions): Promise<void> {
    const service = serviceKey(of)
    const destination = destinationKey(key)
    await this.#write('removeDestination', { command: Command.delDest, service, destination }, options)
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

  async table(options?: CallOptions): Promise<Table> {
    return readTable(this.#reading('table', options))
  }

  async flush(options?: CallOptions): Promise<void> {
    await this.#write('flush', { command: Command.flush }, options)
  }

  async info(options?: CallOptions): Promise<Info> {
    return presentInfo(await readInfo('info', this.#reading('info', options)))
  }

  close(): Promise<void> {
    this.#closed ??= this.#queue.close().then(() => this.#session.close())
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** A read of several messages can be withdrawn between any two of them. */
  #reading(operation: string, options: CallOptions | undefined): Ask {
    const place = waiting(operation, options)
    return (requests) => this.#queue.push(requests, place)
  }

  /** Once a write is sent, its outcome is found out whatever the signal says. */
  async #write(operation: string, request: Request, options: CallOptions | undefined): Promise<void> {
    let place = waiting(operation, options)
    await write(operation, request, (requests) => {
      const sent = this.#queue.push(requests, place)
      place = waiting(operation)
      return sent
    })
  }
}

/** How a call waits in the queue, from the caller's options. */
function waiting(operation: string, options?: CallOptions): Waiting {
  return { signal: signalOf(options), closed: () => closedError(operation) }
}

/** One batch through the seam. */
export async function exchange(session: Session, requests: readonly Request[]): Promise<readonly Reply[]> {
  const replies = decode(await session.request(encodeRequests(requests)), requests.length)
  trace(requests, replies)
  return replies
}

function decode(buffer: ArrayBuffer, requests: number): readonly Reply[] {
  // No reply at all: the thread had no memory for it.
  if (buffer.byteLength === 0) {
    const lost: Reply = { error: constants.errno.ENOMEM, stage: Stage.answer, services: [], destinations: [] }
    return Array<Reply>(requests).fill(lost)
  }
  return decodeReplies(buffer, requests)
}
