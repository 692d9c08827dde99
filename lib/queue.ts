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

/** A job goes out by itself, or together with its neighbours when it is only items. */
interface Job<T, R> extends Waiting {
  readonly items?: readonly T[]
  /** Settles the job: with the results of `items`, or by doing all its work. Never rejects. */
  run(results: Promise<readonly R[]> | undefined): Promise<void>
  reject(reason: unknown): void
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
    try {
      while (jobs.size > 0) await runNext()
    } finally {
      draining = undefined
    }
  }

  async function runNext(): Promise<void> {
    const batch = takeBatch()
    const items = batch.flatMap((job) => job.items ?? [])
    const all = items.length > 0 ? send(items) : undefined
    let at = 0
    await Promise.all(
      batch.map((job) => {
        const start = at
        at += job.items?.length ?? 0
        const end = at
        return job.run(all?.then((results) => results.slice(start, end)))
      }),
    )
  }

  /** The first job, with those behind it that fit into the same batch. */
  function takeBatch(): Job<T, R>[] {
    const batch: Job<T, R>[] = []
    let count = 0
    for (const job of jobs) {
      if (batch.length > 0 && (!job.items || count + job.items.length > maxItems)) break
      leave(job)
      batch.push(job)
      if (!job.items) break
      count += job.items.length
    }
    return batch
  }

  function wait<V>(
    { signal, closed: closedError }: Waiting,
    makeJob: (settle: Settle<V>) => Pick<Job<T, R>, 'items' | 'run'>,
  ): Promise<V> {
    return new Promise<V>((resolve, reject) => {
      if (closed) return reject(closedError())
      if (signal?.aborted) return reject(signal.reason as Error)
      enter({ ...makeJob({ resolve, reject }), signal, closed: closedError, reject })
    })
  }

  return {
    push: (items, waiting) =>
      wait(waiting, ({ resolve, reject }) => ({
        items,
        run: async (results) => (results ?? Promise.resolve([])).then(resolve, reject),
      })),
    exclusive: (work, waiting) =>
      wait(waiting, ({ resolve, reject }) => ({ run: async () => work(send).then(resolve, reject) })),
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

interface Settle<V> {
  readonly resolve: (value: V) => void
  readonly reject: (reason: unknown) => void
}
