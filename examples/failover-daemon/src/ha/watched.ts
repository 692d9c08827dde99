/** The daemon's side of the watcher: starts it, and tells it a value again and again. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface WatcherParts {
  /** The track file. */
  readonly path: string
  readonly stallMs: number
  /** Hears why nothing can be written, for people; undefined when it can again. */
  readonly onProblem: (problem: string | undefined) => void
  /** @default that of this package */
  readonly program?: string | undefined
}

/** A watcher that died is replaced at most so often. */
const againMs = 1000

/** One watcher, started anew when it dies. */
export class Watched {
  readonly #parts: WatcherParts
  #child: ChildProcess | undefined
  #startedAt = -Infinity
  #ended = false

  constructor(parts: WatcherParts) {
    this.#parts = parts
  }

  /** The value that is to be in the file; undefined: whatever is there. To be called several times in each `stall`. */
  tell(value: string | undefined): void {
    if (this.#ended) return
    if (this.#child === undefined && performance.now() - this.#startedAt >= againMs) this.#start()
    const stdin = this.#child?.stdin
    // What it does not read, as it is stopped, would pile up; the newest value is told when it reads again.
    if (stdin && stdin.writableLength === 0) stdin.write(`${value ?? ''}\n`)
  }

  /** The process, for tests. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Ends the watcher; the file stays as it is. */
  end(): void {
    this.#ended = true
    this.#child?.stdin?.end()
  }

  #start(): void {
    const { path, stallMs, onProblem, program: given } = this.#parts
    const program = given ?? fileURLToPath(new URL('./watcher.js', import.meta.url))
    this.#startedAt = performance.now()
    // In a session of its own: what is typed at the daemon's terminal is not for it.
    const child = spawn(process.execPath, [program, path, String(stallMs)], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    this.#child = child
    const gone = (why: string) => {
      if (this.#child !== child) return
      this.#child = undefined
      if (!this.#ended) onProblem(`the watcher ${why}`)
    }
    child.on('error', (error) => gone(`cannot be started: ${error.message}`))
    child.on('exit', (code, signal) => gone(`has ended: ${signal ?? code}`))
    child.stdin.on('error', () => {})
    let rest = ''
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      const lines = (rest + piece).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const [, problem] = /^failed (.*)$/.exec(line) ?? []
        onProblem(problem === undefined ? undefined : `the track file cannot be written: ${problem}`)
      }
    })
    child.unref()
  }
}
