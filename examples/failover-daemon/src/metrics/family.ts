/** Metrics that are made anew of what is so at each scrape: what is gone leaves no series. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Table } from 'ipvs'
import type { Status } from '../status-schema.js'
import type { Totals } from './ip-vs-stats.js'

/** What they are made of. */
export interface View {
  readonly status: Status
  /** As it was last read. */
  readonly table: Table
  /** Of all services together; undefined where the kernel does not tell. */
  readonly totals: Totals | undefined
}

/** A value and what it is of. A label that is missing is none. */
export type Sample = readonly [value: number, labels: Readonly<Record<string, string>>]

/** One metric. */
export interface Family {
  readonly name: string
  readonly type: 'gauge' | 'counter'
  /** One sentence: docs/metrics.md has the same. */
  readonly help: string
  readonly labels: readonly string[]
  readonly samples: (view: View) => Iterable<Sample>
}

/** So many lines are written in one turn of the event loop: some milliseconds, of tens of thousands altogether. */
const linesPerTurn = 1000

/**
 * The text of it. Not by prom-client: of 10,000 servers that holds up everything else for most of a second, and takes three times as long.
 */
export async function familyText({ name, type, help, samples }: Family, view: View): Promise<string> {
  const turns: string[] = []
  let lines = [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]
  for (const [value, labels] of samples(view)) {
    lines.push(`${name}${labelsText(labels)} ${value}`)
    if (lines.length < linesPerTurn) continue
    turns.push(lines.join('\n'))
    lines = []
    await nextTurn()
  }
  return [...turns, ...(lines.length > 0 ? [lines.join('\n')] : [])].join('\n')
}

function labelsText(labels: Sample[1]): string {
  let text = ''
  for (const name in labels) text += `${text === '' ? '{' : ','}${name}="${escaped(labels[name] ?? '')}"`
  return text === '' ? '' : `${text}}`
}

const escaped = (value: string) =>
  /[\\"\n]/.test(value) ? value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n') : value
