// rig/lan for tests and the demo: the LAN as typed data, processes inside its namespaces, and faults to inject.
import { execFile, spawn as spawnProcess, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const run = promisify(execFile)

// Bundles run from another folder of the package's root.
const rig = join(import.meta.dirname, '..', 'rig')

export interface Addresses {
  readonly ipv4: string
  readonly ipv6: string
}

export interface Host extends Addresses {
  readonly namespace: string
}

/** What `rig/lan up` prints. */
export interface Topology {
  readonly name: string
  /** Whether tunl0 and ip6tnl0 are up on the real servers. */
  readonly tunnels: boolean
  readonly client: Host
  readonly directors: readonly Host[]
  readonly reals: readonly Host[]
  /** Of a LAN with a router: beside the directors, with a client beyond it. It has no route to the virtual address yet. */
  readonly router?: Host
  /** That client. */
  readonly outer?: Host
  /** Direct routing and tunnels: the client is in the network of the real servers. */
  readonly direct: { readonly vip: Addresses }
  /** Masquerading: the real servers reach the client by the first director only. */
  readonly masquerade: { readonly vip: Addresses; readonly client: Addresses }
}

export interface LanOptions {
  /** 3 unless told. */
  readonly reals?: number
  /** 1 unless told. */
  readonly directors?: 1 | 2 | 3
  /** Where the directors have the virtual addresses: on the first one unless told, nowhere (VRRP's to add), or on `lo` of each. */
  readonly vip?: 'first' | 'none' | 'every'
  readonly router?: boolean
  /** The real servers unpack GUE on this UDP port. */
  readonly guePort?: number
}

export interface WebServer {
  readonly process: ChildProcess
  /** Ends it by SIGKILL, as a crash would; resolves when it is gone. */
  kill(): Promise<void>
}

export interface Lan extends Topology {
  /** Runs a command inside a namespace; `close()` kills it if it still runs. */
  spawn(namespace: string, command: string, args: readonly string[], options?: SpawnOptions): ChildProcess
  /** A server that answers the real server's name, e.g. `real1`, to every HTTP request; resolves when it listens. */
  webServer(real: Host, port: number): Promise<WebServer>
  /** A server for long connections, which tells that name and sends back what it gets; resolves when it listens. */
  echoServer(real: Host, port: number): Promise<WebServer>
  /** Makes a real server drop what it is sent by TCP to `port`: clients see no answer, not a refusal. */
  blackhole(real: Host, port: number): Promise<void>
  /** Ends the blackhole. */
  heal(real: Host): Promise<void>
  /** Kills what was spawned and removes the LAN. */
  close(): Promise<void>
}

let count = 0

/** Builds a LAN with a name of its own. Needs root. */
export async function createLan(options: LanOptions = {}): Promise<Lan> {
  const name = `lan-${process.pid}-${++count}`
  const args = ['up', name]
  if (options.reals !== undefined) args.push('--reals', String(options.reals))
  if (options.directors !== undefined) args.push('--directors', String(options.directors))
  if (options.vip !== undefined) args.push('--vip', options.vip)
  if (options.router === true) args.push('--router')
  if (options.guePort !== undefined) args.push('--gue', String(options.guePort))
  const { stdout } = await run(join(rig, 'lan'), args)
  const topology = JSON.parse(stdout) as Topology
  const running = new Set<ChildProcess>()

  function spawn(
    namespace: string,
    command: string,
    args: readonly string[],
    options: SpawnOptions = {},
  ): ChildProcess {
    const child = spawnProcess('ip', ['netns', 'exec', namespace, command, ...args], options)
    running.add(child)
    child.once('exit', () => running.delete(child))
    return child
  }

  async function startServer(program: string, real: Host, port: number): Promise<WebServer> {
    const label = real.namespace.slice(name.length + 1)
    const child = spawn(real.namespace, process.execPath, [join(rig, program), label, String(port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await firstLine(child, 'listening')
    return { process: child, kill: () => kill(child) }
  }

  async function blackhole(real: Host, port: number): Promise<void> {
    const rules = `add table inet rig
      add chain inet rig input { type filter hook input priority 0; }
      add rule inet rig input tcp dport ${String(port)} drop`
    await nft(real, rules)
  }

  async function close(): Promise<void> {
    await Promise.all([...running].map(kill))
    await run(join(rig, 'lan'), ['down', name])
  }

  return {
    ...topology,
    spawn,
    webServer: (real, port) => startServer('web-server.mjs', real, port),
    echoServer: (real, port) => startServer('echo-server.mjs', real, port),
    blackhole,
    heal: (real) => nft(real, 'delete table inet rig'),
    close,
  }
}

async function nft(host: Host, rules: string): Promise<void> {
  await run('ip', ['netns', 'exec', host.namespace, 'nft', rules])
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

async function firstLine(child: ChildProcess, expected: string): Promise<void> {
  if (child.stdout === null) throw new TypeError('expected a child with a piped stdout, found none')
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === expected) return
    throw new Error(`expected the line '${expected}' of ${child.spawnargs.join(' ')}, found '${line}'`)
  }
  throw new Error(`expected the line '${expected}' of ${child.spawnargs.join(' ')}, found that it had ended`)
}
