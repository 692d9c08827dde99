/** Micro-batching: what is pushed in one turn goes out together, one batch in flight, in order. Knows nothing of IPVS. */

/** Carries out items in order and gives one result for each; no promise where they are there already. */
export type Carry<T, R> = (items: readonly T[]) => readonly R[] | Promise<readonly R[]>
/** The same, always later. */
export type Send<T, R> = (items: readonly T[]) => Promise<readonly R[]>

/** How a call waits for its turn. */
export interface Waiting {
  /** An abort withdraws the call while it waits. */
  readonly signal?: AbortSignal | undefined
  /** What the call is rejected with when the queue is closed. */
  readonly closed: () => Error
}

/** A call that goes out together with its neighbours. Ten thousand may wait: it holds what it needs, and no promise but its caller's. */
export interface Call<T, R> extends Waiting {
  /** They stay together and in order. */
  readonly items: readonly T[]
  /** The results of the batch that they went out with: its own stand from `start` on. */
  take(results: readonly R[], start: number): void
  reject(reason: unknown): void
}

export interface Queue<T, R> {
  enter(call: Call<T, R>): void
  /** The same for a promise. */
  push(items: readonly T[], waiting: Waiting): Promise<readonly R[]>
  /** Runs `work` alone: nothing else of this queue goes out between what it sends. */
  exclusive<V>(work: (send: Send<T, R>) => Promise<V>, waiting: Waiting): Promise<V>
  /** Rejects everything that waits, and every later push; resolves when the batch in flight is done. */
  close(): Promise<void>
}

/** A job that goes out by itself. */
interface Work extends Waiting {
  readonly items?: undefined
  /** Does all its work and settles the job. Never rejects. */
  run(): Promise<void>
  reject(reason: unknown): void
}
type Job<T, R> = Call<T, R> | Work

const soon = Promise.resolve()

export function createQueue<T, R>(carry: Carry<T, R>, maxItems: number): Queue<T, R> {
  let jobs: Job<T, R>[] = []
  // One listener for each signal, however many calls wait under it: from the eleventh on Node warns of a leak.
  const waitingUnder = new Map<AbortSignal, number>()
  let busy = false
  let closed = false
  /** Who waits for the end of what is in hand. */
  let onIdle: (() => void) | undefined

  function enter(job: Job<T, R>): void {
    const { signal } = job
    if (closed) return job.reject(job.closed())
    if (signal?.aborted) return job.reject(signal.reason)
    jobs.push(job)
    if (signal) {
      const others = waitingUnder.get(signal) ?? 0
      waitingUnder.set(signal, others + 1)
      if (others === 0) signal.addEventListener('abort', withdraw)
    }
    if (busy) return
    busy = true
    // In a microtask, so that the rest of this turn's calls joins the first batch. A fraction of what queueMicrotask() takes.
    void soon.then(next)
  }

  /** The first ones, which wait no longer. */
  function leave(count: number): readonly Job<T, R>[] {
    const left = count === jobs.length ? jobs : jobs.splice(0, count)
    if (left === jobs) jobs = []
    for (const { signal } of left) if (signal) forget(signal, 1)
    return left
  }

  function forget(signal: AbortSignal, count: number): void {
    const others = (waitingUnder.get(signal) ?? 0) - count
    if (others > 0) {
      waitingUnder.set(signal, others)
    } else {
      waitingUnder.delete(signal)
      signal.removeEventListener('abort', withdraw)
    }
  }

  function withdraw({ target }: Event): void {
    const withdrawn = jobs.filter(({ signal }) => signal === target)
    jobs = jobs.filter(({ signal }) => signal !== target)
    forget(target as AbortSignal, withdrawn.length)
    for (const job of withdrawn) job.reject(job.signal?.reason)
  }

  /** Goes on for as long as results are there at once. */
  function next(): void {
    for (;;) {
      const [job] = jobs
      if (!job) {
        busy = false
        onIdle?.()
        return
      }
      if (!job.items) {
        leave(1)
        void job.run().then(next)
        return
      }
      const batch = takeBatch()
      const results = sendTogether(batch)
      if (results instanceof Promise) {
        results.then(
          (found) => {
            settle(batch, found)
            next()
          },
          (reason: unknown) => {
            refuse(batch, reason)
            next()
          },
        )
        return
      }
      if (results) settle(batch, results)
    }
  }

  /** undefined: they are refused. */
  function sendTogether(batch: readonly Call<T, R>[]): ReturnType<Carry<T, R>> | undefined {
    const [first, second] = batch
    const items = first && !second ? first.items : itemsOf(batch)
    try {
      return items.length > 0 ? carry(items) : []
    } catch (reason) {
      refuse(batch, reason)
      return undefined
    }
  }

  function itemsOf(batch: readonly Call<T, R>[]): readonly T[] {
    const items: T[] = []
    for (const call of batch) for (const item of call.items) items.push(item)
    return items
  }

  function settle(batch: readonly Call<T, R>[], results: readonly R[]): void {
    let start = 0
    for (const call of batch) {
      call.take(results, start)
      start += call.items.length
    }
  }

  function refuse(batch: readonly Call<T, R>[], reason: unknown): void {
    for (const call of batch) call.reject(reason)
  }

  /** The first job, which is a call, with those behind it that fit into the same batch. */
  function takeBatch(): readonly Call<T, R>[] {
    let calls = 0
    let items = 0
    for (const job of jobs) {
      if (!job.items || (calls > 0 && items + job.items.length > maxItems)) break
      items += job.items.length
      calls++
    }
    return leave(calls) as readonly Call<T, R>[]
  }

  return {
    enter,
    push: (items, { signal, closed }) =>
      new Promise((resolve, reject) => {
        const take = (results: readonly R[], start: number) => resolve(results.slice(start, start + items.length))
        enter({ items, signal, closed, take, reject })
      }),
    exclusive: (work, { signal, closed }) =>
      new Promise((resolve, reject) => {
        const run = () => work(async (items) => carry(items)).then(resolve, reject)
        enter({ run, signal, closed, reject })
      }),
    async close() {
      closed = true
      for (const job of leave(jobs.length)) job.reject(job.closed())
      if (!busy) return
      await new Promise<void>((resolve) => (onIdle = resolve))
      // Whose calls were in hand hears of them first.
      await new Promise(setImmediate)
    },
  }
}
