/** How far a drain is: on a terminal a line that is drawn again, elsewhere one whenever the counts change. */
import { countsWords, secondsWord } from './drain-words.js'
import { showChange } from './plan-words.js'
import { isTerminal } from '../command-line/terminal.js'
import { paintFor } from '../command-line/style.js'
import type { Io } from './command.js'
import type { ConnectionCounts, Destination, ServiceKey } from '../types.js'

export interface Progress {
  show(left: ConnectionCounts, elapsedMs: number): void
  /** Leaves the terminal with an empty line to write on. */
  close(): void
}

const redraw = '\r\x1b[K'

export function progressOn(io: Io, of: ServiceKey, before: Destination, timeoutMs: number): Progress {
  const { stdout } = io
  const isLive = isTerminal(io)
  let last: string | undefined
  return {
    show(left, elapsedMs) {
      // The first look follows the writing of the weight.
      if (last === undefined) stdout.write(headOf(io, of, before))
      const counts = countsWords(left)
      const time = secondsWord(elapsedMs)
      if (isLive) {
        const line = `${counts}; ${time} of ${secondsWord(timeoutMs)}`
        // A line that is wrapped could not be drawn over.
        stdout.write(redraw + line.slice(0, (stdout.columns || 80) - 1))
      } else if (counts !== last) stdout.write(`${time}: ${counts}\n`)
      last = counts
    },
    close() {
      if (isLive && last !== undefined) stdout.write(redraw)
    },
  }
}

function headOf(io: Io, of: ServiceKey, before: Destination): string {
  if (before.weight === 0) return ''
  const change = { type: 'updateDestination', of, destination: { ...before, weight: 0 }, before } as const
  return showChange(change, paintFor(io))
    .map((line) => `${line}\n`)
    .join('')
}
