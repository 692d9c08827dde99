/** A director of the rig's LAN that shares its virtual addresses with others: the daemon, and keepalived's VRRP, on it. */
import { execFile, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { journalOf, startDaemon, type Daemon, type Journal } from './cluster.js'
import type { Host, Lan } from './lan.js'
import { watchVip, type VipEvent } from './vip.js'

const run = promisify(execFile)
/** One file, made by rig/bundle.mjs: an emulated machine takes ten seconds to load many. */
const daemonProgram = join(import.meta.dirname, '..', '.bundle/failover.mjs')

export interface MemberOptions {
  /** 101 to 150: the higher is preferred. */
  readonly priority: number
  readonly advertMs: number
  readonly graceMs: number
  /** Multicast unless told. */
  readonly unicast?: boolean | undefined
  /** `reconcile:`, `services:` and so on. */
  readonly yaml: string
}

export interface Member {
  readonly host: Host
  /** The virtual addresses that the host gets and loses, since watch(). */
  vips(): Journal<VipEvent | undefined>
  /** Those of them since then, in short. */
  moves(since: number): readonly string[]
  daemon(): Daemon
  keepalived(): Keepalived
  /** Begins to follow the virtual addresses; after the start of the machine. */
  watch(): Promise<void>
  /** @param prefix a command that makes the daemon of itself, as `setpriv` does */
  startDaemon(prefix?: readonly string[]): void
  startKeepalived(): void
  /** Runs a command of the daemon's, such as `status`, in the director's namespace; resolves with what it printed. */
  operate(...words: readonly string[]): Promise<string>
}

/** keepalived without its checkers. Its lines are those of its log. */
export interface Keepalived extends Journal<string> {
  /** By SIGTERM: it lets the virtual addresses go, and says so. Resolves when it has ended. */
  stop(): Promise<void>
}

/** Configures a director, its files in a folder of its own: it shares nothing else with the others. */
export async function configureMember(lan: Lan, host: Host, options: MemberOptions): Promise<Member> {
  const folder = await mkdtemp(join(tmpdir(), 'member-'))
  const file = (name: string) => join(folder, name)
  const [config, include, main, socket] = [
    file('failover.yaml'),
    file('vrrp.conf'),
    file('keepalived.conf'),
    file('control.sock'),
  ]
  const peers = lan.directors.filter((other) => other !== host).map(({ ipv4 }) => ipv4)
  const ha = `ha:
  interface: eth0
  routerId: 51
  priority: ${options.priority}
  peers: [${options.unicast === true ? peers.join(', ') : ''}]
  advertInterval: ${options.advertMs}ms
  grace: ${options.graceMs}ms
  runDirectory: ${folder}
`
  await writeFile(config, `stateDirectory: ${folder}\ncontrolSocket: ${socket}\n${ha}${options.yaml}`)
  const inHost = async (...command: readonly string[]) =>
    (await run('ip', ['netns', 'exec', host.namespace, ...command])).stdout
  await inHost(process.execPath, daemonProgram, 'keepalived', '-c', config, '--output', include)
  // An emulated machine is busy: adverts are not to wait for whoever else wants its processor.
  await writeFile(main, `global_defs {\n  vrrp_priority -20\n}\ninclude ${include}\n`)

  let daemon: Daemon | undefined
  let keepalived: Keepalived | undefined
  let vips: Journal<VipEvent | undefined> | undefined
  const started = <T>(what: T | undefined): T => {
    if (what === undefined) throw new Error(`expected that ${host.namespace} was started`)
    return what
  }
  const member: Member = {
    host,
    vips: () => started(vips),
    moves: (since) =>
      started(vips).entries.flatMap((event) =>
        event?.has === undefined || event.at < since ? [] : [`${event.has ? 'got' : 'lost'} ${event.address}`],
      ),
    daemon: () => started(daemon),
    keepalived: () => started(keepalived),
    async watch() {
      // As in /run after the start of a machine.
      for (const left of ['standing', 'vrrp.fifo']) await rm(file(left), { force: true })
      vips = await watchVip(lan, host)
    },
    startDaemon(prefix = []) {
      daemon = startDaemon(lan, host, config, prefix, daemonProgram)
    },
    startKeepalived() {
      const own = ['--use-file', main, '--pid', file('main.pid'), '--vrrp_pid', file('vrrp.pid')]
      const args = ['--vrrp', '--dont-fork', '--log-console', '--log-detail', ...own]
      const child = lan.spawn(host.namespace, 'keepalived', args, { stdio: ['ignore', 'ignore', 'pipe'] })
      const journal = journalOf(child, (line) => line, { stdout: child.stderr })
      keepalived = { ...journal, stop: () => stop(child) }
    },
    operate: (...words) => inHost(process.execPath, daemonProgram, ...words, '--socket', socket),
  }
  return member
}

async function stop(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}
