/** What the trial of the unit needs around it: systemctl's words, connections that are held, a count of the kernel's writes. */
import { readFile, stat, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LogLine } from '../../rig/cluster.js'
import type { Lan } from '../../rig/lan.js'
import { run } from '../kernel/namespace.js'

/** An emulated machine starts the daemon in some ten seconds, a busy one in minutes. */
const patienceMs = 300_000

/** What `look` gives once it gives something. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new Error(`${what}: not after ${patienceMs} ms`)
    await sleep(250)
  }
}

/** Runs lines of sh; the first that fails ends it. */
export async function script(lines: string): Promise<void> {
  await run('sh', ['-euc', lines])
}

/** true once there is no such file. */
export const missing = (path: string): Promise<true | undefined> =>
  stat(path).then(
    () => undefined,
    () => true,
  )

/** The modules of IPVS that the kernel has. */
export async function loadedModules(): Promise<readonly string[]> {
  return (await readFile('/proc/modules', 'utf8')).match(/^ip_vs\w*/gm) ?? []
}

export async function systemctl(...args: string[]): Promise<string> {
  return (await run('systemctl', ['--no-pager', ...args])).stdout.trim()
}

/** A service as systemd sees it. */
export interface ServiceState {
  readonly active: string
  readonly pid: number
  readonly restarts: number
  /** Why it ended last. */
  readonly result: string
  /** What the service says of itself. */
  readonly text: string
  /** By the clock of performance.now(): when it became active last. */
  readonly activeSinceMs: number
}

/** performance.now() counts from the start of the process, systemd from the start of the machine. */
const clockOffsetMs = performance.now() - Number(process.hrtime.bigint() / 1000n) / 1000

export async function serviceState(unit: string): Promise<ServiceState> {
  const names = ['ActiveState', 'MainPID', 'NRestarts', 'Result', 'StatusText', 'ActiveEnterTimestampMonotonic']
  const text = await systemctl('show', ...names.map((name) => `--property=${name}`), unit)
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1] ?? ''
  return {
    active: value('ActiveState'),
    pid: Number(value('MainPID')),
    restarts: Number(value('NRestarts')),
    result: value('Result'),
    text: value('StatusText'),
    activeSinceMs: Number(value('ActiveEnterTimestampMonotonic')) / 1000 + clockOffsetMs,
  }
}

/** All that a service and systemd said of it, as text. */
export async function journalText(unit: string): Promise<string> {
  return (await run('journalctl', ['--no-pager', '-o', 'cat', '-u', unit], { maxBuffer: 1 << 26 })).stdout
}

/** The lines of its log. */
export async function journal(unit: string): Promise<readonly LogLine[]> {
  const lines = (await journalText(unit)).split('\n')
  return lines.flatMap((line) => (line.startsWith('{"level"') ? [JSON.parse(line) as LogLine] : []))
}

/** Connections from the LAN's client, each of which asks four times a second. */
export interface HeldConnections {
  /** Of each, so often it was answered. */
  readonly answers: readonly number[]
  /** What ended any of them. */
  readonly broken: readonly string[]
  /** Resolves when each was answered once more. */
  answeredAgain(): Promise<void>
}

/** Opens connections and keeps them; resolves when each was answered. */
export async function holdConnections(
  lan: Lan,
  address: string,
  port: number,
  count: number,
): Promise<HeldConnections> {
  const program = `for (let i = 0; i < ${count}; i++) {
      const socket = require('node:net').connect(${port}, '${address}')
      setInterval(() => socket.write('.'), 250)
      socket.on('data', () => console.log(i)).on('close', () => console.log(i + ' was closed'))
      socket.on('error', (error) => console.log(i + ' failed: ' + error.message))
    }`
  const child = lan.spawn(lan.client.namespace, process.execPath, ['-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const answers = Array.from({ length: count }, () => 0)
  const broken: string[] = []
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  lines.on('line', (line) => {
    const of = Number(line)
    if (Number.isInteger(of)) answers[of] = (answers[of] ?? 0) + 1
    else broken.push(line)
  })
  lines.on('close', () => broken.push('their program ended'))
  async function answeredAgain(): Promise<void> {
    const from = [...answers]
    await eventually('an answer on every connection', async () => {
      if (broken.length > 0) throw new Error(broken[0])
      return answers.every((count, i) => count > (from[i] ?? 0)) ? true : undefined
    })
  }
  await answeredAgain()
  return { answers, broken, answeredAgain }
}

/** Counts the commands that change IPVS, whoever sends them: calls of the kernel's function for them. */
export async function writeCounter(): Promise<() => Promise<number>> {
  const tracing = '/sys/kernel/tracing'
  await run('mount', ['-t', 'tracefs', 'tracefs', tracing])
  await writeFile(`${tracing}/kprobe_events`, 'p:writes ip_vs_genl_set_cmd\n')
  await writeFile(`${tracing}/events/kprobes/writes/enable`, '1\n')
  return async () => Number(/^\s*writes\s+(\d+)/m.exec(await readFile(`${tracing}/kprobe_profile`, 'utf8'))?.[1])
}
