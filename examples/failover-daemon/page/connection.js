/**
 * The stream of events, kept up for ever. It has no timer of its own: `check()` is called every second.
 * @import { Status } from '../src/status-schema.js'
 * @import { StatusChange } from '../src/web/status-change.js'
 */

/**
 * `lost`: what is shown is old.
 * @typedef {'connecting' | 'live' | 'lost'} ConnectionState
 */

/**
 * Who is told.
 * @typedef {object} Listener
 * @property {(status: Status) => void} status
 * @property {(change: StatusChange) => void} change
 * @property {(state: ConnectionState) => void} state
 */

/** EventSource by itself does not try again after an answer that is an error. */
const retryMs = 2000
/** The director says something every ten seconds. */
const silenceMs = 25_000
const closed = 2

export class Connection {
  #open
  #listener
  #now
  /** @type {EventSource | undefined} */
  #source
  /** When it was opened, was heard of, or was seen to have ended. */
  #since = 0
  #hasEnded = false
  /** When the director last said something. @type {number | undefined} */
  heard
  /** @type {ConnectionState} */
  #state = 'connecting'

  /** @param {() => EventSource} open @param {Listener} listener @param {() => number} [now] in milliseconds */
  constructor(open, listener, now = Date.now) {
    this.#open = open
    this.#listener = listener
    this.#now = now
  }

  check() {
    if (this.#source === undefined) return this.#connect()
    if (this.#source.readyState === closed && !this.#hasEnded) {
      this.#hasEnded = true
      this.#since = this.#now()
    }
    const patience = this.#hasEnded ? retryMs : silenceMs
    if (this.#now() - this.#since < patience) return
    this.#tell('lost')
    this.#connect()
  }

  #connect() {
    this.#source?.close()
    this.#since = this.#now()
    this.#hasEnded = false
    const source = this.#open()
    this.#source = source
    this.#hear(source, 'status', (data) => this.#listener.status(JSON.parse(data)))
    this.#hear(source, 'change', (data) => this.#listener.change(JSON.parse(data)))
    this.#hear(source, 'beat', () => {})
    source.addEventListener('error', () => {
      if (source === this.#source) this.#tell('lost')
    })
  }

  /** @param {EventSource} source @param {string} type @param {(data: string) => void} then */
  #hear(source, type, then) {
    source.addEventListener(type, (/** @type {MessageEvent<string>} */ { data }) => {
      if (source !== this.#source) return
      this.heard = this.#now()
      this.#since = this.heard
      then(data)
      this.#tell('live')
    })
  }

  /** @param {ConnectionState} state */
  #tell(state) {
    if (state === this.#state) return
    this.#state = state
    this.#listener.state(state)
  }
}
