import type { Verdict } from './check.js'
import { verdictOfAbort } from './verdict.js'

/** Ends a check, once, with the first verdict. */
export type Done = (verdict: Verdict) => void

/**
 * Runs one attempt until it is done or `signal` fires, whichever is first, and then releases it.
 * `attempt` begins the work, and returns how to release it; it must not be done before it returns.
 */
export function settle(signal: AbortSignal, attempt: (done: Done) => () => void): Promise<Verdict> {
  if (signal.aborted) return Promise.resolve(verdictOfAbort(signal))
  return new Promise((resolve) => {
    const release = attempt(done)
    signal.addEventListener('abort', aborted)
    function aborted(): void {
      done(verdictOfAbort(signal))
    }
    function done(verdict: Verdict): void {
      signal.removeEventListener('abort', aborted)
      release()
      resolve(verdict)
    }
  })
}
