import type { Check, Target, Verdict } from './check.js'
import type { Clock } from './clock.js'
import type { StallDetector } from './stall.js'
import { messageOf, verdictOf } from './verdict.js'

/** What every run of a monitor shares. */
export interface RunContext<T extends Target> {
  readonly clock: Clock
  readonly stalls: StallDetector
  readonly check: Check<T>
  readonly timeoutMs: number
}

/** One check of one target, under way. */
export interface Run {
  /** Fulfils once, when the check has settled or at its deadline; never rejects. */
  readonly ended: Promise<RunEnd>
  /** Tells the check that nobody waits for its verdict any more. */
  withdraw(): void
}

/** How a run ended. */
export interface RunEnd {
  readonly verdict: Verdict
  readonly latencyMs: number
}

const stalled: Verdict = { outcome: 'inconclusive', reason: 'local', detail: 'event loop stalled' }

/**
 * Runs a check once. The deadline is total, and enforced here, outside the check: then the verdict is a timeout, whether the
 * check settles or not, and what it gives later is ignored.
 */
export function startRun<T extends Target>({ clock, stalls, check, timeoutMs }: RunContext<T>, target: T): Run {
  const startedAt = clock.now()
  const controller = new AbortController()
  const unwatch = stalls.watch()
  const ended = new Promise<RunEnd>((resolve) => {
    let settled = false
    function end(verdict: Verdict, late: boolean): void {
      if (settled) return
      settled = true
      cancelDeadline()
      // Only a failure is doubted: what passed has passed, however late it was seen.
      const doubtful = verdict.outcome === 'fail' && (late || stalls.stalledSince(startedAt))
      unwatch()
      resolve({ verdict: doubtful ? stalled : verdict, latencyMs: clock.now() - startedAt })
    }
    const cancelDeadline = clock.after(timeoutMs, () => {
      const late = clock.now() - startedAt - timeoutMs > stalls.limitMs
      // An answer that came in time may still wait behind this timer.
      clock.afterPendingIo(() => {
        end({ outcome: 'fail', reason: 'timeout' }, late)
        controller.abort(new DOMException(`The check took longer than ${timeoutMs} ms`, 'TimeoutError'))
      })
    })
    void verdictFrom(check, target, controller.signal).then((verdict) => end(verdict, false))
  })
  return { ended, withdraw: () => controller.abort() }
}

/** The verdict of a check; whatever it throws is inconclusive, for what it knows of the target belongs into a verdict. */
export async function verdictFrom<T extends Target>(check: Check<T>, target: T, signal: AbortSignal): Promise<Verdict> {
  try {
    return verdictOf(await check(target, signal))
  } catch (error) {
    return { outcome: 'inconclusive', reason: 'local', detail: messageOf(error) }
  }
}
