import { checkedNumber } from './arguments.js'

/** How many programs run at once at most, over all the checks that are given it. */
export interface ProgramLimit {
  /** The most. */
  readonly max: number
  /**
   * Waits for a place, in turn; gives how to leave it, or undefined once `signal` has fired.
   */
  take(signal: AbortSignal): Promise<(() => void) | undefined>
}

/**
 * A limit for the checks that run programs. A check that is not begun before its deadline, since too many programs run, is
 * inconclusive, as is one that had little time left.
 *
 * Throws TypeError or RangeError for what is not 1 to 1000.
 */
export function programLimit(max: number): ProgramLimit {
  checkedNumber('max', max, { min: 1, max: 1000, integer: true })
  let free = max
  /** Those who wait, in turn. */
  const waiting = new Set<() => void>()

  function place(): () => void {
    let left = false
    return () => {
      if (left) return
      left = true
      const [next] = waiting
      if (next) next()
      else free++
    }
  }

  return {
    max,
    take(signal) {
      if (signal.aborted) return Promise.resolve(undefined)
      if (free > 0) {
        free--
        return Promise.resolve(place())
      }
      return new Promise((resolve) => {
        function end(taken: boolean): void {
          waiting.delete(begin)
          signal.removeEventListener('abort', withdraw)
          resolve(taken ? place() : undefined)
        }
        const begin = (): void => end(true)
        const withdraw = (): void => end(false)
        waiting.add(begin)
        signal.addEventListener('abort', withdraw)
      })
    },
  }
}
