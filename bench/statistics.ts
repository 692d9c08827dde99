/** Of samples: medians, quantiles, ratios of the same round. */

/** By the nearest rank; NaN of nothing. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN
}

/** The middle one, or the mean of the two in the middle; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  const [low = NaN, high = NaN] =
    sorted.length % 2 === 1 ? [sorted[half], sorted[half]] : [sorted[half - 1], sorted[half]]
  return (low + high) / 2
}

/** What is told of a list of values. */
export interface Summary {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly n: number
}

export function summary(values: readonly number[]): Summary {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), n: values.length }
}

/** One value by round; null where there was no such round. */
export type Rounds = readonly (number | null)[]

export function present(rounds: Rounds): readonly number[] {
  return rounds.filter((value) => value !== null)
}

/** `a` divided by `b`, round by round, where both are. */
export function ratios(a: Rounds, b: Rounds): readonly number[] {
  return paired(a, b, (value, other) => value / other)
}

/** `a` less `b`, the same way. */
export function differences(a: Rounds, b: Rounds): readonly number[] {
  return paired(a, b, (value, other) => value - other)
}

function paired(a: Rounds, b: Rounds, take: (value: number, other: number) => number): readonly number[] {
  return a.flatMap((value, round) => {
    const other = b[round] ?? null
    return value === null || other === null ? [] : [take(value, other)]
  })
}
