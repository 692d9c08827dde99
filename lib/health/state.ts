import type { Verdict } from './check.js'

/** What is known of a target. The counts are consecutive conclusive verdicts, capped at `rise` and `fall`. */
export interface Health {
  readonly state: 'up' | 'down' | 'unknown'
  readonly passes: number
  readonly failures: number
}

/** How many consecutive verdicts make a change. */
export interface Thresholds {
  readonly rise: number
  readonly fall: number
}

/** How often to check, in milliseconds. */
export interface Timing {
  readonly intervalMs: number
  readonly fastIntervalMs: number
  readonly jitterMs: number
}

/** The health after one more verdict, and the state that it changed to, if it did. */
export function step(
  health: Health,
  verdict: Verdict,
  { rise, fall }: Thresholds,
): { readonly health: Health; readonly changed: 'up' | 'down' | undefined } {
  if (verdict.outcome === 'inconclusive') return { health, changed: undefined }
  const pass = verdict.outcome === 'pass'
  const passes = pass ? Math.min(health.passes + 1, rise) : 0
  const failures = pass ? 0 : Math.min(health.failures + 1, fall)
  const state = passes >= rise ? 'up' : failures >= fall ? 'down' : health.state
  const changed = state === 'unknown' || state === health.state ? undefined : state
  // The usual case makes nothing new: of thousands of targets it would be old before it is garbage.
  const same = state === health.state && passes === health.passes && failures === health.failures
  return { health: same ? health : { state, passes, failures }, changed }
}

/** Whether the next verdict may matter soon: the state is unknown, or a streak against it has begun. */
export function isUnsure({ state, passes, failures }: Health): boolean {
  return state === 'unknown' || (state === 'up' ? failures > 0 : passes > 0)
}

/**
 * Whether to ask again soon: an inconclusive verdict leaves the question open. Once only, lest local trouble, such as a lack
 * of descriptors, feeds itself.
 */
export function isFollowedUp(verdict: Verdict, last: Verdict | undefined): boolean {
  return verdict.outcome === 'inconclusive' && last?.outcome !== 'inconclusive'
}

/**
 * Milliseconds from the start of one check to the start of the next. `random` is from 0 to below 1.
 * Jitter only shortens: what the interval promises holds with it too.
 */
export function nextDelay(
  health: Health,
  soon: boolean,
  { intervalMs, fastIntervalMs, jitterMs }: Timing,
  random: number,
): number {
  return soon || isUnsure(health) ? fastIntervalMs : intervalMs - jitterMs * random
}

/**
 * The timing of a target's first usual interval, which ends anywhere in it: targets that were added together would be checked together
 * for many intervals, thousands of them all at once. Without jitter they shall be.
 */
export const placing = ({ intervalMs, fastIntervalMs, jitterMs }: Timing): Timing => ({
  intervalMs,
  fastIntervalMs,
  jitterMs: jitterMs > 0 ? intervalMs : 0,
})

/**
 * How many checks are still to follow at once, of those that a hint set off: as long as they fail and the target is not down.
 */
export function stillUrgent(urgent: number, verdict: Verdict, { state }: Health): number {
  return verdict.outcome === 'fail' && state !== 'down' ? Math.max(0, urgent - 1) : 0
}
