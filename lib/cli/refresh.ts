/** Shows what changes again and again, until the user has seen enough. */
import { pause } from '../pause.js'
import { CliError, Status, textOf, type Call, type Io } from './command.js'
import { makeScreen, type Canvas, type Line } from './screen.js'
import { parseDuration } from './words.js'
import type { Clock } from '../health/clock.js'

/** How often. */
export interface Refreshing {
  readonly intervalMs: number
  /** Ends after so many frames; the last of them stays on a terminal. */
  readonly count?: number | undefined
}

/** Reads and lays out one frame. */
export type Compose = (canvas: Canvas, signal: AbortSignal) => Promise<readonly Line[]>

/** Milliseconds of --interval; 2 s is how often the kernel counts. */
export function intervalOf(call: Call): number {
  const word = textOf(call, 'interval') ?? '2s'
  const ms = parseDuration('interval', word)
  if (ms > 0) return ms
  throw new CliError(`expected --interval of 1ms or more, found ${JSON.stringify(word)}`, Status.usage)
}

/** Resolves to the exit status; rejects with the reason of the io's signal. The terminal is given back in any case. */
export async function refresh(
  clock: Clock,
  io: Io,
  { intervalMs, count }: Refreshing,
  compose: Compose,
): Promise<number> {
  const quit = new AbortController()
  const signal = AbortSignal.any([io.signal, quit.signal])
  let status: number = Status.ok
  const screen = makeScreen(io, (key) => {
    // Ctrl-C is a key, too, while keys are heard one by one.
    if (key.includes(ctrlC)) status = Status.interrupted
    if (key.includes(ctrlC) || key.toLowerCase().includes('q')) quit.abort()
  })
  // At once: a call that the kernel holds up must not hold up the terminal.
  signal.addEventListener('abort', () => screen.close(), { once: true })
  try {
    for (let shown = 1; ; shown++) {
      const isLast = shown === count
      const lines = await compose(isLast ? { ...screen.canvas, ending: undefined } : screen.canvas, signal)
      signal.throwIfAborted()
      if (isLast) screen.close()
      screen.draw(lines)
      if (isLast) return Status.ok
      await pause(clock, intervalMs, signal)
    }
  } catch (error) {
    if (quit.signal.aborted && !io.signal.aborted && error === quit.signal.reason) return status
    throw error
  } finally {
    screen.close()
  }
}

const ctrlC = '\x03'

/** `23:59:59` */
export function timeOfDay(): string {
  return new Date().toTimeString().slice(0, 8)
}
