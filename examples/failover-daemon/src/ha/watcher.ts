/**
 * The watcher: the one who writes the track file, as a process of its own. The daemon tells it a value several times in each `stall`, by
 * lines on its stdin. It hears nothing: the daemon is stopped or stuck, and sick. Its stdin ends: the daemon has ended, however, and that
 * is to change nothing; the file stays, and so does the part that this director plays.
 *
 *   node watcher.js TRACK_FILE STALL_MS
 *
 * What it has written, and what it could not, it says on stdout, a line each.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { bands } from './standing.js'

const [path = '', stall = ''] = process.argv.slice(2)
/** Parts of `stall`. They are counted, so that a host that was suspended, or too busy to run either process, is not taken for a stall. */
const parts = 10

let silent = 0
let wanted: string | undefined
let rest = ''
let told = ''

const tell = (text: string) => {
  if (text !== told) process.stdout.write(`${text}\n`)
  told = text
}

/** keepalived takes a file that is missing or empty for 0, the best standing: it is replaced as a whole, and looked at each time. */
function write(value: string): void {
  try {
    if (current() !== value) {
      writeFileSync(`${path}.new`, `${value}\n`)
      renameSync(`${path}.new`, path)
    }
    tell(`wrote ${value}`)
  } catch (error) {
    tell(`failed ${error instanceof Error ? error.message : String(error)}`)
  }
}

function current(): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}

process.stdin.setEncoding('utf8')
process.stdin.on('data', (piece: string) => {
  const lines = (rest + piece).split('\n')
  rest = lines.pop() ?? ''
  const last = lines.pop()
  if (last === undefined) return
  silent = 0
  // An empty line: it is alive, and has no opinion yet.
  wanted = last === '' ? undefined : last
  if (wanted !== undefined) write(wanted)
})
process.stdin.on('error', () => {})
process.stdin.on('close', () => {
  // That was to be for a moment.
  if (wanted === bands.leaving) write(bands.willing)
  process.exit()
})
process.stdout.on('error', () => {})
// It ends with its daemon, and not before: a terminal, or a service manager, signals both.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

setInterval(
  () => {
    silent++
    if (silent >= parts) write(bands.sick)
  },
  Number(stall) / parts,
)
