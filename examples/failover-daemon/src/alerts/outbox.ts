/** A bounded queue before one sink: who puts something in never waits, whatever the sink does. */
import type { Episodes } from '../episodes.js'
import type { Alert } from './events.js'
import type { Sink } from './sinks.js'

/** Time, as far as alerts need it. */
export interface Clock {
  now(): number
  /** Calls once after so many milliseconds, unless it is taken back by what it returns. */
  after(ms: number, call: () => void): () => void
}

const MAX_WAITING = 1000
const RETRY_MS = 5000
const MAX_RETRY_MS = 300_000

export class Outbox {
  readonly #sink: Sink
  readonly #episodes: Episodes
  readonly #clock: Clock
  #waiting: Alert[] = []
  #dropped = 0
  #failures = 0
  #cancel: (() => void) | undefined
  #sending: Promise<void> | undefined
  #closed = false

  constructor(sink: Sink, episodes: Episodes, clock: Clock) {
    this.#sink = sink
    this.#episodes = episodes
    this.#clock = clock
  }

  /** Of too many the newest are kept, and the others counted. */
  push(alert: Alert): void {
    if (this.#closed) return
    this.#waiting.push(alert)
    this.#trim()
    this.#plan(this.#sink.digestMs)
  }

  /** Sends at once what waits, without another try, and waits for that. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancel?.()
    await this.#sending
    while (this.#waiting.length > 0) await this.#send()
  }

  #trim(): void {
    const excess = this.#waiting.length - MAX_WAITING
    if (excess <= 0) return
    this.#waiting.splice(0, excess)
    this.#dropped += excess
  }

  #plan(ms: number): void {
    if (this.#cancel !== undefined || this.#sending !== undefined) return
    this.#cancel = this.#clock.after(ms, () => {
      this.#cancel = undefined
      this.#sending = this.#send().then(() => {
        this.#sending = undefined
        if (this.#closed || this.#waiting.length === 0) return
        const retry = Math.min(RETRY_MS * 2 ** (this.#failures - 1), MAX_RETRY_MS)
        this.#plan(this.#failures > 0 && this.#sink.retries ? retry : this.#sink.digestMs)
      })
    })
  }

  async #send(): Promise<void> {
    const batch = this.#waiting.splice(0, this.#sink.batch)
    const dropped = this.#dropped
    this.#dropped = 0
    try {
      await this.#sink.send(batch, dropped)
      this.#failures = 0
      this.#episodes.report(this.#sink.name, [])
    } catch (error) {
      this.#failures++
      this.#dropped += dropped
      if (this.#sink.retries && !this.#closed) {
        this.#waiting.unshift(...batch)
        this.#trim()
      }
      this.#episodes.report(this.#sink.name, [{ error: error instanceof Error ? reason(error) : String(error) }])
    }
  }
}

/** fetch() says only that it failed; why is its cause. */
const reason = ({ message, cause }: Error) => (cause instanceof Error ? `${message}: ${cause.message}` : message)
