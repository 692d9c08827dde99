/** What keeps the daemon from its work: the kernel's table, and rounds that do not come. */
import type { Clock } from './clock.js'
import type { DirectorEvent } from './events.js'
import { Pulse } from './pulse.js'

export class Fitness {
  readonly #clock: Clock
  /** More patient: a round counts if the kernel took all of it. */
  readonly #pulse: Pulse
  #roundAt: number | undefined
  #lost: string | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#pulse = new Pulse(() => clock.now())
  }

  /** Whether there was a round. */
  get working(): boolean {
    return this.#roundAt !== undefined
  }

  /** A round is complete. */
  round(written: boolean): void {
    // From the first round on there is time for what the kernel refuses.
    if (written || !this.working) this.#pulse.round()
    this.#roundAt = this.#clock.now()
  }

  /** Something happened: the table could not be read, or can be again. */
  event(event: DirectorEvent): void {
    if (event.type === 'kernel') this.#lost = event.ok ? undefined : event.detail
  }

  /**
   * For people; who starts has none. Rounds are due every `everyMs`, and one that is late by `stallMs` is not coming.
   * @param stallMs @default several rounds may be missing
   */
  ailments(everyMs: number, stallMs = Infinity): readonly string[] {
    if (this.#lost !== undefined) return [this.#lost]
    if (this.#roundAt === undefined) return []
    const passedMs = this.#clock.now() - this.#roundAt
    if (passedMs > everyMs + stallMs) return [`no round for ${Math.round(passedMs / 1000)} s`]
    return this.#pulse.ailments(everyMs)
  }
}
