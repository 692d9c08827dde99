/** What the loop is to do next, and who waits for it. */
import type { Clock } from './clock.js'
import { Wake } from './wake.js'

/** Calls back every so many milliseconds until the returned function is called. */
export type Every = (ms: number, callback: () => void) => () => void

export class Agenda {
  readonly #clock: Clock
  readonly #every: Every
  readonly #wake = new Wake()
  /** Something that the policy depends on has changed since the last plan. */
  #changed = false
  #due = true
  /** Those who wait for the next full round. */
  #waiting: (() => void)[] = []
  #cancelLook = () => {}
  #stopRounds = () => {}

  constructor(clock: Clock, every: Every) {
    this.#clock = clock
    this.#every = every
  }

  get changed(): boolean {
    return this.#changed
  }

  /** A full round is to be done. */
  get due(): boolean {
    return this.#due
  }

  /** Something that the policy depends on has changed. */
  look(): void {
    this.#changed = true
    this.#wake.set()
  }

  /** The same, once it is so late and nobody says otherwise before: time alone changes what is right. */
  lookAt(at: number | undefined): void {
    this.#cancelLook()
    this.#cancelLook = at === undefined ? () => {} : this.#clock.after(at - this.#clock.now(), () => this.look())
  }

  /** A plan is made of all that is known now. */
  looked(): void {
    this.#changed = false
  }

  /** The next turn does a full round. */
  demandRound(): void {
    this.#due = true
    this.#wake.set()
  }

  /** Resolves after a full round that begins from now on, or when nothing is done any more. */
  async nextRound(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
      this.demandRound()
    })
  }

  /** From now on a full round is due as often, and `first` is called before. */
  startRounds(ms: number, first: () => void): void {
    this.#stopRounds()
    this.#stopRounds = this.#every(ms, () => {
      first()
      this.demandRound()
    })
  }

  /** Does the full round that is due. Whoever waits for it hears of its end, however it ends. */
  async round(work: () => Promise<void>): Promise<void> {
    this.#due = false
    const waiting = this.#waiting.splice(0)
    try {
      await work()
    } finally {
      for (const done of waiting) done()
    }
  }

  /** Resolves when there is something to do. */
  async wait(): Promise<void> {
    await this.#wake.wait()
  }

  wake(): void {
    this.#wake.set()
  }

  /** Nothing is done any more. */
  end(): void {
    this.#stopRounds()
    this.#cancelLook()
    for (const done of this.#waiting.splice(0)) done()
  }
}

export const everyInterval: Every = (ms, callback) => {
  const timer = setInterval(callback, ms)
  return () => clearInterval(timer)
}
