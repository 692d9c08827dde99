/** The screen of `ipvs top`: rows to lines. Pure. */
import { durationWord, headLine, type Canvas, type Line } from '../../command-line/screen.js'
import { longestHistory, type History, type Row } from './rows.js'
import { short, sparkline } from './figures.js'

/** What is shown. */
export interface View {
  /** The sum first. */
  readonly rows: readonly Row[]
  readonly history: History
  readonly intervalMs: number
  /** Whose table it is, and when: the words of the first line. */
  readonly words: readonly string[]
}

/** A column of numbers; `over` stands above it and its left neighbours without one. */
interface Column {
  readonly title: string
  readonly over?: string
  /** With the gap at its left. */
  readonly width: number
  readonly value: (row: Row) => number
}

const columns: readonly Column[] = [
  { title: 'NEW/S', over: '', width: 7, value: ({ rate }) => rate.connections },
  { title: 'IN', width: 6, value: ({ rate }) => rate.packetsIn },
  { title: 'OUT', over: 'PACKETS/S', width: 5, value: ({ rate }) => rate.packetsOut },
  { title: 'IN', width: 6, value: ({ rate }) => rate.bytesIn },
  { title: 'OUT', over: 'BYTES/S', width: 5, value: ({ rate }) => rate.bytesOut },
  { title: 'ACTIVE', width: 8, value: ({ active }) => active },
  { title: 'INACT', over: 'CONNECTIONS', width: 7, value: ({ inactive }) => inactive },
]
const numbersWidth = columns.reduce((sum, { width }) => sum + width, 0)
const gap = 2

/** Below that a name says nothing: rather lose numbers at the right. */
const shortestName = 18
/** Below that a course shows nothing. */
const shortestCourse = 8
/** What 80 columns have room for, where there is no terminal. */
const usualCourse = 15

/** The lines, as many as there are: it is the screen that cuts them. */
export function composeFrame({ rows, history, intervalMs, words }: View, canvas: Canvas): readonly Line[] {
  const services = rows.filter(({ level }) => level === 'service').length
  const servers = rows.filter(({ level }) => level === 'server').length
  const head = [...words, `${counted(services, 'service')}, ${counted(servers, 'server')}`]
  const names = rows.map(nameOf)
  const longest = Math.max(shortestName, ...names.map(({ length }) => length))
  const nameWidth = Math.min(longest, Math.max(shortestName, canvas.columns - numbersWidth))
  const room = canvas.columns - nameWidth - numbersWidth - gap
  const course = room === Infinity ? usualCourse : room < shortestCourse ? 0 : Math.min(longestHistory, room)
  return [
    headLine(head, intervalMs, canvas),
    ...titles(nameWidth, course === 0 ? '' : `LAST ${durationWord(course * intervalMs)}`),
    ...rows.map((row, i): Line => {
      const cells = columns.map(({ width, value }) => short(value(row)).padStart(width))
      const line = sparkline(history.get(row.key) ?? [], course).padStart(course + gap)
      const text = (shorten(names[i] ?? '', nameWidth).padEnd(nameWidth) + cells.join('') + line).trimEnd()
      return { text, ...(row.level === 'server' ? row.isDrained && { colour: 'dim' } : { colour: 'bold' }) }
    }),
    ...(services === 0 ? [{ text: 'no virtual services' }] : []),
  ]
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function nameOf({ level, name }: Row): string {
  return level === 'server' ? `  ${name}` : name
}

/** The end of an address tells more than its middle. */
function shorten(name: string, width: number): string {
  if (name.length <= width) return name
  const head = Math.floor((width - 1) / 3)
  return `${name.slice(0, head)}…${name.slice(head + 1 - width)}`
}

function titles(nameWidth: number, course: string): readonly Line[] {
  let [over, width] = ['', 0]
  for (const column of columns) {
    width += column.width
    if (column.over === undefined) continue
    over += column.over.padStart(width)
    width = 0
  }
  const below = columns.map(({ title, width }) => title.padStart(width)).join('')
  return [
    { text: ' '.repeat(nameWidth) + over, colour: 'dim' },
    { text: `${'SERVICE, SERVER'.padEnd(nameWidth)}${below}  ${course}`.trimEnd(), colour: 'dim' },
  ]
}
