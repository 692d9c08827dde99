/** The log: JSON lines that never hold up the failover, whatever their reader does. */
import { constants, fstatSync, openSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { isatty } from 'node:tty'
import { pino } from 'pino'

/** What the daemon needs of a logger; pino's has it. */
export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** A log and its end. */
export interface OpenLog {
  readonly log: Log
  /** Waits until the lines are written, but not long: perhaps nobody reads any more. */
  readonly end: () => Promise<void>
}

/** As much waits for a reader that stalls; further lines are dropped, and counted. */
const MAX_WAITING_BYTES = 1 << 20
const RETRY_MS = 20
const END_MS = 1000

/** A log on a descriptor. A line is written at once; a reader that is slow or gone costs lines, nothing else. */
export function openLog(fd: number): OpenLog {
  const lines = new Lines(nonBlocking(fd), (dropped) => log.warn({ dropped }, 'log lines were dropped'))
  const log = pino({ base: { pid: process.pid }, timestamp: () => `,"time":"${new Date().toISOString()}"` }, lines)
  return { log, end: () => lines.end() }
}

/**
 * Writes lines in their order, and keeps what the descriptor does not take yet. pino's own destination is not used: one that does
 * not sleep while a pipe is full writes from other threads, and at the exit waits for ever for what nobody reads.
 */
class Lines {
  readonly #fd: number
  readonly #onDropped: (lines: number) => void
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #dropped = 0
  #retry: NodeJS.Timeout | undefined

  constructor(fd: number, onDropped: (lines: number) => void) {
    this.#fd = fd
    this.#onDropped = onDropped
  }

  write(text: string): void {
    const line = Buffer.from(text)
    if (this.#waitingBytes + line.length > MAX_WAITING_BYTES) this.#dropped++
    else {
      this.#waiting.push(line)
      this.#waitingBytes += line.length
    }
    if (this.#retry === undefined) this.#flush()
  }

  async end(): Promise<void> {
    const deadline = performance.now() + END_MS
    while (this.#waiting.length > 0 && performance.now() < deadline) await sleep(RETRY_MS)
    clearTimeout(this.#retry)
  }

  #flush(): void {
    this.#retry = undefined
    try {
      for (let line = this.#waiting[0]; line !== undefined; line = this.#waiting[0]) {
        const written = writeSync(this.#fd, line)
        this.#waitingBytes -= written
        if (written < line.length) this.#waiting[0] = line.subarray(written)
        else this.#waiting.shift()
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
        this.#retry = setTimeout(() => this.#flush(), RETRY_MS)
        return
      }
      // The reader has gone, or the disk is full: the servers still need their director. The next line tries again.
      this.#dropped += this.#waiting.length
      this.#waiting = []
      this.#waitingBytes = 0
      return
    }
    const dropped = this.#dropped
    this.#dropped = 0
    if (dropped > 0) this.#onDropped(dropped)
  }
}

/** The descriptor, or another of the same terminal, on which a write fails with EAGAIN instead of waiting. Files never wait. */
function nonBlocking(fd: number): number {
  const stat = fstatSync(fd)
  // Node has no fcntl(), but its sockets set O_NONBLOCK; this one is not used for anything else.
  if (stat.isFIFO() || stat.isSocket()) new Socket({ fd, readable: false })
  return isatty(fd)
    ? openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
    : fd
}
