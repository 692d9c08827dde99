/** Micro-batching: what is pushed in one turn goes out together, one batch in flight, in order. Knows nothing of IPVS. */

/** Carries out items in order and gives one result for each. */
export type Send<T, R> = (items: readonly T[]) => Promise<readonly R[]>

export interface Queue<T, R> {
  /** Items of one push stay together and in order. An abort withdraws them while they wait. */
  push(items: readonly T[], signal?: AbortSignal): Promise<readonly R[]>
  /** Runs `work` alone: nothing else of this queue goes out between what it sends. */
  exclusive<V>(work: (send: Send<T, R>) => Promise<V>, signal?: AbortSignal): Promise<V>
  /** Rejects everything that waits, and every later push; resolves when the batch in flight is done. */
  close(reason: () => Error): Promise<void>
}

/** A job goes out by itself, or together with its neighbours when it is only items. */
interface Job<T, R> {
  readonly items?: readonly T[]
  /** Settles the job: with the results of `items`, or by doing all its work. Never rejects. */
  run(results: Promise<readonly R[]> | undefined): Promise<void>
  reject(reason: unknown): void
  /** Called when the job leaves the queue. */
  started(): void
}

export function createQueue<T, R>(send: Send<T, R>, maxItems: number): Queue<T, R> {
  const waiting: Job<T, R>[] = []
  let draining: Promise<void> | undefined
  let closed: (() => Error) | undefined

  function enqueue(job: Job<T, R>): void {
    waiting.push(job)
    // Started in a microtask, so that the rest of this turn's calls joins the first batch.
    draining ??= Promise.resolve().then(drain)
  }

  async function drain(): Promise<void> {
    try {
      while (waiting.length > 0) await runNext()
    } finally {
      draining = undefined
    }
  }

  async function runNext(): Promise<void> {
    const batch = takeBatch()
    for (const job of batch) job.started()
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
    const batch = waiting.splice(0, 1)
    let count = batch[0]?.items?.length
    while (count !== undefined && waiting[0]?.items !== undefined && count + waiting[0].items.length <= maxItems) {
      count += waiting[0].items.length
      batch.push(...waiting.splice(0, 1))
    }
    return batch
  }

  function wait<V>(
    signal: AbortSignal | undefined,
    makeJob: (settle: Settle<V>) => Omit<Job<T, R>, 'started' | 'reject'>,
  ): Promise<V> {
    return new Promise<V>((resolve, reject) => {
      if (closed) return reject(closed())
      if (signal?.aborted) return reject(signal.reason as Error)
      const job: Job<T, R> = {
        ...makeJob({ resolve, reject }),
        reject,
        started: () => signal?.removeEventListener('abort', withdraw),
      }
      function withdraw(): void {
        waiting.splice(waiting.indexOf(job), 1)
        reject(signal?.reason as Error)
      }
      signal?.addEventListener('abort', withdraw, { once: true })
      enqueue(job)
    })
  }

  return {
    push: (items, signal) =>
      wait(signal, ({ resolve, reject }) => ({
        items,
        run: async (results) => (results ?? Promise.resolve([])).then(resolve, reject),
      })),
    exclusive: (work, signal) =>
      wait(signal, ({ resolve, reject }) => ({ run: async () => work(send).then(resolve, reject) })),
    async close(reason) {
      closed ??= reason
      for (const job of waiting.splice(0)) {
        job.started()
        job.reject(closed())
      }
      await draining
    },
  }
}

interface Settle<V> {
  readonly resolve: (value: V) => void
  readonly reject: (reason: unknown) => void
}
