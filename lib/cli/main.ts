/** The process: its name and arguments, its streams and signals, its exit status. */
import { basename } from 'node:path'
import { isatty } from 'node:tty'
import { cli } from './cli.js'
import type { Io } from './command.js'

// Who reads no further, `head` for instance, wants no more: what a shell shows for SIGPIPE.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(141)
})

let stdin: typeof process.stdin | undefined
let ending: AbortController | undefined

/** What costs time, or changes how the process behaves, waits until a command asks for it. */
const io: Io = {
  get stdin() {
    return (stdin ??= process.stdin)
  },
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  get signal() {
    ending ??= endingBySignals()
    return ending.signal
  },
  async open(namespace) {
    const { open } = await import('../open.js')
    return open({ namespace })
  },
  ...(isatty(0) && { onKey }),
}

/** The first of these signals is the command's; the second ends the process at once, as by default. */
function endingBySignals(): AbortController {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort(new Error(signal)))
  return controller
}

function onKey(listener: (key: string) => void): () => void {
  const hear = (keys: Buffer) => listener(keys.toString('latin1'))
  process.stdin.setRawMode(true).on('data', hear)
  return () => void process.stdin.off('data', hear).setRawMode(false).pause()
}

const name = basename(process.argv[1] ?? '', '.js')
const args = process.argv.slice(2)
if (/^ipvsadm(-save|-restore)?$/.test(name)) {
  const { runIpvsadmAs } = await import('../ipvsadm/run.js')
  process.exitCode = await runIpvsadmAs(name, args, io)
} else {
  process.exitCode = await cli(args, io)
}
// Nothing is read any more: an unfinished read would keep the process.
stdin?.destroy()
