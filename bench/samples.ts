/** What was measured: one value a round. */
import type { Rounds } from './statistics.js'
import type { Name, Workload } from './workloads.js'

/** A value that was measured in one round, in microseconds unless its measure says otherwise. */
export interface Sample {
  readonly workload: Workload
  readonly case: string
  /** Which of the values of the workload: add, p50, read and so on. */
  readonly measure: string
  readonly contestant: Name
  readonly round: number
  readonly value: number
}

/** All rounds of one value. */
export interface Series extends Omit<Sample, 'round' | 'value'> {
  readonly rounds: Rounds
}

/** Which series; what is left out is any. */
export type Which = Partial<Omit<Series, 'rounds'>>

/** In the order of their first samples. */
export function seriesOf(samples: readonly Sample[]): readonly Series[] {
  const found = new Map<string, { series: Omit<Sample, 'round' | 'value'>; rounds: (number | null)[] }>()
  for (const { round, value, ...series } of samples) {
    const key = Object.values(series).join('|')
    const one = found.get(key) ?? { series, rounds: [] }
    while (one.rounds.length < round) one.rounds.push(null)
    one.rounds[round] = value
    found.set(key, one)
  }
  return [...found.values()].map(({ series, rounds }) => ({ ...series, rounds }))
}

export function find(all: readonly Series[], which: Which): readonly Series[] {
  const wanted = Object.entries(which)
  return all.filter((series) => wanted.every(([key, value]) => series[key as keyof Series] === value))
}
