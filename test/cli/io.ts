/** The world of a command in a test: an in-memory kernel, and streams that are kept. */
import { cli } from '../../lib/cli/cli.js'
import type { Io } from '../../lib/cli/command.js'
import { createTestKernel } from '../../lib/testing/index.js'
import type { TestKernel } from '../../lib/testing/index.js'

export interface World {
  readonly kernel: TestKernel
  readonly io: Io
  /** Ends what runs, as Ctrl-C does. */
  interrupt(): void
  /** What was written so far. */
  stdout(): string
  stderr(): string
}

export interface WorldOptions {
  readonly kernel?: TestKernel
  readonly stdin?: string
  /** stdout is a terminal of 100 columns and 30 rows. */
  readonly tty?: boolean
  readonly env?: Readonly<Record<string, string>>
}

export function makeWorld({
  kernel = createTestKernel(),
  stdin = '',
  tty = false,
  env = {},
}: WorldOptions = {}): World {
  const ending = new AbortController()
  let [stdout, stderr] = ['', '']
  const io: Io = {
    stdin: (async function* () {
      yield stdin
    })(),
    stdout: { write: (text) => (stdout += text), ...(tty && { isTTY: true, columns: 100, rows: 30 }) },
    stderr: { write: (text) => (stderr += text) },
    env,
    signal: ending.signal,
    open: async () => kernel.open(),
  }
  return {
    kernel,
    io,
    interrupt: () => ending.abort(new Error('SIGINT')),
    stdout: () => stdout,
    stderr: () => stderr,
  }
}

/** Runs a command to its end. */
export async function run(world: World, ...args: string[]) {
  const status = await cli(args, world.io)
  return { status, stdout: world.stdout(), stderr: world.stderr() }
}
