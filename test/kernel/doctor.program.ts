/**
 * For doctor.guest.ts, in a host's network namespace. With arguments: the command itself. Without: answers each line of standard
 * input, JSON, by a line. An array is a command line, carried out as by a process of its own, which would take seconds to start;
 * an object is what a client fetches.
 */
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { cli } from '../../lib/cli/cli.js'
import { open } from '../../lib/index.js'

export interface Outcome {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface Fetch {
  readonly address: string
  readonly port: number
  readonly timeoutMs: number
}

async function carryOut(args: readonly string[]): Promise<Outcome> {
  let [stdout, stderr] = ['', '']
  const status = await cli(args, {
    stdin: (async function* () {})(),
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env: process.env,
    signal: new AbortController().signal,
    open: (namespace) => open({ namespace }),
  })
  return { status, stdout, stderr }
}

/** What a server answers in that time. */
function fetch({ address, port, timeoutMs }: Fetch): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, address, () => socket.write('GET / HTTP/1.0\r\n\r\n'))
    const timer = setTimeout(() => socket.destroy(), timeoutMs)
    socket.on('data', (data) => (answer += String(data)))
    // What went wrong shows in the answer.
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(answer)
    })
  })
}

if (process.argv.length > 2) {
  await import('../../lib/cli/main.js')
} else {
  for await (const line of createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line) as readonly string[] | { readonly fetch: readonly Fetch[] }
    const answer = 'fetch' in asked ? await Promise.all(asked.fetch.map(fetch)) : await carryOut(asked)
    process.stdout.write(`${JSON.stringify(answer)}\n`)
  }
}
