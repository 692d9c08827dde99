import { invalidState } from './arguments.js'

/**
 * Events for one consumer. A slow one misses intermediate events: of each key only the newest that was not taken yet is
 * kept, so the queue is never longer than there are keys.
 */
export class EventQueue<E> implements AsyncIterable<E> {
  readonly #pending = new Map<string, E>()
  #waiting: ((result: IteratorResult<E, undefined>) => void)[] = []
  #taken = false
  #ended = false

  push(key: string, event: E): void {
    const waiting = this.#waiting.shift()
    if (waiting) return waiting({ value: event, done: false })
    this.#pending.delete(key)
    this.#pending.set(key, event)
  }

  /** Takes back what was not delivered yet. */
  drop(key: string): void {
    this.#pending.delete(key)
  }

  /** Ends the iteration; what was not delivered is dropped. */
  end(): void {
    this.#ended = true
    this.#pending.clear()
    this.#release()
  }

  [Symbol.asyncIterator](): AsyncIterator<E, undefined> {
    if (this.#taken) {
      throw invalidState('This monitor is being iterated already: its events have one consumer at a time')
    }
    this.#taken = true
    let open = true
    return {
      next: () => (open ? this.#next() : Promise.resolve({ value: undefined, done: true })),
      return: () => {
        if (open) {
          open = false
          this.#taken = false
          this.#release()
        }
        return Promise.resolve({ value: undefined, done: true })
      },
    }
  }

  #next(): Promise<IteratorResult<E, undefined>> {
    if (this.#ended) return Promise.resolve({ value: undefined, done: true })
    for (const [key, value] of this.#pending) {
      this.#pending.delete(key)
      return Promise.resolve({ value, done: false })
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Ends the calls of next() that still wait. */
  #release(): void {
    for (const waiting of this.#waiting.splice(0)) waiting({ value: undefined, done: true })
  }
}
