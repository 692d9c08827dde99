/** All that the monitor knows of time and chance; the tests bring their own. */
export interface Clock {
  /** Milliseconds, monotonic: no change of the wall clock moves it. */
  now(): number
  /** Calls back once, this many milliseconds from now, unless cancelled. */
  after(delayMs: number, callback: () => void): Cancel
  /** Calls back once the I/O that is already waiting has been seen to. */
  afterPendingIo(callback: () => void): void
  /** From 0 to below 1. */
  random(): number
}

/** Takes a timer back; without effect once it has fired. */
export type Cancel = () => void

/** The clock of the process. Its timers keep the process alive. */
export const systemClock: Clock = {
  now() {
    return performance.now()
  },
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
  afterPendingIo(callback) {
    setImmediate(callback)
  },
  random() {
    return Math.random()
  },
}
