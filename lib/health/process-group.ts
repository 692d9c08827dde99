import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'

/** How a program ended. */
export interface ProgramEnd {
  /** Exit status; null if a signal ended it. */
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  /** Its first line on standard output, or if there is nothing at all, on standard error. Not made printable. */
  readonly firstLine: string
  /** Whether it was ended because it printed too much. */
  readonly flooded: boolean
}

/** Printed on both outputs together; whoever prints more is ended. */
export const mostOutputBytes = 1_048_576
/** From TERM to KILL. */
export const graceMs = 500
/** From the program's end to that of its outputs, which a process that has left its group may hold open. */
const outputEndMs = 100
const lineLength = 1000

/**
 * Runs a program in a process group of its own, in /, with this environment and nothing else. Tells once how it ended, after all
 * that it left in its group was killed; an error if it could not be started. Gives how to end it: TERM to the group, then KILL.
 */
export function startGroup(
  [file, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
  output: 'read' | 'ignore',
  ended: (end: ProgramEnd | Error) => void,
): () => void {
  const sink = output === 'read' ? 'pipe' : 'ignore'
  let child: ChildProcess
  try {
    child = spawn(file, args, { cwd: '/', env, detached: true, stdio: ['ignore', sink, sink] })
  } catch (error) {
    queueMicrotask(() => ended(error as Error))
    return () => {}
  }
  const { pid } = child
  if (pid === undefined) {
    child.on('error', ended)
    return () => {}
  }
  let exited = false
  let flooded = false
  let killing: NodeJS.Timeout | undefined
  const lines = readLines(child, () => {
    flooded = true
    if (!exited) kill(pid, 'SIGKILL')
  })
  child.once('exit', (status, signal) => {
    exited = true
    clearTimeout(killing)
    // The leader has been reaped, but its number is not given to another as long as a group has it.
    kill(pid, 'SIGKILL')
    function tell(): void {
      clearTimeout(closing)
      child.removeListener('close', tell)
      child.stdout?.destroy()
      child.stderr?.destroy()
      ended({ status, signal, firstLine: lines(), flooded })
    }
    child.once('close', tell)
    const closing = setTimeout(tell, outputEndMs)
  })
  return () => {
    if (exited || killing) return
    kill(pid, 'SIGTERM')
    killing = setTimeout(() => kill(pid, 'SIGKILL'), graceMs)
  }
}

/** Signals a whole group, if there still is one. */
function kill(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal)
  } catch {
    // ESRCH: nothing is left of it.
  }
}

/** Reads both outputs to their ends, keeps the beginning, and tells when it is too much. Gives the first line. */
function readLines(child: ChildProcess, flood: () => void): () => string {
  let room = mostOutputBytes
  const begin = (stream: Readable | null): (() => string) => {
    let text = ''
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      if (text.length < lineLength) text += chunk.slice(0, lineLength)
      if (room > 0 && (room -= Buffer.byteLength(chunk)) <= 0) flood()
    })
    return () => text
  }
  const out = begin(child.stdout)
  const err = begin(child.stderr)
  return () => (out() || err()).split('\n', 1)[0] ?? ''
}
