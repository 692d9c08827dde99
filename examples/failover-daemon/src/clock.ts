/** The one clock of the daemon. Monotonic: what the wall clock does changes nothing. */
export interface Clock {
  /** Milliseconds since some point in the past. */
  now(): number
  /** Calls back once, after so many milliseconds, unless it is cancelled before. */
  after(ms: number, callback: () => void): () => void
}

/** setTimeout() fires at once for more. */
const longestMs = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, Math.ceil(ms)), longestMs))
    return () => clearTimeout(timer)
  },
}
