/** What a run prints. */
import { ratios, present, summary, type Summary } from './statistics.js'
import { contestants, jobs, type Job } from './workloads.js'
import type { Judged } from './judge.js'
import type { Series } from './samples.js'

/** A line for each contestant of each case: its value, and its speed as a part of the others'. */
export function seriesText(all: readonly Series[]): string {
  const titleOf = ({ workload, case: name, measure }: Series) => `${workload} ${name}, ${measure}`
  const titles = [...new Set(all.map(titleOf))]
  return titles
    .map((title) => {
      const group = all.filter((series) => titleOf(series) === title)
      return [title, ...group.map((series) => `  ${lineOf(series, group)}`)].join('\n')
    })
    .join('\n\n')
}

function lineOf(series: Series, group: readonly Series[]): string {
  const { contestant, rounds } = series
  const value = summary(present(rounds))
  const range = `${amount(series, value.median)} (${amount(series, value.min)} … ${amount(series, value.max)}, n ${value.n})`
  const others = group.filter((other) => other !== series && ['d', 'libnl', 'ours'].includes(other.contestant))
  const parts = others.map((other) => `${ratioText(summary(ratios(other.rounds, rounds)))} × ${other.contestant}`)
  return `${contestants[contestant].padEnd(48)} ${(range + rate(series, value)).padEnd(58)} ${parts.join('   ')}`.trimEnd()
}

/** Each target with what was measured. */
export function targetsText(judged: readonly Judged[]): string {
  const lines = judged.map(({ name, better, floor, aim, unit, measured, met }) => {
    const limit = `${better === 'more' ? '≥' : '≤'} ${floor}${aim === undefined ? '' : ` / ${aim}`} ${unit}`
    const found = measured ? `${ratioText(measured)}, n ${measured.n}` : 'not measured'
    const verdict = met === undefined ? '' : { aim: 'met', floor: 'floor met, aim not', no: 'NOT MET' }[met]
    return `  ${name.padEnd(62)} ${limit.padEnd(18)} ${found.padEnd(34)} ${verdict}`.trimEnd()
  })
  return ['Targets (floor / aim): median (range) of the rounds', ...lines].join('\n')
}

/** Rows or changes a second, where it is about so many of them. */
function rate({ workload, case: name, measure }: Series, { median }: Summary): string {
  const job = jobs.find((one) => one.workload === workload && one.case === name)
  const count = job && countOf(job, measure)
  return count === undefined ? '' : `, ${Math.round((count / median) * 1e6).toLocaleString('en')}/s`
}

/** Of how many rows or changes the duration is; undefined where it is no such duration. */
function countOf({ kind, size }: Job, measure: string): number | undefined {
  if (kind === 'servers') return size.destinations
  const rows = size.services * (size.destinations + 1)
  return ['add', 'read', 'pass', 'same'].includes(measure) ? rows : undefined
}

function amount({ workload, measure }: Series, value: number): string {
  if (workload === 'memory') return `${value.toFixed(0)} MiB`
  if (measure === 'messages') return String(value)
  if (value < 1_000) return `${value.toFixed(1)} µs`
  return value < 1e6 ? `${(value / 1e3).toFixed(1)} ms` : `${(value / 1e6).toFixed(2)} s`
}

function ratioText({ median, min, max }: Summary): string {
  return `${digits(median)} (${digits(min)} … ${digits(max)})`
}

function digits(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
