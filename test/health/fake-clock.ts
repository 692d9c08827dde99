import { setImmediate as turn } from 'node:timers/promises'
import type { Cancel, Clock } from '../../lib/health/clock.js'

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/** A clock that stands still unless told to go. */
export class FakeClock implements Clock {
  #now = 0
  #timers: Timer[] = []
  /** What random() gives. */
  chance = 0

  now(): number {
    return this.#now
  }

  after(delayMs: number, callback: () => void): Cancel {
    const timer = { at: this.#now + delayMs, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  afterPendingIo(callback: () => void): void {
    this.after(0, callback)
  }

  random(): number {
    return this.chance
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.length
  }

  /** Lets time pass: every timer fires on time, and what it sets off comes to rest before the next. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    for (;;) {
      await turn()
      const next = this.#first()
      if (next === undefined || next.at > until) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#now = Math.max(this.#now, next.at)
      next.callback()
    }
    this.#now = Math.max(this.#now, until)
  }

  #first(): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) if (first === undefined || timer.at < first.at) first = timer
    return first
  }

  /** The event loop stands still: time passes and no timer fires. */
  stall(ms: number): void {
    this.#now += ms
  }
}
