/** Where frames are drawn: in place on a terminal, one below the other elsewhere. */
import { paintFor, type Colour } from './style.js'
import { isTerminal, type Terminal } from './terminal.js'

/** A line of one colour. */
export interface Line {
  /** Without control characters. */
  readonly text: string
  /** @default the terminal's own */
  readonly colour?: Colour
}

/** What a frame has to fit. */
export interface Canvas {
  /** Characters that a line may have; Infinity elsewhere than on a terminal. */
  readonly columns: number
  /** Lines; Infinity elsewhere than on a terminal. */
  readonly rows: number
  /** How the user ends it; undefined for a frame that stays. */
  readonly ending: string | undefined
}

export interface Screen {
  /** For the next frame: a terminal may have another size by now. */
  readonly canvas: Canvas
  draw(lines: readonly Line[]): void
  /** Gives the terminal back as it was; what is drawn later stands below. */
  close(): void
}

const escape = '\x1b['
/** The alternate screen, without cursor. */
const enter = `${escape}?1049h${escape}?25l`
const leave = `${escape}?25h${escape}?1049l`
const home = `${escape}H`
const eraseLine = `${escape}K`
const eraseBelow = `${escape}J`

/** Takes the terminal with the first frame: what fails before leaves it alone. */
export function makeScreen(io: Terminal, onKey: (key: string) => void): Screen {
  const { stdout } = io
  const paint = paintFor(io)
  let state: 'new' | 'open' | 'closed' = isTerminal(io) ? 'new' : 'closed'
  let release: (() => void) | undefined
  let isFirst = true

  const canvas = (): Canvas => {
    // The last column stays free: a character there makes a terminal wait to wrap, and erasing the rest would take it.
    const columns = isTerminal(io) ? (stdout.columns || 80) - 1 : Infinity
    return state === 'closed'
      ? { columns, rows: Infinity, ending: undefined }
      : { columns, rows: stdout.rows || 24, ending: io.onKey ? 'q quit' : 'Ctrl-C quit' }
  }
  return {
    get canvas() {
      return canvas()
    },
    draw(lines) {
      const painted = fit(lines, canvas()).map(({ text, colour }) => (colour ? paint(colour, text) : text))
      if (state === 'closed') {
        stdout.write(`${isFirst ? '' : '\n'}${painted.join('\n')}\n`)
        isFirst = false
        return
      }
      const beginning = state === 'new' ? enter + home : home
      if (state === 'new') release = io.onKey?.(onKey)
      state = 'open'
      // One write, and nothing erased that is drawn again: no flicker.
      stdout.write(beginning + painted.map((line) => line + eraseLine).join('\r\n') + eraseBelow)
    },
    close() {
      if (state === 'open') {
        release?.()
        stdout.write(leave)
      }
      state = 'closed'
    },
  }
}

/** Cuts lines at the right, and says how many more there are than rows. */
export function fit(lines: readonly Line[], { columns, rows }: Canvas): readonly Line[] {
  const shown =
    lines.length <= rows
      ? lines
      : [
          ...lines.slice(0, Math.max(1, rows) - 1),
          { text: `${lines.length - Math.max(1, rows) + 1} more lines do not fit`, colour: 'dim' as const },
        ]
  return shown.map((line) => (line.text.length <= columns ? line : { ...line, text: line.text.slice(0, columns) }))
}

/** `500ms`, `2s`, `1.5s`, `10m` */
export function durationWord(ms: number): string {
  if (ms < 1000) return `${ms}ms`
  return ms % 60_000 === 0 ? `${ms / 60_000}m` : `${ms / 1000}s`
}

/** The first line: what is shown, how often, and how to leave. */
export function headLine(words: readonly string[], intervalMs: number, { ending }: Canvas): Line {
  const text = [...words, `every ${durationWord(intervalMs)}`, ...(ending === undefined ? [] : [ending])].join('  ')
  return { text, colour: 'bold' }
}
