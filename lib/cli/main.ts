/** The process: its name and arguments, its streams and signals, its exit status. */
import { basename } from 'node:path'
import { keysOf } from '../command-line/terminal.js'
import { cli } from './cli.js'
import type { Io } from './command.js'

// Who reads no further, `head` for instance, wants no more: what a shell shows for SIGPIPE.
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit(141)
}

let stdout: typeof process.stdout | undefined
let stdin: typeof process.stdin | undefined
let ending: AbortController | undefined

/** What costs time, or changes how the process behaves, waits until a command asks for it. */
const io: Io = {
  get stdin() {
    return (stdin ??= process.stdin)
  },
  get stdout() {
    return (stdout ??= process.stdout.on('error', endWithReader))
  },
  get stderr() {
    return process.stderr
  },
  env: process.env,
  get signal() {
    ending ??= endingBySignals()
    return ending.signal
  },
  async open(namespace) {
    const { open } = await import('../open.js')
    return open({ namespace })
  },
  get onKey() {
    return keysOf(process.stdin)
  },
}

/** The first of these signals is the command's; the second ends the process at once, as by default. */
function endingBySignals(): AbortController {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort(new Error(signal)))
  return controller
}

async function statusOf(name: string, args: readonly string[]): Promise<number> {
  if (!/^ipvsadm(-save|-restore)?$/.test(name)) return cli(args, io)
  const { runIpvsadmAs } = await import('../ipvsadm/run.js')
  return runIpvsadmAs(name, args, io)
}

void statusOf(basename(process.argv[1] ?? '', '.cjs'), process.argv.slice(2)).then((status) => {
  process.exitCode = status
  // Nothing is read any more: an unfinished read would keep the process.
  stdin?.destroy()
})
