/**
 * A proof's own program, started once more in another role. Such a program loads tap only where it is the proof: it would take
 * memory, and speak, in the others.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { on } from 'node:events'
import type { Test } from 'tap'

type Json = Record<string, unknown>

/** The role that this process was started in, if it is not the proof itself. */
export const role = process.argv[2]

/** Tells the proof. */
export const tell = (message: Json): void => void process.send?.(message)

/** The program in another role. */
export interface Role {
  readonly child: ChildProcess
  /** What it tells next; an Error if it ends without. */
  readonly next: () => Promise<Json>
}

/** Starts the program in this role; it ends with the test. `before` is a command that starts it, prlimit for instance. */
export function startRole(t: Test, name: string, args: readonly string[] = [], before: readonly string[] = []): Role {
  const [program = process.execPath, ...rest] = [...before, process.execPath]
  const child = fork(String(process.argv[1]), [name, ...args], {
    execPath: program,
    execArgv: rest,
    // Its standard output would be taken for results.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const messages = on(child, 'message', { close: ['exit'] }) as AsyncIterator<[Json], undefined>
  return {
    child,
    next: async () => {
      const told = await messages.next()
      if (told.done !== true) return told.value[0]
      throw new Error(`expected a message, the program ended with ${String(child.signalCode ?? child.exitCode)}`)
    },
  }
}
