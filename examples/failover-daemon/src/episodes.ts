import type { Log } from './log.js'

/** Logs what fails once per episode instead of once per round, and that it works again. */
export class Episodes {
  readonly #log: Log
  /** By activity: what failed the last time. */
  readonly #failing = new Map<string, ReadonlySet<string>>()

  constructor(log: Log) {
    this.#log = log
  }

  /** Tells how `activity` went this time: everything that failed in it, nothing when it worked. */
  report(activity: string, failures: readonly object[]): void {
    const before = this.#failing.get(activity) ?? new Set()
    const now = new Map(failures.map((fields) => [JSON.stringify(fields), fields]))
    for (const [text, fields] of now) if (!before.has(text)) this.#log.error(fields, `${activity} failed`)
    if (now.size === 0 && before.size > 0) this.#log.info({}, `${activity} works again`)
    this.#failing.set(activity, new Set(now.keys()))
  }

  /** What fails at present, for people. */
  current(): readonly string[] {
    return [...this.#failing].filter(([, failures]) => failures.size > 0).map(([activity]) => `${activity} fails`)
  }
}
