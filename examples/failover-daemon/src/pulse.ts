/** Whether the daemon does its work: rounds that are complete tell. */

/** So many rounds may be missing. */
const patienceRounds = 3
const patienceMs = 5000

export class Pulse {
  readonly #now: () => number
  #roundAt: number | undefined

  /** @param now milliseconds of a monotonic clock */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** A round is complete: the table was read, and the kernel took what was to be written. */
  round(): void {
    this.#roundAt = this.#now()
  }

  /** What is wrong, for people, where rounds are due so often; empty when nothing is. */
  ailments(everyMs: number): readonly string[] {
    if (this.#roundAt === undefined) return ['the table was not read yet']
    const passedMs = this.#now() - this.#roundAt
    if (passedMs <= patienceRounds * everyMs + patienceMs) return []
    return [`the table was not read, or not written, for ${Math.round(passedMs / 1000)} s`]
  }
}
