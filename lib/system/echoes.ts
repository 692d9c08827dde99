import { randomBytes, randomInt } from 'node:crypto'
import { constants } from 'node:os'
import { type EchoSocket, systemError } from '../system.js'

/** What has become of an echo request. */
export interface Echo {
  /** From its sending to its answer, in milliseconds. */
  readonly latencyMs: number
}

/** An echo that nobody has answered yet. */
interface Pending {
  /** 16 bytes. */
  readonly address: Uint8Array
  /** The address as text. */
  readonly name: string
  /** What only the target and the way there have seen. */
  readonly token: Buffer
  sentAt: number
  readonly resolve: (echo: Echo) => void
  readonly reject: (error: Error) => void
}

/** In flight at once. */
export const maxEchoes = 16_384
// A socket's buffers hold some hundred packets. Between two turns what has been answered is read.
const sendsInATurn = 100

/**
 * The echoes of one socket. An answer is whose sequence number, address and token it has; what is late, or of strangers, is
 * nobody's. While one is awaited, it keeps the process alive.
 */
export class Echoes {
  readonly #socket: EchoSocket
  readonly #pending = new Map<number, Pending>()
  /** Sequence numbers of those that have not been sent yet. */
  readonly #unsent = new Set<number>()
  readonly #sequences: number
  #sequence: number
  #sentInTurn = 0
  #turn: NodeJS.Immediate | undefined

  /** There are more sequence numbers than echoes in flight. */
  constructor(socket: EchoSocket, sequences = 0x10000) {
    this.#socket = socket
    this.#sequences = sequences
    this.#sequence = randomInt(sequences)
    socket.heard = (error, sequence, address, token) => this.#hear(error, sequence, address, token)
  }

  /** Rejects with a SystemError, or with the signal's reason. */
  echo(address: Uint8Array, name: string, signal: AbortSignal): Promise<Echo> {
    if (this.#pending.size >= maxEchoes) {
      const about = `${name}, while ${maxEchoes} echoes are awaited; abort those that take too long`
      return Promise.reject(systemError('echo', constants.errno.ENOBUFS, about))
    }
    return new Promise((resolve, reject) => {
      const sequence = this.#nextSequence()
      const abort = () => this.#settle(sequence)?.reject(signal.reason as Error)
      const settled = () => signal.removeEventListener('abort', abort)
      signal.addEventListener('abort', abort)
      this.#pending.set(sequence, {
        address,
        name,
        token: randomBytes(16),
        sentAt: 0,
        resolve: (echo) => (settled(), resolve(echo)),
        reject: (error: Error) => (settled(), reject(error)),
      })
      this.#socket.hold(true)
      this.#unsent.add(sequence)
      this.#sendSome()
    })
  }

  /** Rejects what is awaited. */
  close(): void {
    for (const [sequence, { name, reject }] of [...this.#pending]) {
      this.#settle(sequence)
      reject(systemError('echo', constants.errno.ECANCELED, `${name}: the Ping was closed`))
    }
    this.#socket.close()
    clearImmediate(this.#turn)
  }

  #nextSequence(): number {
    do this.#sequence = (this.#sequence + 1) % this.#sequences
    while (this.#pending.has(this.#sequence))
    return this.#sequence
  }

  #sendSome(): void {
    for (const sequence of this.#unsent) {
      this.#turn ??= setImmediate(() => {
        this.#turn = undefined
        this.#sentInTurn = 0
        this.#sendSome()
      })
      if (this.#sentInTurn >= sendsInATurn) return
      this.#sentInTurn++
      this.#unsent.delete(sequence)
      this.#send(sequence)
    }
  }

  #send(sequence: number): void {
    const echo = this.#pending.get(sequence)
    if (!echo) return
    echo.sentAt = performance.now()
    const errno = this.#socket.send(echo.address, sequence, echo.token)
    if (errno !== 0) this.#settle(sequence)?.reject(systemError('sendto', errno, echo.name))
  }

  #hear(errno: number, sequence: number, address: Uint8Array, token: Uint8Array): void {
    const echo = this.#pending.get(sequence)
    if (!echo || !echo.address.every((byte, i) => byte === address[i])) return
    // A router may quote no more than the ICMP header in its error.
    if (!echo.token.equals(token) && !(errno !== 0 && token.length === 0)) return
    this.#settle(sequence)
    if (errno === 0) echo.resolve({ latencyMs: performance.now() - echo.sentAt })
    else echo.reject(systemError('echo', errno, echo.name))
  }

  /** Takes it out of what is awaited. */
  #settle(sequence: number): Pending | undefined {
    const echo = this.#pending.get(sequence)
    this.#pending.delete(sequence)
    this.#unsent.delete(sequence)
    if (this.#pending.size === 0) this.#socket.hold(false)
    return echo
  }
}
