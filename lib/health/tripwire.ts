import { connect } from 'node:net'
import type { Target } from './check.js'
import type { Cancel, Clock } from './clock.js'

/**
 * Opens an idle connection. `ended` is told once when the other side has ended it, or when it cannot be had; `held` is whether it
 * stood. Gives how to let go of it.
 */
export type Hold = (target: Target, ended: (held: boolean) => void) => () => void

/** More than a greeting: such a server has something to say to connections, and is left alone. */
const mostBytes = 65_536

/** By TCP. Nothing is sent, and what comes is not looked at. */
export const holdTcp: Hold = (target, ended) => {
  const socket = connect({ host: target.address, port: target.port })
  let held = false
  let bytes = 0
  function end(stood: boolean): void {
    socket.removeAllListeners('end').removeAllListeners('close').destroy()
    ended(stood)
  }
  socket.on('connect', () => (held = true))
  socket.on('data', (chunk) => {
    bytes += chunk.length
    if (bytes > mostBytes) end(false)
  })
  socket.on('error', () => {}) // 'close' follows
  socket.once('end', () => end(held))
  socket.once('close', () => end(held))
  return () => socket.removeAllListeners('end').removeAllListeners('close').destroy()
}

/**
 * How long to wait before the next connection: twice as long each time, unless the last one stood for long. And with the hint: the
 * kernel may close a dying process's connections some milliseconds before the socket that listens, to which a check still connects.
 */
export const wireTiming = { firstMs: 1_000, mostMs: 300_000, longMs: 60_000, dyingMs: 20 } as const

/**
 * An idle connection to one target, held while it is up. When the target's process dies, its kernel closes or resets the connection
 * within a round trip: a hint to check in a moment, and never more. A server that closes idle connections gives a false hint each
 * time, ever more rarely.
 */
export class Tripwire {
  readonly #clock: Clock
  readonly #hold: Hold
  readonly #target: Target
  readonly #tripped: () => void
  #waitMs: number = wireTiming.firstMs
  #letGo: (() => void) | undefined
  #cancel: Cancel | undefined
  #cancelHint: Cancel = () => {}

  constructor(clock: Clock, hold: Hold, target: Target, tripped: () => void) {
    this.#clock = clock
    this.#hold = hold
    this.#target = target
    this.#tripped = tripped
  }

  /** Holds a connection from now on, if there is none and none is waited for. */
  arm(): void {
    if (this.#letGo || this.#cancel) return
    const since = this.#clock.now()
    this.#letGo = this.#hold(this.#target, (held) => {
      this.#letGo = undefined
      const stoodLong = held && this.#clock.now() - since >= wireTiming.longMs
      this.#waitMs = stoodLong ? wireTiming.firstMs : this.#waitMs
      this.#cancel = this.#clock.after(this.#waitMs, () => {
        this.#cancel = undefined
        this.arm()
      })
      this.#waitMs = Math.min(this.#waitMs * 2, wireTiming.mostMs)
      if (held) this.#cancelHint = this.#clock.after(wireTiming.dyingMs, this.#tripped)
    })
  }

  /** Lets go of it. */
  disarm(): void {
    this.#letGo?.()
    this.#cancel?.()
    this.#cancelHint()
    this.#letGo = this.#cancel = undefined
  }
}
