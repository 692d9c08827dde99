/** What bin/ipvs-failover.js runs: the process's streams, keys and signals. */
import { keysOf } from 'ipvs/command-line'
import { cli } from './cli.js'
import type { Output } from './commands/exit.js'

let ending: AbortController | undefined

/** What changes how the process behaves waits until a command asks for it. */
const output: Output = {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  get onKey() {
    return keysOf(process.stdin)
  },
  get signal() {
    ending ??= endingBySignals()
    return ending.signal
  },
}

/** The first of these signals ends what is shown; the second ends the process at once, as by default. */
function endingBySignals(): AbortController {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort(signal))
  // Who reads no further wants no more.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
  return controller
}

process.exitCode = await cli(process.argv.slice(2), output)
