import { checkedNumber, checkedRecord, wrongType, wrongValue } from './arguments.js'
import type { Check, Target, Verdict } from './check.js'
import type { Health, Thresholds, Timing } from './state.js'

/** What a monitor does, and how often. */
export interface MonitorOptions<T extends Target> {
  /** What to do to each target, `tcp()` or `http()` for instance. */
  readonly check: Check<T>
  /** Milliseconds from the start of one check of a target to the start of the next, 1 to 86400000. @default 2000 */
  readonly intervalMs?: number | undefined
  /**
   * The same while a target's state is unsure: unknown, or a streak against it has begun; and once after an inconclusive
   * verdict. 1 to intervalMs.
   * @default 200, or intervalMs if that is less
   */
  readonly fastIntervalMs?: number | undefined
  /** Milliseconds that a whole check may take, 1 to 86400000. @default 1000 */
  readonly timeoutMs?: number | undefined
  /**
   * Milliseconds by which an interval may be shorter, at random, 0 to intervalMs. Never longer. Also the time over which the
   * first checks are spread. Unless it is 0, a target's first interval may be shorter by any part, so that those that are added together are
   * not checked together ever after. @default a tenth of intervalMs
   */
  readonly jitterMs?: number | undefined
  /** Consecutive passes before up, 1 to 1000. @default 2 */
  readonly rise?: number | undefined
  /** Consecutive failures before down, 1 to 1000. @default 3 */
  readonly fall?: number | undefined
  /**
   * Whether to hold an idle TCP connection to each target that is up. When its process dies, its kernel ends the connection, which
   * sets off checks 20 ms later, without delay until the target is down, or passes: so the death is seen at once, whatever
   * intervalMs. A server that closes idle connections costs a check more each time, once in five minutes in the end. Takes a
   * file descriptor for each target.
   * @default false
   */
  readonly tripwire?: boolean | undefined
  /**
   * Hears each verdict and the milliseconds that it took, also those that change nothing; before the change that one makes. Must not
   * throw.
   * @default nobody
   */
  readonly onVerdict?: ((target: T, verdict: Verdict, latencyMs: number) => void) | undefined
  /** The state of a target that is new to the monitor, before its first check. @default unknown */
  readonly initial?: ((target: T) => 'up' | 'down' | 'unknown') | undefined
}

/** The options, complete and valid. */
export interface CheckedMonitorOptions<T extends Target> extends Timing, Thresholds {
  readonly check: Check<T>
  readonly timeoutMs: number
  readonly tripwire: boolean
  readonly onVerdict: (target: T, verdict: Verdict, latencyMs: number) => void
  readonly initial: (target: T) => Health['state']
}

const day = 86_400_000

/** The options with their defaults. Throws for a wrong one. */
export function checkedMonitorOptions<T extends Target>(options: MonitorOptions<T>): CheckedMonitorOptions<T> {
  const durations = ['intervalMs', 'fastIntervalMs', 'timeoutMs', 'jitterMs'] as const
  checkedRecord('options', options, ['check', ...durations, 'rise', 'fall', 'tripwire', 'onVerdict', 'initial'])
  const { check, intervalMs = 2000, timeoutMs = 1000, rise = 2, fall = 3, initial = () => 'unknown' } = options
  const { tripwire = false, onVerdict = () => {} } = options
  if (typeof onVerdict !== 'function') throw wrongType('options.onVerdict', 'a function', onVerdict)
  if (typeof tripwire !== 'boolean') throw wrongType('options.tripwire', 'true or false', tripwire)
  if (typeof check !== 'function') throw wrongType('options.check', 'a function', check)
  if (typeof initial !== 'function') throw wrongType('options.initial', 'a function', initial)
  checkedNumber('options.intervalMs', intervalMs, { min: 1, max: day })
  const { fastIntervalMs = Math.min(200, intervalMs), jitterMs = intervalMs / 10 } = options
  return {
    check,
    intervalMs,
    fastIntervalMs: checkedNumber('options.fastIntervalMs', fastIntervalMs, { min: 1, max: intervalMs }),
    timeoutMs: checkedNumber('options.timeoutMs', timeoutMs, { min: 1, max: day }),
    jitterMs: checkedNumber('options.jitterMs', jitterMs, { min: 0, max: intervalMs }),
    rise: checkedNumber('options.rise', rise, { min: 1, max: 1000, integer: true }),
    fall: checkedNumber('options.fall', fall, { min: 1, max: 1000, integer: true }),
    tripwire,
    onVerdict,
    initial(target) {
      const state: unknown = initial(target)
      if (state === 'up' || state === 'down' || state === 'unknown') return state
      throw wrongValue('the result of options.initial', "'up', 'down' or 'unknown'", state)
    },
  }
}
