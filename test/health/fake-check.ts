import type { Check, Target, Verdict } from '../../lib/health/check.js'
import type { FakeClock } from './fake-clock.js'

export const pass: Verdict = { outcome: 'pass' }
export const refused: Verdict = { outcome: 'fail', reason: 'refused' }
export const timeout: Verdict = { outcome: 'fail', reason: 'timeout' }
export const unsure: Verdict = { outcome: 'inconclusive', reason: 'local', detail: 'too many open files' }
/** A check that never settles, whatever its signal says. */
export const never = Symbol('never')

export interface Call {
  readonly target: Target
  readonly at: number
  readonly signal: AbortSignal
  readonly settle: (verdict: Verdict) => void
}

/** A check that notes its calls, and answers each with what `answer` gives, at once or after a while. */
export function fakeCheck(
  clock: FakeClock,
  answer: (target: Target) => Verdict | typeof never = () => pass,
  delayMs = 0,
): { readonly check: Check; readonly calls: Call[]; readonly starts: (port?: number) => number[] } {
  const calls: Call[] = []
  return {
    calls,
    starts: (port) => calls.filter(({ target }) => port === undefined || target.port === port).map(({ at }) => at),
    check: (target, signal) =>
      new Promise((settle) => {
        calls.push({ target, at: clock.now(), signal, settle })
        const verdict = answer(target)
        if (verdict === never) return
        if (delayMs === 0) settle(verdict)
        else clock.after(delayMs, () => settle(verdict))
      }),
  }
}

export function target(port: number): Target {
  return { address: '192.0.2.1', port }
}

/** Disposes of a monitor, with enough time for the checks under way to come to their deadline. */
export async function dispose(clock: FakeClock, monitor: AsyncDisposable): Promise<void> {
  await Promise.all([monitor[Symbol.asyncDispose](), clock.advance(2000)])
}
