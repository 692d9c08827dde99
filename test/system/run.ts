/** Runs the programs of this folder, each in a network namespace of its own. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '..')
// One level below the root: lib/addon.ts looks for the addons in the folder above its own.
const program = join(root, '.bundle', 'system-program.mjs')
const execute = promisify(execFile)
const patienceMs = 100_000
/** Not tap's loader. The others are those of `node test/run.mjs asan`. */
const inherited = ['PATH', 'LD_PRELOAD', 'ASAN_OPTIONS', 'UBSAN_OPTIONS']

export async function bundleProgram(): Promise<void> {
  await execute(process.execPath, ['rig/bundle.mjs', 'test/system/program.ts', program], { cwd: root })
}

interface Ended {
  readonly status: number | null
  readonly signal: string | null
  readonly output: string
  readonly errors: string
}

const shut = 'sysctl -qw net.ipv4.ping_group_range="1 0"'
/** What the kernel allows: SOCK_DGRAM, SOCK_RAW, or neither. */
export const allowed = {
  datagram: ['sysctl -qw net.ipv4.ping_group_range="0 2147483647"', ''],
  raw: [shut, ''],
  nothing: [shut, 'setpriv --bounding-set=-net_raw --inh-caps=-net_raw'],
} as const

/** Runs a scenario to its end. One that hangs is killed, which its signal tells. */
export async function run(scenario: string, kind: keyof typeof allowed = 'raw', prepare = ':'): Promise<Ended> {
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user']
  const [sysctl, limit] = allowed[kind]
  const script = `ip link set lo up; ${sysctl}; ${prepare}; exec ${limit} "$@"`
  const node = [process.execPath, '--expose-gc', program, scenario, kind]
  // The tools of the preparation are not what is under the sanitizers.
  const env = Object.fromEntries(inherited.map((name) => [name, process.env[name]]))
  const { LD_PRELOAD, ...tools } = env
  const preload = LD_PRELOAD === undefined ? [] : ['env', `LD_PRELOAD=${LD_PRELOAD}`]
  const words = [...asRoot, '--net', 'sh', '-euc', script, 'sh', ...preload, ...node]
  const options = { env: tools, cwd: root, timeout: patienceMs, killSignal: 'SIGKILL' } as const
  return new Promise((resolve) => {
    execFile('unshare', words, options, (error, output, errors) => {
      const { code = 0, signal = null } = (error ?? {}) as { code?: number; signal?: string }
      resolve({ status: signal === null ? code : null, signal, output, errors })
    })
  })
}

/** How a scenario whose assertions hold ends. */
export const well = { status: 0, signal: null, errors: '' }

/** An address with a neighbour that swallows everything. */
export const oneSilent = [
  'ip link add v0 type veth peer name v1',
  'ip address add 198.51.100.1/24 dev v0',
  'ip neighbour add 198.51.100.2 lladdr 02:00:00:00:00:02 dev v0',
  'ip link set v0 up',
  'ip link set v1 up',
].join('; ')

/** Addresses without a neighbour that has them, and routes that lead nowhere. */
export const nowhere = [
  'ip link add v0 type veth peer name v1',
  'sysctl -qw net.ipv4.neigh.v0.retrans_time_ms=10 net.ipv6.neigh.v0.retrans_time_ms=10',
  'ip address add 198.51.100.1/24 dev v0',
  'ip address add 2001:db8::1/64 dev v0 nodad',
  'ip link set v0 up',
  'ip link set v1 up',
  'ip route add unreachable 203.0.113.0/24',
  'ip route add blackhole 192.0.2.0/25',
  'ip route add prohibit 192.0.2.128/25',
  'ip -6 route add blackhole 2001:db8:1::/64',
].join('; ')
