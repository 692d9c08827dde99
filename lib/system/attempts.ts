import { constants } from 'node:os'
import { type IpAddress, formatAddress, isUnspecified } from '../address.js'
import { AF_INET } from '../records.js'
import { type Connects, type SystemError, endedBytes, systemError } from '../system.js'

/** How an attempt to connect has ended. */
export interface ConnectEnd {
  /** Why there was no connection, a SystemError or the signal's reason; undefined where there was one. */
  readonly error?: unknown
  /** Where there was none: the address that the kernel sent from; undefined if it refused to send anything. */
  readonly from?: string | undefined
}

/** Where to. */
export interface Endpoint extends IpAddress {
  /** The address as it was given. */
  readonly text: string
  readonly port: number
}

/** An attempt under way. */
interface Attempt {
  readonly id: number
  readonly to: Endpoint
  readonly signal: AbortSignal
  readonly aborted: () => void
  readonly resolve: (end: ConnectEnd) => void
}

const accepted: ConnectEnd = {}
/** An id is a slot, and how many attempts have had one before: a late word of an earlier one must not end another. */
const mostSlots = 2 ** 20
const rounds = 2 ** 12

/** The attempts of one object of the addon. */
export class Attempts {
  readonly #connects: Connects
  /**
   * By slot. No Map: one that is filled and emptied all the time replaces its table again and again, and a table that was replaced and is
   * old keeps the next one, with what was in it, from V8's young collector. Measured: half a kilobyte of each attempt.
   */
  readonly #slots: (Attempt | undefined)[] = []
  readonly #free: number[] = []
  #round = 0

  constructor(connects: Connects) {
    this.#connects = connects
    connects.ended = (records) => this.#ended(records)
  }

  connect(to: Endpoint, signal: AbortSignal): Promise<ConnectEnd> {
    const slot = this.#free.pop() ?? this.#slots.length
    this.#round = (this.#round + 1) % rounds
    const id = this.#round * mostSlots + slot
    const errno = this.#connects.start(id, to.family === AF_INET ? 4 : 6, to.address, to.port)
    if (errno !== 0) {
      this.#release(slot)
      return Promise.resolve({ error: refused(errno, to) })
    }
    return new Promise((resolve) => {
      const aborted = (): void => this.#cancel(id, signal.reason)
      signal.addEventListener('abort', aborted)
      this.#slots[slot] = { id, to, signal, aborted, resolve }
    })
  }

  /** Ends all that are under way. */
  close(): void {
    for (const attempt of this.#slots)
      if (attempt !== undefined) this.#cancel(attempt.id, refused(constants.errno.ECANCELED, attempt.to))
    this.#connects.close()
  }

  #release(slot: number): void {
    this.#slots[slot] = undefined
    this.#free.push(slot)
  }

  #cancel(id: number, error: unknown): void {
    this.#settle(id, (attempt) => ({ error, from: sourceOf(attempt, this.#connects.cancel(id)) }))
  }

  #ended(records: Uint8Array): void {
    const view = new DataView(records.buffer)
    for (let at = 0; at < records.length; at += endedBytes) {
      const errno = view.getInt32(at + 4, littleEndian)
      this.#settle(view.getUint32(at, littleEndian), (attempt) =>
        errno === 0
          ? accepted
          : {
              error: refused(errno, attempt.to),
              from: sourceOf(attempt, records.subarray(at + 8, at + endedBytes)),
            },
      )
    }
  }

  #settle(id: number, endOf: (attempt: Attempt) => ConnectEnd): void {
    const slot = id % mostSlots
    const attempt = this.#slots[slot]
    if (attempt?.id !== id) return
    this.#release(slot)
    attempt.signal.removeEventListener('abort', attempt.aborted)
    attempt.resolve(endOf(attempt))
  }
}

/** The error of a connection that there is not. */
export function refused(errno: number, { family, text, port }: Endpoint): SystemError {
  const closed = errno === constants.errno.ECANCELED ? ': the Connector is closed; openConnector() a new one' : ''
  return systemError('connect', errno, `${family === AF_INET ? text : `[${text}]`}:${port}${closed}`)
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** Zeros where the kernel has chosen none. */
function sourceOf({ to: { family } }: Attempt, address: Uint8Array): string | undefined {
  const from = { family, address }
  return isUnspecified(from) ? undefined : formatAddress(from)
}
