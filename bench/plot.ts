/** Lines on two logarithmic scales, as SVG that is readable on light and on dark ground. */

export interface Line {
  readonly name: string
  readonly colour: 'blue' | 'orange'
  readonly dashed: boolean
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface Plot {
  readonly title: string
  readonly x: string
  readonly y: string
  readonly lines: readonly Line[]
}

const [width, height] = [760, 420]
const frame = { left: 70, right: 250, top: 50, bottom: 56 }
const style = `
  text { font: 13px system-ui, sans-serif; fill: #57606a }
  .title { font-size: 15px; font-weight: 600; fill: #24292f }
  .grid { stroke: #8c959f; stroke-opacity: 0.35 }
  .line { fill: none; stroke-width: 2 }
  .dashed { stroke-dasharray: 6 4 }
  .blue { stroke: #0969da } .orange { stroke: #bc4c00 }
  text.blue { fill: #0969da; stroke: none } text.orange { fill: #bc4c00; stroke: none }
  circle.blue { fill: #0969da } circle.orange { fill: #bc4c00 }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1 } .title { fill: #f0f6fc }
    .blue { stroke: #58a6ff } .orange { stroke: #f0883e }
    text.blue { fill: #58a6ff } text.orange { fill: #f0883e }
    circle.blue { fill: #58a6ff } circle.orange { fill: #f0883e }
  }`

/** Whole powers of ten around the values. */
function decades(values: readonly number[]): readonly number[] {
  const from = Math.floor(Math.log10(Math.min(...values)) + 1e-9)
  const to = Math.ceil(Math.log10(Math.max(...values)) - 1e-9)
  return Array.from({ length: Math.max(to, from + 1) - from + 1 }, (_, i) => 10 ** (from + i))
}

/** Where a value stands between the first and the last decade, in pixels. */
function scale(marks: readonly number[], from: number, to: number): (value: number) => number {
  const [first = 1, last = 10] = [marks[0], marks.at(-1)]
  const part = (value: number) => Math.log10(value / first) / Math.log10(last / first)
  return (value) => Number((from + part(value) * (to - from)).toFixed(1))
}

/** Places of labels, moved down where they would lie on one another. */
function apart(places: readonly number[], distance: number): readonly number[] {
  const order = places.map((_, i) => i).toSorted((a, b) => (places[a] ?? 0) - (places[b] ?? 0))
  const moved = [...places]
  order.forEach((i, at) => {
    const above = moved[order[at - 1] ?? -1] ?? -Infinity
    moved[i] = Math.max(moved[i] ?? 0, above + distance)
  })
  return moved
}

export function svgOf({ title, x, y, lines }: Plot): string {
  const points = lines.flatMap((line) => line.points)
  const [xMarks, yMarks] = [decades(points.map(([value]) => value)), decades(points.map(([, value]) => value))]
  const [left, right, top, bottom] = [frame.left, width - frame.right, frame.top, height - frame.bottom]
  const [toX, toY] = [scale(xMarks, left, right), scale(yMarks, bottom, top)]
  const ends = apart(
    lines.map((line) => toY(line.points.at(-1)?.[1] ?? 1)),
    18,
  )
  const grid = [
    ...xMarks.map((mark) => {
      const at = toX(mark)
      const text = `<text x="${at}" y="${bottom + 20}" text-anchor="middle">${mark.toLocaleString('en')}</text>`
      return `<line class="grid" x1="${at}" y1="${top}" x2="${at}" y2="${bottom}"/>${text}`
    }),
    ...yMarks.map((mark) => {
      const at = toY(mark)
      const text = `<text x="${left - 8}" y="${at + 4}" text-anchor="end">${mark.toLocaleString('en')}</text>`
      return `<line class="grid" x1="${left}" y1="${at}" x2="${right}" y2="${at}"/>${text}`
    }),
  ]
  const drawn = lines.map(({ name, colour, dashed, points: own }, i) => {
    const path = own.map(([a, b]) => `${toX(a)},${toY(b)}`).join(' ')
    const dots = own.map(([a, b]) => `<circle class="${colour}" cx="${toX(a)}" cy="${toY(b)}" r="2.5"/>`).join('')
    const label = `<text class="${colour}" x="${right + 10}" y="${(ends[i] ?? 0) + 4}">${name}</text>`
    return `<polyline class="line ${colour}${dashed ? ' dashed' : ''}" points="${path}"/>${dots}${label}`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">`,
    `<style>${style}\n</style>`,
    `<text class="title" x="${left}" y="26">${title}</text>`,
    ...grid,
    `<text x="${(left + right) / 2}" y="${height - 14}" text-anchor="middle">${x}</text>`,
    `<text transform="translate(18 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle">${y}</text>`,
    ...drawn,
    '</svg>\n',
  ].join('\n')
}
