import type { Verdict } from './check.js'
import { messageOf, verdictOfAbort } from './verdict.js'

/** Ends a check, once, with the first verdict. */
export type Done = (verdict: Verdict) => void

/**
 * Runs one attempt until it is done or `signal` fires, whichever is first, and then releases it.
 * `attempt` begins the work, and returns how to release it; it must not be done before it returns. `explain` has the last word on
 * the verdict, while the attempt is not released yet.
 */
export function settle(
  signal: AbortSignal,
  attempt: (done: Done) => () => void,
  explain: (verdict: Verdict) => Verdict = (verdict) => verdict,
): Promise<Verdict> {
  if (signal.aborted) return Promise.resolve(verdictOfAbort(signal))
  return new Promise((resolve) => {
    let settled = false
    const release = attempt(done)
    signal.addEventListener('abort', aborted)
    function aborted(): void {
      done(verdictOfAbort(signal))
    }
    function done(verdict: Verdict): void {
      if (settled) return
      settled = true
      signal.removeEventListener('abort', aborted)
      resolve(explain(verdict))
      release()
    }
  })
}

/** A handler in which the caller's function or expression may throw: that must not become an uncaught exception. */
export function guarded<A extends unknown[]>(done: Done, handler: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    try {
      handler(...args)
    } catch (error) {
      done({ outcome: 'inconclusive', reason: 'local', detail: messageOf(error) })
    }
  }
}
