/** Micro-batching: what is pushed in one turn goes out together, one batch in flight, in order. Knows nothing of IPVS. */

/** Carries out items in order and gives one result for each. */
export type Send<T, R> = (items: readonly T[]) => Promise<readonly R[]>

/** How a call waits for its turn. */
export interface Waiting {
  /** An abort withdraws the call while it waits. */
  readonly signal?: AbortSignal | undefined
  /** What the call is rejected with when the queue is closed. */
  readonly closed: () => Error
}

export interface Queue<T, R> {
  /** Items of one push stay together and in order. */
  push(items: readonly T[], waiting: Waiting): Promise<readonly R[]>
  /** Runs `work` alone: nothing else of this queue goes out between what it sends. */
  exclusive<V>(work: (send: Send<T, R>) => Promise<V>, waiting: Waiting): Promise<V>
  /** Rejects everything that waits, and every later push; resolves when the batch in flight is done. */
  close(): Promise<void>
}

/** A job goes out together with its neighbours when it is items, and by itself when it is work. */
type Job<T, R> = Items<T, R> | Work
interface Items<T, R> extends Waiting, Settle<readonly R[]> {
  readonly items: readonly T[]
}
interface Work extends Waiting {
  readonly items?: undefined
  /** Does all its work and settles the job. Never rejects. */
  run(): Promise<void>
  reject(reason: unknown): void
}
interface Settle<V> {
  readonly resolve: (value: V) => void
  readonly reject: (reason: unknown) => void
}

export function createQueue<T, R>(send: Send<T, R>, maxItems: number): Queue<T, R> {
  const jobs = new Set<Job<T, R>>()
  // One listener for each signal, however many calls wait under it: from the eleventh on Node warns of a leak.
  const waitingUnder = new Map<AbortSignal, number>()
  let draining: Promise<void> | undefined
  let closed = false

  function enter(job: Job<T, R>): void {
    jobs.add(job)
    if (job.signal) {
      const others = waitingUnder.get(job.signal) ?? 0
      waitingUnder.set(job.signal, others + 1)
      if (others === 0) job.signal.addEventListener('abort', withdraw)
    }
    // Started in a microtask, so that the rest of this turn's calls joins the first batch.
    draining ??= Promise.resolve().then(drain)
  }

  function leave(job: Job<T, R>): void {
    jobs.delete(job)
    if (!job.signal) return
    const others = (waitingUnder.get(job.signal) ?? 0) - 1
    if (others > 0) {
      waitingUnder.set(job.signal, others)
    } else {
      waitingUnder.delete(job.signal)
      job.signal.removeEventListener('abort', withdraw)
    }
  }

  function withdraw({ target }: Event): void {
    for (const job of jobs) {
      if (job.signal !== target) continue
      leave(job)
      job.reject(job.signal?.reason)
    }
  }

  async function drain(): Promise<void> {
    for (const job of jobs) {
      if (job.items) {
        await sendTogether(takeBatch(job))
      } else {
        leave(job)
        await job.run()
      }
    }
    draining = undefined
  }

  async function sendTogether(batch: readonly Items<T, R>[]): Promise<void> {
    const [first, second] = batch
    const items = first && !second ? first.items : itemsOf(batch)
    let results: readonly R[]
    try {
      results = items.length > 0 ? await send(items) : []
    } catch (reason) {
      for (const job of batch) job.reject(reason)
      return
    }
    if (first && !second) return first.resolve(results)
    let end = 0
    for (const job of batch) job.resolve(results.slice(end, (end += job.items.length)))
  }

  function itemsOf(batch: readonly Items<T, R>[]): readonly T[] {
    const items: T[] = []
    for (const job of batch) for (const item of job.items) items.push(item)
    return items
  }

  /** The first job, with those behind it that fit into the same batch. */
  function takeBatch(first: Items<T, R>): readonly Items<T, R>[] {
    const batch: Items<T, R>[] = []
    let count = 0
    for (const job of jobs) {
      if (!job.items || (job !== first && count + job.items.length > maxItems)) break
      leave(job)
      batch.push(job)
      count += job.items.length
    }
    return batch
  }

  function wait<V>({ signal, closed: closedError }: Waiting, job: (settle: Settle<V>) => Job<T, R>): Promise<V> {
    return new Promise<V>((resolve, reject) => {
      if (closed) return reject(closedError())
      if (signal?.aborted) return reject(signal.reason as Error)
      enter(job({ resolve, reject }))
    })
  }

  // Field by field: spreading the objects costs more than all the rest of a push.
  return {
    push: (items, waiting) =>
      wait(waiting, ({ resolve, reject }) => ({
        items,
        signal: waiting.signal,
        closed: waiting.closed,
        resolve,
        reject,
      })),
    exclusive: (work, waiting) =>
      wait(waiting, ({ resolve, reject }) => ({
        run: () => work(send).then(resolve, reject),
        signal: waiting.signal,
        closed: waiting.closed,
        reject,
      })),
    async close() {
      closed = true
      for (const job of jobs) {
        leave(job)
        job.reject(job.closed())
      }
      await draining
    },
  }
}
