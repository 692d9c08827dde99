/** Batches through the seam: encoded, carried out, decoded, traced; and the first of them. */
import { constants } from 'node:os'
import { askSteadily, type Ask } from './commands.js'
import { closedError, toIpvsError } from './errors.js'
import { createQueue, type Queue } from './queue.js'
import { Command, nothingRead, Stage, type Reply, type Request, type Session } from './records.js'
import { isTraced, trace } from './tracing.js'
import { decodeReplies, encodeForNow, encodeRequests } from './wire.js'

/** Keeps a batch's reply to a few hundred kilobytes, and the wait behind it short. */
const maxBatch = 256

/** The queue before a session: one batch in flight. */
export function queueFor(session: Session): Queue<Request, Reply> {
  return createQueue((requests) => exchange(session, requests), maxBatch)
}

/** Asks of a session that nobody else asks, by a program rather than a caller: nothing is withdrawn. */
export function askOf(session: Session): Ask {
  const queue = queueFor(session)
  return (requests) => queue.push(requests, { closed: () => closedError('request') })
}

/** The session once it has answered; it is closed when it does not. `path` is the namespace's, for messages. */
export async function greet<S extends Session>(session: S, path: string): Promise<S> {
  // The thread enters the namespace and finds the family with the first request; the kernel refuses even this one without
  // the capability.
  const request: Request = { command: Command.getInfo }
  try {
    const { error, stage } = await askSteadily(request, async (requests) => exchange(session, requests))
    if (error !== 0) throw toIpvsError({ operation: 'open', object: path }, request.command, error, stage)
  } catch (error) {
    await session.close()
    throw error
  }
  return session
}

/** One batch through the seam. */
export function exchange(session: Session, requests: readonly Request[]): readonly Reply[] | Promise<readonly Reply[]> {
  const replied = session.request(encodeForNow(requests))
  return replied instanceof Promise
    ? replied.then((buffer) => understand(buffer, requests))
    : understand(replied, requests)
}

function understand(buffer: ArrayBuffer | null, requests: readonly Request[]): readonly Reply[] {
  const replies = decode(buffer, requests.length)
  trace(requests, replies)
  return replies
}

/** Requests, and the bytes of them that cross the seam. */
export interface Batch {
  readonly requests: readonly Request[]
  readonly bytes: Uint8Array
}

export function batchOf(requests: readonly Request[]): Batch {
  return { requests, bytes: encodeRequests(requests) }
}

/** A batch of writes through the seam. What did not succeed, by its number. */
export async function exchangeWrites(
  session: Session,
  { requests, bytes }: Batch,
): Promise<ReadonlyMap<number, { readonly request: Request; readonly reply: Reply }>> {
  const buffer = await session.request(bytes)
  const failed = new Map<number, { request: Request; reply: Reply }>()
  if (!isTraced() && buffer === null) return failed
  for (const [i, reply] of understand(buffer, requests).entries()) {
    if (reply.error !== 0) failed.set(i, { request: requests[i] as Request, reply })
  }
  return failed
}

function decode(buffer: ArrayBuffer | null, requests: number): readonly Reply[] {
  // No reply at all: the thread had no memory for it.
  if (buffer?.byteLength === 0) {
    const lost: Reply = { ...nothingRead, error: constants.errno.ENOMEM, stage: Stage.answer }
    return Array<Reply>(requests).fill(lost)
  }
  return decodeReplies(buffer, requests)
}
