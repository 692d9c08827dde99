import type { Check, Target, Verdict } from './check.js'
import type { Clock } from './clock.js'
import type { Controllers } from './controllers.js'
import type { StallDetector } from './stall.js'
import { messageOf, verdictOf, verdictOfAbort } from './verdict.js'

/** What every run of a monitor shares. */
export interface RunContext<T extends Target> {
  readonly clock: Clock
  readonly stalls: StallDetector
  readonly check: Check<T>
  readonly controllers: Controllers
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
 * Runs a check once. The deadline is total, and enforced here, outside the check: then the verdict is a timeout, unless the check
 * settles at once with what it knows better. What it gives later is ignored.
 */
export function startRun<T extends Target>(context: RunContext<T>, target: T): Run {
  const { clock, stalls, check, controllers, timeoutMs } = context
  const startedAt = clock.now()
  const controller = controllers.take()
  const unwatch = stalls.watch()
  let settled = false
  const ended = new Promise<RunEnd>((resolve) => {
    let late = false
    function end(verdict: Verdict): void {
      if (settled) return
      settled = true
      cancelDeadline()
      // Only a failure is doubted: what passed has passed, however late it was seen.
      const doubtful = verdict.outcome === 'fail' && (late || stalls.stalledSince(startedAt))
      unwatch()
      controllers.giveBack(controller)
      resolve({ verdict: doubtful ? stalled : verdict, latencyMs: clock.now() - startedAt })
    }
    const cancelDeadline = clock.after(timeoutMs, () => {
      late = clock.now() - startedAt - timeoutMs > stalls.limitMs
      // An answer that came in time may still wait behind this timer.
      clock.afterPendingIo(() => {
        if (settled) return
        controller.abort(new DOMException(`The check took longer than ${timeoutMs} ms`, 'TimeoutError'))
        clock.afterPendingIo(() => end(verdictOfAbort(controller.signal)))
      })
    })
    void verdictFrom(check, target, controller.signal).then(end)
  })
  return {
    ended,
    withdraw() {
      if (!settled) controller.abort()
    },
  }
}

/**
 * The verdict of a check. What it throws is inconclusive, for what it knows of the target belongs into a verdict; once its signal
 * has fired, a throw says no more than that.
 */
export async function verdictFrom<T extends Target>(check: Check<T>, target: T, signal: AbortSignal): Promise<Verdict> {
  try {
    return verdictOf(await check(target, signal))
  } catch (error) {
    return signal.aborted
      ? verdictOfAbort(signal)
      : { outcome: 'inconclusive', reason: 'local', detail: messageOf(error) }
  }
}
