import type { Cancel, Clock } from './clock.js'

/**
 * Notices when the event loop stood still (a long computation, a suspended process): a target that seemed to fail meanwhile
 * may have answered long ago. It ticks only while someone watches. One stall is remembered, the last: an earlier one that
 * also began within a check is followed by a later one only if the check still runs, and that one counts as well.
 */
export class StallDetector {
  readonly limitMs: number
  readonly #clock: Clock
  #watchers = 0
  #cancelTick: Cancel | undefined
  #tickDueAt = 0
  #last = { from: -Infinity, to: -Infinity }

  /** Stalls of up to `limitMs` are normal. */
  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock
    this.limitMs = limitMs
  }

  /** To be called when a check starts; gives what to call when it has ended. */
  watch(): () => void {
    if (this.#watchers++ === 0) this.#tick()
    return () => {
      if (--this.#watchers === 0) this.#cancelTick?.()
    }
  }

  /** Whether the loop stood still for longer than the limit at any time since then. Only while watched. */
  stalledSince(startedAt: number): boolean {
    // The last tick may be overdue without having fired yet: I/O is seen to before timers.
    const stalls = [this.#last, { from: this.#tickDueAt, to: this.#clock.now() }]
    return stalls.some(({ from, to }) => to - Math.max(from, startedAt) > this.limitMs)
  }

  #tick(): void {
    const periodMs = this.limitMs / 4
    this.#tickDueAt = this.#clock.now() + periodMs
    this.#cancelTick = this.#clock.after(periodMs, () => {
      const stall = { from: this.#tickDueAt, to: this.#clock.now() }
      if (stall.to - stall.from > this.limitMs) this.#last = stall
      this.#tick()
    })
  }
}
