/** The pictures of docs/speed.md: what a row costs, against how many there are. */
import { svgOf, type Line } from './plot.js'
import { find } from './samples.js'
import { median, present } from './statistics.js'
import { rowsOf } from './table.js'
import { growthSizes, nameOf, type Name } from './workloads.js'
import type { Results } from './results.js'

const forms = [
  { of: 'destinations', dashed: false, sizeOf: (n: number) => ({ services: 1, destinations: n }) },
  { of: 'services', dashed: true, sizeOf: (n: number) => ({ services: n, destinations: 1 }) },
]

/** By the name of the file in docs/. */
export function pictures(results: Results): Readonly<Record<string, string>> {
  const { kernel, date } = results
  return {
    'growth-kernel.svg': svgOf({
      title: `Applied from nothing on Linux ${kernel} (emulated), ${date}`,
      x: 'destinations of one service (line), services of one destination (dashes)',
      y: 'µs a row',
      lines: [...linesOf(results, 'ours', 'blue', 'this library'), ...linesOf(results, 'd', 'orange', 'C, batched')],
    }),
    'growth-library.svg': svgOf({
      title: `This library alone, on a faked kernel of 2 µs a message, ${date}`,
      x: 'destinations of one service (line), services of one destination (dashes)',
      y: 'µs a row',
      lines: [
        ...ownLines(results, 'add per row', 'blue', 'applied'),
        ...ownLines(results, 'read per row', 'orange', 'read'),
      ],
    }),
  }
}

function linesOf(results: Results, contestant: Name, colour: Line['colour'], name: string): readonly Line[] {
  return forms.map(({ of, dashed, sizeOf }) => ({
    name: `${name}: ${of}`,
    colour,
    dashed,
    points: growthSizes.map((n) => {
      const size = sizeOf(n)
      return [n, middle(results, nameOf(size), 'add', contestant) / rowsOf(size)] as const
    }),
  }))
}

function ownLines(results: Results, measure: string, colour: Line['colour'], name: string): readonly Line[] {
  return forms.map(({ of, dashed, sizeOf }) => ({
    name: `${name}: ${of}`,
    colour,
    dashed,
    points: growthSizes.map((n) => [n, middle(results, `faked kernel ${nameOf(sizeOf(n))}`, measure, 'ours')] as const),
  }))
}

function middle({ series }: Results, name: string, measure: string, contestant: Name): number {
  const [found] = find(series, { workload: 'growth', case: name, measure, contestant })
  if (!found)
    throw new Error(`bench/results.json: expected growth of '${name}', found none; run npm run bench -- --write`)
  return median(present(found.rounds))
}
