/** What was measured, against the targets. */
import { find, type Series } from './samples.js'
import { differences, present, ratios, summary, type Summary } from './statistics.js'
import { targets, type Target } from './targets.js'

/** Whether a target is met; undefined where it was not measured. */
export interface Judged extends Target {
  readonly measured?: Summary
  readonly met?: 'aim' | 'floor' | 'no'
}

export function judge(all: readonly Series[]): readonly Judged[] {
  return targets.map((target) => {
    const values = valuesOf(target, all)
    if (!values || values.length === 0) return target
    const measured = summary(values)
    const reaches = (limit: number) => (target.better === 'more' ? measured.median >= limit : measured.median <= limit)
    return {
      ...target,
      measured,
      met: reaches(target.aim ?? target.floor) ? 'aim' : reaches(target.floor) ? 'floor' : 'no',
    }
  })
}

/** One value a round. */
function valuesOf({ of, against, as, unit }: Target, all: readonly Series[]): readonly number[] | undefined {
  const rounds = find(all, of)[0]?.rounds
  const others = against && find(all, against)[0]?.rounds
  if (!rounds || (against && !others)) return undefined
  if (as === 'speed') return ratios(others ?? [], rounds)
  if (as === 'duration') return ratios(rounds, others ?? [])
  const values = as === 'above' ? differences(rounds, others ?? []) : present(rounds)
  return unit === 'ms' ? values.map((value) => value / 1_000) : values
}
