/** A terminal that knows no more than what is written to it here: anything else throws, and so does a line that would wrap. */
import type { Output } from '../../lib/cli/command.js'

const escape = '\x1b'
const tokens = new RegExp(`${escape}\\[\\??[0-9;]*[A-Za-z]|\\r|\\n|[^${escape}\\r\\n]+|.`, 'gs')

interface Page {
  lines: string[]
  row: number
  column: number
}

const emptyPage = (): Page => ({ lines: [], row: 0, column: 0 })

export class Terminal implements Output {
  readonly isTTY = true
  #main = emptyPage()
  #alternate: Page | undefined
  #written = ''
  isCursorShown = true
  /** Keys are heard one by one. */
  isRaw = false
  #listener: ((key: string) => void) | undefined

  constructor(
    public columns: number,
    public rows: number,
  ) {}

  /** What is to be seen, without spaces at the ends. */
  get text(): string {
    const { lines } = this.#page
    return lines
      .map((line) => line.trimEnd())
      .join('\n')
      .trimEnd()
  }

  get isAlternate(): boolean {
    return this.#alternate !== undefined
  }

  /** As it was before, but for what was printed since. */
  get isRestored(): boolean {
    return !this.isAlternate && this.isCursorShown && !this.isRaw
  }

  /** All that was ever written. */
  get written(): string {
    return this.#written
  }

  readonly onKey = (listener: (key: string) => void): (() => void) => {
    this.isRaw = true
    this.#listener = listener
    return () => {
      this.isRaw = false
      this.#listener = undefined
    }
  }

  press(key: string): void {
    if (!this.#listener) throw new Error(`nobody hears ${JSON.stringify(key)}`)
    this.#listener(key)
  }

  write(text: string): void {
    this.#written += text
    for (const [token] of text.matchAll(tokens)) this.#take(token)
  }

  get #page(): Page {
    return this.#alternate ?? this.#main
  }

  #take(token: string): void {
    const page = this.#page
    if (token.endsWith('m') && token.startsWith(escape)) return
    switch (token) {
      case '\r':
        page.column = 0
        return
      case '\n':
        page.row++
        // The terminal driver's, as Node.js leaves it in raw mode, too.
        page.column = 0
        if (this.isAlternate && page.row >= this.rows) throw new Error('the alternate screen scrolls')
        return
      case `${escape}[H`:
        page.row = page.column = 0
        return
      case `${escape}[K`:
        page.lines[page.row] = this.#line.slice(0, page.column)
        return
      case `${escape}[J`:
        page.lines.length = Math.min(page.lines.length, page.row + 1)
        page.lines[page.row] = this.#line.slice(0, page.column)
        return
      case `${escape}[?1049h`:
        this.#alternate = emptyPage()
        return
      case `${escape}[?1049l`:
        this.#alternate = undefined
        return
      case `${escape}[?25h`:
      case `${escape}[?25l`:
        this.isCursorShown = token.endsWith('h')
        return
      default:
        if (token.startsWith(escape)) throw new Error(`unknown escape ${JSON.stringify(token)}`)
        this.#print(token)
    }
  }

  get #line(): string {
    return this.#page.lines[this.#page.row] ?? ''
  }

  #print(text: string): void {
    const page = this.#page
    const line = this.#line.padEnd(page.column)
    page.lines[page.row] = line.slice(0, page.column) + text + line.slice(page.column + text.length)
    page.column += text.length
    // At the last column a terminal waits to wrap, and erasing to the end of line takes the character.
    if (this.isAlternate && page.column >= this.columns) throw new Error(`too wide: ${JSON.stringify(text)}`)
  }
}
