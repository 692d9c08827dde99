/** README's table: how many times as fast as each peer this library is, as medians of the ratios of each round. */
import { find } from './samples.js'
import { median, ratios } from './statistics.js'
import type { Results } from './results.js'
import type { Name, Workload } from './workloads.js'

const begin = '<!-- bench/results.json, by npm run bench -- --write -->'
const end = '<!-- end -->'

const peers = ['d', 'libnl', 'restore', 'keepalived', 'fork'] as const
const columns = ['C, raw and batched', 'C on libnl', '`ipvsadm -R`', 'keepalived', '`ipvsadm` per change']

interface Row {
  readonly title: string
  readonly workload: Workload
  readonly case: string
  readonly measure: string
  readonly contestant: Name
}
const row = (title: string, workload: Workload, name: string, measure: string, contestant: Name = 'ours'): Row => ({
  title,
  workload,
  case: name,
  measure,
  contestant,
})
const rows: readonly Row[] = [
  row('1,000 × 10 applied from nothing', 'W4', '1,000 × 10', 'add'),
  row('1,000 destinations added to a service', 'W1', '1,000 destinations', 'add'),
  row('10,000 destinations added to a service', 'W1', '10,000 destinations', 'add'),
  row('table read, 1 × 1,000', 'W3', '1 × 1,000', 'read'),
  row('table read, 1,000 × 10', 'W3', '1,000 × 10', 'read'),
  row('table read, 100 × 100', 'W3', '100 × 100', 'read'),
  row('one weight changed', 'W2', 'one weight', 'p50'),
  row('the same on the calling thread', 'W2', 'one weight', 'p50', 'here'),
]

/** The table with what it is about; what stands between README's marks. */
export function readmeTable({ date, kernel, series }: Results): string {
  const cells = rows.map(({ title, ...which }) => {
    const [ours] = find(series, which)
    return [
      title,
      ...peers.map((contestant) => {
        const [other] = find(series, { ...which, contestant })
        return ours && other ? times(median(ratios(other.rounds, ours.rounds))) : ''
      }),
    ]
  })
  const lines = table([[`Linux ${kernel}, ${date}: times as fast as`, ...columns], ...cells])
  return `${begin}\n\n${lines.join('\n')}\n\n${end}`
}

/** README with this table. */
export function withTable(readme: string, results: Results): string {
  const [start, stop] = [readme.indexOf(begin), readme.indexOf(end)]
  if (start < 0 || stop < start)
    throw new Error(`README.md: expected '${begin}' and '${end}', found them not; add them`)
  return readme.slice(0, start) + readmeTable(results) + readme.slice(stop + end.length)
}

function times(ratio: number): string {
  if (ratio >= 100) return Number(ratio.toPrecision(2)).toLocaleString('en')
  return ratio.toPrecision(2)
}

/** As prettier aligns it. */
function table([head = [], ...body]: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((_, i) => Math.max(3, ...[head, ...body].map((cells) => cells[i]?.length ?? 0)))
  const line = (cells: readonly string[]) => {
    const padded = cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
    return `| ${padded.join(' | ')} |`
  }
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), line(rule), ...body.map(line)]
}
