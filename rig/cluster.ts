/**
 * A failover cluster in the rig's LAN, for the demo and the tests: the daemon on the director, a client that keeps fetching,
 * and the director's table.
 */
import { once } from 'node:events'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ChildProcess } from 'node:child_process'
import { open, type Ipvs, type Table } from '../lib/index.js'
import type { Host, Lan } from './lan.js'

const root = join(import.meta.dirname, '..')

/** Lines as they come, with all that came before: what is waited for may have happened already. */
export interface Journal<T> {
  readonly entries: readonly T[]
  /** Resolves with the first entry that fits, past or to come, from that index on. Rejects when the writer ends before. */
  first(fits: (entry: T) => boolean, from?: number): Promise<T>
}

/** Of what a child prints, on its standard output unless told. */
export function journalOf<T>(
  child: ChildProcess,
  parse: (line: string) => T,
  { stdout }: Pick<ChildProcess, 'stdout'> = child,
): Journal<T> {
  if (stdout === null) throw new TypeError('expected a child with a piped stdout, found none')
  const entries: T[] = []
  const waiting = new Set<() => void>()
  // Emptied first: who is woken may wait again at once.
  const wakeAll = () => {
    const woken = [...waiting]
    waiting.clear()
    woken.forEach((wake) => wake())
  }
  let ended = false
  const lines = createInterface({ input: stdout })
  lines.on('line', (line) => {
    entries.push(parse(line))
    wakeAll()
  })
  lines.on('close', () => {
    ended = true
    wakeAll()
  })
  return {
    entries,
    async first(fits, from = 0) {
      for (let at = from; ; at++) {
        while (at >= entries.length) {
          if (ended) throw new Error(`${child.spawnargs.join(' ')} ended before the awaited line`)
          await new Promise<void>((resolve) => waiting.add(resolve))
        }
        const entry = entries[at] as T
        if (fits(entry)) return entry
      }
    },
  }
}

/** One request of the client, as rig/fetch-loop.mjs reports it. */
export interface Fetch {
  /** Milliseconds since the epoch at which it began. */
  readonly at: number
  readonly ok: boolean
  /** What the real server answered: its name. */
  readonly body?: string
  readonly error?: string
}

/** A client on the LAN that fetches a URL again and again, each time by a new connection. */
export interface Client extends Journal<Fetch> {
  stop(): Promise<void>
}

export function startClient(lan: Lan, url: string, intervalMs: number, timeoutMs = 1000): Client {
  const program = [join(root, 'rig/fetch-loop.mjs'), url, String(intervalMs), String(timeoutMs)]
  const child = lan.spawn(lan.client.namespace, process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] })
  const journal = journalOf(child, (line) => JSON.parse(line) as Fetch)
  return { ...journal, stop: () => end(child, 'SIGTERM').then(() => undefined) }
}

/** Accepts connections at those ports of a host and never answers: what rig/silent-server.mjs prints. Resolves when it listens. */
export async function silentServer(lan: Lan, host: Host, ...ports: readonly number[]): Promise<Journal<string>> {
  const program = [join(root, 'rig/silent-server.mjs'), ...ports.map(String)]
  const child = lan.spawn(host.namespace, process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] })
  const journal = journalOf(child, (line) => line)
  await journal.first((line) => line === 'listening')
  return journal
}

/** A line of the daemon's log. */
export interface LogLine {
  readonly msg: string
  /** ISO 8601. */
  readonly time: string
  readonly server?: string
  /** What a server has become. */
  readonly to?: string
  readonly reason?: string
  readonly written?: readonly string[]
  readonly adopted?: readonly string[]
  readonly version?: string
}

/** `ipvs-failover run` in the director's namespace. */
export interface Daemon extends Journal<LogLine> {
  /** Resolves with the time, in milliseconds since the epoch, at which it had taken a server out of the table. */
  removed(server: Host, from: number): Promise<number>
  /** Sends a signal, to the daemon itself; resolves with the exit status, or the signal that ended it. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | NodeJS.Signals | null>
  /** Its own process: what runs it becomes it. */
  readonly pid: number
}

export const daemonProgram: string = join(root, 'examples/failover-daemon/bin/ipvs-failover.js')

/** Times of the daemon's HTTP check. */
export interface CheckTimes {
  readonly intervalMs: number
  readonly fastMs: number
  readonly timeoutMs: number
  readonly fall: number
}

/** Within which a server that refuses connections is out of the table. One that is silent takes fall × timeout longer. */
export function promisedMs({ intervalMs, fastMs, fall }: CheckTimes): number {
  return intervalMs + (fall - 1) * fastMs
}

/** What an emulated, busy machine may add to a promise: its timers and processes are late. */
export const emulationMs = 500

/** A configuration of the daemon: all real servers of the LAN behind its VIP, by direct routing. */
export function failoverYaml(lan: Lan, check: CheckTimes, persistenceSeconds?: number): string {
  return `services:
  - virtual: ${lan.direct.vip.ipv4}:80
    scheduler: rr
    forwarding: direct
    servers: [${lan.reals.map(({ ipv4 }) => ipv4).join(', ')}]
    check:
      type: http
      interval: ${check.intervalMs}ms
      fastInterval: ${check.fastMs}ms
      timeout: ${check.timeoutMs}ms
      rise: 2
      fall: ${check.fall}
${persistenceSeconds === undefined ? '' : `    persistence: ${persistenceSeconds}s\n`}`
}

/** Writes a configuration into a folder of its own, which is the daemon's state directory, too. */
export async function writeConfig(yaml: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'failover-'))
  const file = join(folder, 'failover.yaml')
  await writeFile(file, `stateDirectory: ${folder}\n${yaml}`)
  return file
}

/**
 * @param prefix a command that makes the daemon of itself, as `strace -D` does, so that signals reach it
 * @param program another copy of it
 */
export function startDaemon(
  lan: Lan,
  director: Host,
  config: string,
  prefix: readonly string[] = [],
  program = daemonProgram,
): Daemon {
  const [command = process.execPath, ...args] = [...prefix, process.execPath, program, 'run', '-c', config]
  const child = lan.spawn(director.namespace, command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const journal = journalOf(child, (line) => JSON.parse(line) as LogLine)
  async function removed(server: Host, from: number): Promise<number> {
    const isRemoval = (change: string) => change.startsWith('removeDestination') && change.includes(server.ipv4)
    return Date.parse((await journal.first(({ written = [] }) => written.some(isRemoval), from)).time)
  }
  return { ...journal, removed, end: (signal) => end(child, signal), pid: child.pid ?? 0 }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, 'exit')
    child.kill(signal)
    await exit
  }
  return child.exitCode ?? child.signalCode
}

/** The kernel's table in the director's namespace, which the LAN made. */
export function openDirector(director: Host): Promise<Ipvs> {
  return open({ namespace: director.namespace })
}

/** Resolves with the table once it fits. IPVS sends no notifications, so it is read again and again, but seldom: reading costs. */
export async function tableThat(ipvs: Ipvs, fits: (table: Table) => boolean, timeoutMs: number): Promise<Table> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const table = await ipvs.table()
    if (fits(table)) return table
    if (performance.now() > deadline) {
      throw new Error(`the table is not as expected after ${timeoutMs} ms: ${JSON.stringify(table.map(addresses))}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** The real servers of the first service, in order of their addresses. */
export function servers(table: Table): readonly string[] {
  return table[0] ? addresses(table[0]) : []
}

function addresses({ destinations }: Table[number]): readonly string[] {
  return destinations.map(({ address }) => address).sort()
}
