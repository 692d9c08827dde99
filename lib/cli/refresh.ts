/** What is shown again and again: how often, and the exit status. */
import { refresh as refreshBy, type Compose } from '../command-line/refresh.js'
import { pause } from '../pause.js'
import { CliError, Status, textOf, type Call, type Io } from './command.js'
import { parseDuration } from './words.js'
import type { Clock } from '../health/clock.js'

/** How often. */
export interface Refreshing {
  readonly intervalMs: number
  /** Ends after so many frames; the last of them stays on a terminal. */
  readonly count?: number | undefined
}

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
  const ending = await refreshBy(io, { pause: (signal) => pause(clock, intervalMs, signal), count }, compose)
  return ending === 'interrupted' ? Status.interrupted : Status.ok
}
