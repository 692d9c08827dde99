/** Who is compared: each with the same service, the same three real servers and the same times, as far as it has such a knob. */
import { execFileSync, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeConfig, type CheckTimes } from '../../rig/cluster.js'
import type { Host, Lan } from '../../rig/lan.js'

export interface Running {
  /** The end of what it has said, for whoever wants to know why it failed. */
  said(): string
  ended(): boolean
  readonly pid: number
}

export interface Contestant {
  readonly name: string
  readonly version: string
  start(lan: Lan, director: Host): Promise<Running>
}

/** What all of them are told. A second is the shortest that ldirectord knows; one pass is all that the other two ask for. */
export const times: CheckTimes = { intervalMs: 1000, fastMs: 1000, timeoutMs: 1000, fall: 2 }
const seconds = (ms: number) => String(ms / 1000)

export const contestants: readonly Contestant[] = [
  ours('ipvs-failover', true),
  ours('ipvs-failover, without tripwire', false),
  keepalived(),
  ldirectord(),
]

const program = join(import.meta.dirname, 'test-proof-failover.program.mjs')

/** Its timeout has to be shorter than its interval: by a millisecond. */
function ours(name: string, tripwire: boolean): Contestant {
  // A server that goes up and down so often would be kept out for a while; the others do not do that.
  const yaml = ({ direct, name, reals }: Lan) => `controlSocket: /run/${name}.sock
services:
  - virtual: ${direct.vip.ipv4}:80
    scheduler: rr
    forwarding: direct
    flapping: false
    servers: [${reals.map(({ ipv4 }) => ipv4).join(', ')}]
    check:
      type: http
      status: 200
      interval: ${times.intervalMs}ms
      fastInterval: ${times.fastMs}ms
      timeout: ${times.timeoutMs - 1}ms
      jitter: 0ms
      rise: 1
      fall: ${times.fall}
      tripwire: ${String(tripwire)}
`
  return {
    name,
    version: (JSON.parse(readFileSync('examples/failover-daemon/package.json', 'utf8')) as { version: string }).version,
    async start(lan, director) {
      const config = await writeConfig(yaml(lan))
      return follow(lan.spawn(director.namespace, process.execPath, [program, 'run', '-c', config], piped))
    },
  }
}

function keepalived(): Contestant {
  const server = ({ ipv4 }: Host) => `  real_server ${ipv4} 80 {
    HTTP_GET {
      fast_recovery
      url {
        path /
        status_code 200
      }
    }
  }
`
  const file = ({ direct, reals }: Lan) => `virtual_server ${direct.vip.ipv4} 80 {
  lvs_sched rr
  lvs_method DR
  protocol TCP
  delay_loop ${seconds(times.intervalMs)}
  delay_before_retry ${seconds(times.fastMs)}
  connect_timeout ${seconds(times.timeoutMs)}
  retry ${times.fall - 1}
${reals.map(server).join('')}}
`
  return {
    name: 'keepalived',
    version: execFileSync('dpkg-query', ['-W', '-f', '${Version}', 'keepalived'], { encoding: 'utf8' }),
    start(lan, director) {
      const config = written('keepalived.conf', file(lan))
      const options = ['-n', '-l', '-C', '-p', `${config}.pid`, '-c', `${config}.checkers`, '-f', config]
      return Promise.resolve(follow(lan.spawn(director.namespace, 'keepalived', options, piped)))
    },
  }
}

/** Without an interval of its own for retries: failures, too, are `checkinterval` apart. */
function ldirectord(): Contestant {
  const cache =
    process.env['NODE_IPVS_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'ipvs-rig')
  const unpacked = join(cache, 'ldirectord')
  const compiled = (folder: string) => readdirSync(join(unpacked, folder)).map((name) => join(unpacked, folder, name))
  const file = ({ direct, reals }: Lan) => `checkinterval = ${seconds(times.intervalMs)}
checktimeout = ${seconds(times.timeoutMs)}
negotiatetimeout = ${seconds(times.timeoutMs)}
failurecount = ${times.fall}
quiescent = no
supervised = yes
virtual = ${direct.vip.ipv4}:80
${reals.map(({ ipv4 }) => `\treal = ${ipv4}:80 gate\n`).join('')}\tservice = http
\tchecktype = negotiate
\trequest = "/"
\treceive = "real"
\tscheduler = rr
\tprotocol = tcp
`
  const packages = readFileSync(join(unpacked, 'packages'), 'utf8')
  return {
    name: 'ldirectord',
    version: decodeURIComponent(/^ldirectord_([^_]*)/m.exec(packages)?.[1] ?? 'unknown'),
    start(lan, director) {
      const config = written('ldirectord.cf', file(lan))
      const modules = [join(unpacked, 'usr/share/perl5'), ...compiled('usr/lib/x86_64-linux-gnu/perl5')]
      // Without PERLIO it starts itself a second time, to set it.
      const env = { ...process.env, PERL5LIB: modules.join(':'), PERLIO: 'perlio' }
      const words = [join(unpacked, 'usr/sbin/ldirectord'), config, 'start']
      return Promise.resolve(follow(lan.spawn(director.namespace, 'perl', words, { ...piped, env })))
    },
  }
}

const piped: SpawnOptions = { stdio: ['ignore', 'pipe', 'pipe'] }
const kept = 4000

function follow(child: ChildProcess): Running {
  let text = ''
  const hear = (chunk: Buffer) => (text = (text + chunk.toString()).slice(-kept))
  child.stdout?.on('data', hear)
  child.stderr?.on('data', hear)
  const ended = () => child.exitCode !== null || child.signalCode !== null
  return { said: () => text, ended, pid: child.pid ?? 0 }
}

/** Writes a file into a folder of its own. */
function written(name: string, text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'contestant-')), name)
  writeFileSync(file, text)
  return file
}
