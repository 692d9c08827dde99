/** Runs programs that the configuration names: no shell, no capability, a process group of their own, a deadline. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface ProgramOptions {
  /** Variables besides PATH and LANG; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
  readonly stdin: string
  /** Then the group gets SIGTERM, and two seconds later SIGKILL. */
  readonly timeoutMs: number
  /** Another account, which takes root. @default the daemon's own */
  readonly user?: string | undefined
}

export interface ProgramResult {
  /** Exit status; undefined when a signal ended it. */
  readonly status: number | undefined
  readonly signal: string | undefined
  readonly timedOut: boolean
  /** The first 4 KiB of stdout and stderr. */
  readonly output: string
}

const MAX_OUTPUT = 4096
const GRACE_MS = 2000
const SETPCAP = 1n << 8n

/** Resolves when the program has ended, however; rejects when it cannot be started. What it leaves in the background stays. */
export function runProgram(argv: readonly string[], options: ProgramOptions): Promise<ProgramResult> {
  const { promise, resolve, reject } = withResolvers<ProgramResult>()
  const child = spawn('setpriv', [...privileges(options.user), '--', ...argv], {
    cwd: '/',
    detached: true,
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(0, MAX_OUTPUT)))
  // One that does not read what it is given is no failure.
  child.stdin.on('error', () => {})
  child.stdin.end(options.stdin)
  const kill = (signal: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal)
    } catch {
      // It has ended meanwhile.
    }
  }
  let timedOut = false
  let killing: NodeJS.Timeout | undefined
  const deadline = setTimeout(() => {
    timedOut = true
    kill('SIGTERM')
    killing = setTimeout(() => kill('SIGKILL'), GRACE_MS)
  }, options.timeoutMs)
  const finish = () => {
    clearTimeout(deadline)
    clearTimeout(killing)
  }
  child.on('error', (error) => {
    finish()
    reject(error)
  })
  child.on('exit', (code, signal) => {
    finish()
    if (timedOut) kill('SIGKILL')
    // Let what is in the pipes arrive; a process in the background may hold them open for ever.
    setImmediate(() => {
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
      resolve({ status: code ?? undefined, signal: signal ?? undefined, timedOut, output })
    })
  })
  return promise
}

/** Why a program counts as failed, or undefined. */
export function programFailure({ status, signal, timedOut, output }: ProgramResult): string | undefined {
  if (status === 0 && !timedOut) return undefined
  const how = timedOut
    ? 'killed at its deadline'
    : signal === undefined
      ? `exit status ${status}`
      : `ended by ${signal}`
  const [first = ''] = output.split('\n', 1)
  return first === '' ? how : `${how}: ${first.replace(/\p{C}/gu, ' ').slice(0, 200)}`
}

/** setpriv(1)'s words for no capability, now or by a file of root's. Only with CAP_SETPCAP can the bounding set be emptied. */
function privileges(user: string | undefined): readonly string[] {
  const [, effective = '0'] = /^CapEff:\s*([\da-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  const bounded = (BigInt(`0x${effective}`) & SETPCAP) !== 0n
  if (!bounded && process.getuid?.() === 0)
    throw new Error('expected CAP_SETPCAP, or another user than root: programs run without capabilities')
  return [
    ...(bounded ? ['--bounding-set=-all'] : []),
    '--inh-caps=-all',
    '--ambient-caps=-all',
    '--no-new-privs',
    ...(user === undefined ? [] : [`--reuid=${user}`, `--regid=${user}`, '--init-groups']),
  ]
}

/** Promise.withResolvers() of newer Node. */
function withResolvers<T>() {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((...both) => ([resolve, reject] = both))
  return { promise, resolve, reject }
}
