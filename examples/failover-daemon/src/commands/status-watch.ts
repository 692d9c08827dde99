/** `ipvs-failover status --watch`: the snapshot again and again, also while the daemon is away. */
import { setTimeout as sleep } from 'node:timers/promises'
import { headLine, isTerminal, refresh, timeOfDay } from 'ipvs/command-line'
import type { Line, Terminal } from 'ipvs/command-line'
import { ask } from '../control/client.js'
import type { Status } from '../status-schema.js'
import { Exit, statuses } from './exit.js'
import type { Stream } from './exit.js'
import { statusLines } from './status-text.js'

/** How it is watched. */
export interface Watching {
  readonly intervalMs: number
  /** One JSON document a line. */
  readonly json: boolean
  /** Rejects with an Error for people. */
  readonly read: (signal: AbortSignal) => Promise<Status>
  /** Waits, or rejects with the signal's reason. @default timers of Node.js */
  readonly pause?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined
}

/** A daemon that takes longer does not answer. */
const patienceMs = 5000

/** The snapshot of the daemon at that socket. */
export async function readStatus(socket: string, signal: AbortSignal, patience = patienceMs): Promise<Status> {
  const late = AbortSignal.timeout(patience)
  try {
    const response = await ask(socket, { command: 'status' }, AbortSignal.any([signal, late]))
    if (!response.ok) throw new Error(response.error)
    if (response.status === undefined) throw new Error(`the daemon at ${socket} answered without a status`)
    return response.status
  } catch (error) {
    throw late.aborted ? new Error(`the daemon at ${socket} does not answer within ${patience} ms`) : error
  }
}

const systemPause = (ms: number, signal: AbortSignal) =>
  sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted())

/** Until the user wants an end. A daemon that is not there at first is a mistake; later it has gone, and may come back. */
export async function watchStatus(watching: Watching, io: Terminal, stderr: Stream): Promise<void> {
  const { intervalMs, json, pause = systemPause } = watching
  try {
    const look = await follow(watching.read, io.signal)
    if (json) return await writeLines(look, () => pause(intervalMs, io.signal), io, stderr)
    await refresh(io, { pause: (signal) => pause(intervalMs, signal) }, async (canvas, signal) => {
      const { status, away } = await look(signal)
      const problem: readonly Line[] = away === undefined ? [] : [{ text: `! ${away}`, colour: 'red' }]
      if (!isTerminal(io)) return away === undefined ? statusLines(status) : problem
      const head = [headLine(['ipvs-failover status', timeOfDay()], intervalMs, canvas), ...problem, { text: '' }]
      const lines = statusLines(status, canvas.rows - head.length)
      return [...head, ...(away === undefined ? lines : lines.map(({ text }): Line => ({ text, colour: 'dim' })))]
    })
  } catch (error) {
    if (!io.signal.aborted) throw error
  }
}

/** What one look found. */
interface Look {
  /** The last one that there was. */
  readonly status: Status
  /** Why there is none now. */
  readonly away?: string
}

/** Rejects if there is nothing to follow; then each call is one look, the first of which was made here. */
async function follow(read: Watching['read'], signal: AbortSignal): Promise<(signal: AbortSignal) => Promise<Look>> {
  let status: Status
  try {
    status = await read(signal)
  } catch (error) {
    throw new Exit(`ipvs-failover: ${messageOf(error)}`, statuses.failed)
  }
  let isFirst = true
  return async (signal) => {
    const isKnown = isFirst
    isFirst = false
    try {
      if (!isKnown) status = await read(signal)
      return { status }
    } catch (error) {
      signal.throwIfAborted()
      return { status, away: messageOf(error) }
    }
  }
}

/** One JSON document a line; on stderr, once, that there is none. */
async function writeLines(
  look: (signal: AbortSignal) => Promise<Look>,
  pause: () => Promise<void>,
  { stdout, signal }: Terminal,
  stderr: Stream,
): Promise<never> {
  for (let wasAway = false; ; await pause()) {
    const { status, away } = await look(signal)
    if (away === undefined) stdout.write(`${JSON.stringify(status)}\n`)
    else if (!wasAway) stderr.write(`ipvs-failover: ${away}\n`)
    wasAway = away !== undefined
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
