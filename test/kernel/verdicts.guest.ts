/**
 * Each row of docs/verdicts.md, provoked: by rules of nft, links that are down, routes, exhausted ports and descriptors, a loop that
 * stands still. What no rule provokes is injected into the system call by strace. The page has the expected verdicts.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createLan, type Host } from '../../rig/lan.js'
import type { Verdict } from '../../lib/health/index.js'
import { run } from './namespace.js'
import { type Order, byConnector, documentedRows, isDatagram, ports } from './verdicts.js'

/** For silence; for what takes the kernel its three seconds; and for what comes by itself, in an emulated guest. */
const shortMs = 1_500
const longMs = 8_000
const patienceMs = 30_000

const lan = await createLan({ reals: 3 })
t.teardown(() => lan.close())
const [director] = lan.directors as [Host]
const [server, dead, forgotten] = lan.reals as [Host, Host, Host]
const program = `${import.meta.dirname}/test-kernel-verdicts.program.mjs`

// ── the two ends ──

async function start(host: Host, word: string): Promise<ChildProcess> {
  const child = lan.spawn(host.namespace, process.execPath, [program, word], { stdio: ['pipe', 'pipe', 'inherit'] })
  if (child.stdout) await once(child.stdout, 'data')
  return child
}
const [, checker] = await Promise.all([start(server, 'serve'), start(director, 'check')])

const answers = new Map<number, (verdict: Verdict) => void>()
if (checker.stdout) {
  createInterface({ input: checker.stdout }).on('line', (line) => {
    const { id, verdict } = JSON.parse(line) as { id: number; verdict: Verdict }
    answers.get(id)?.(verdict)
  })
}
let orders = 0
function check(order: Omit<Order, 'id'>): Promise<Verdict> {
  const id = ++orders
  checker.stdin?.write(`${JSON.stringify({ ...order, id })}\n`)
  return new Promise((resolve) => answers.set(id, resolve))
}

// ── the rows ──

const documented = new Map(documentedRows('Kernel').map((row) => [row.situation, row]))
const tested = new Set<string>()

interface Provocation extends Partial<Pick<Order, 'timeoutMs' | 'blockMs' | 'stall' | 'withdraw'>> {
  readonly address?: string
  readonly port?: number
}

/** Carries out every check for which the page has a verdict, at the same time, and compares. */
async function row(t: Test, situation: string, provocation: Provocation = {}): Promise<void> {
  const { address = server.ipv4, port = ports.silent, ...how } = provocation
  tested.add(situation)
  const expected = documented.get(situation)
  if (!expected) return void t.fail(`expected the row '${situation}' in docs/verdicts.md, found none`)
  const { tcp } = expected.verdicts
  const verdicts = { ...expected.verdicts, ...(tcp !== undefined && { [byConnector]: tcp }) }
  await Promise.all(
    Object.entries(verdicts).map(async ([type, words]) => {
      const timeoutMs = words === 'fail timeout' ? shortMs : patienceMs
      const verdict = await check({ type, to: { address, port }, timeoutMs, ...how })
      const found = verdict.outcome === 'pass' ? 'pass' : `${verdict.outcome} ${verdict.reason}`
      const detail = verdict.outcome === 'pass' ? '' : (verdict.detail ?? '')
      t.equal(found, words, `${situation}: ${type} (${detail})`)
      const code = expected.codes[type === byConnector ? 'tcp' : type]
      // UDP hears of some errors as silence only; Node.js calls a reset that it expected to be an answer so.
      const told = !/ARP|link of|socket hang up/.test(detail) && !(isDatagram(type) && found === 'fail timeout')
      if (code !== undefined && told) t.match(detail, code, `${situation}: ${type}`)
    }),
  )
}

// ── what the rig does to the LAN ──

const ip = (namespace: string, ...words: string[]) => run('ip', ['-n', namespace, ...words])
const switchPort = (host: Host, state: 'up' | 'down') =>
  ip(`${lan.name}-switch`, 'link', 'set', host.namespace.slice(lan.name.length + 1), state)
async function within(host: Host, command: string): Promise<void> {
  await run('ip', ['netns', 'exec', host.namespace, 'busybox', 'sh', '-euc', command])
}
const nft = (host: Host, rules: string) => run('ip', ['netns', 'exec', host.namespace, 'nft', rules])

const dropped = 1100
const reset = 1101
/** What nft rejects with, by the port that is rejected. */
const rejections = [
  ['ipv4', 'net-unreachable'],
  ['ipv4', 'host-unreachable'],
  ['ipv4', 'prot-unreachable'],
  ['ipv4', 'port-unreachable'],
  ['ipv4', '7'],
  ['ipv4', '8'],
  ['ipv4', 'net-prohibited'],
  ['ipv4', 'host-prohibited'],
  ['ipv4', 'admin-prohibited'],
  ['ipv6', 'no-route'],
  ['ipv6', 'admin-prohibited'],
  ['ipv6', 'addr-unreachable'],
  ['ipv6', 'port-unreachable'],
  ['ipv6', 'policy-fail'],
  ['ipv6', 'reject-route'],
] as const
const icmp = { ipv4: 'icmp', ipv6: 'icmpv6' }
const rejecting = rejections.map(([family, code], i) => ({ family, code, port: 1200 + i }))

await nft(
  server,
  `add table inet rig
  add chain inet rig input { type filter hook input priority 0; }
  add rule inet rig input meta l4proto { tcp, udp } th dport ${dropped} drop
  add rule inet rig input tcp dport ${reset} reject with tcp reset
  ${rejecting
    .map(
      ({ family, code, port }) =>
        `add rule inet rig input meta nfproto ${family} meta l4proto { tcp, udp } th dport ${port} reject with ${icmp[family]} ${code}`,
    )
    .join('\n')}`,
)
// The kernel holds back ICMP errors that come too fast; then there is silence.
const talkative = 'echo 0 >/proc/sys/net/ipv4/icmp_ratelimit; echo 0 >/proc/sys/net/ipv6/icmp/ratelimit'
await Promise.all([within(server, talkative), within(director, talkative)])

t.test('what the target answers, or does not', async (t) => {
  await row(t, 'the port is closed', { port: ports.closed })
  await within(director, 'echo 1 >/proc/sys/net/ipv4/tcp_syn_retries')
  await Promise.all([
    row(t, 'nft: reject with tcp reset', { port: reset }),
    row(t, 'accepts and says nothing'),
    row(t, 'resets the connection once it stands', { port: ports.resets }),
    row(t, 'a blackhole: nft drop', { port: dropped }),
    row(t, 'the kernel gives up sending', { port: dropped, timeoutMs: patienceMs }),
  ])
  await within(director, 'echo 6 >/proc/sys/net/ipv4/tcp_syn_retries')
  await row(t, 'ends and resets it at once', { port: ports.endsAndResets, blockMs: 1_000 })
})

t.test('what ICMP says', async (t) => {
  const rowOf = ({ family, code, port }: (typeof rejecting)[number]) =>
    row(t, `nft: reject with ${icmp[family]} ${code}`, { address: server[family], port })
  const isSilent = ({ family, code }: (typeof rejecting)[number]) =>
    documented.get(`nft: reject with ${icmp[family]} ${code}`)?.verdicts['udp'] === 'fail timeout'
  // One after the other: the kernel sends 50 errors at once, and nobody repeats a datagram.
  for (const rejection of rejecting) if (!isSilent(rejection)) await rowOf(rejection)
  await Promise.all(rejecting.filter(isSilent).map(rowOf))
})

t.test('pings', async (t) => {
  const hook = (host: Host, name: string) =>
    nft(host, `add chain inet rig echo { type filter hook ${name} priority 0; }`)
  const echoes = (host: Host, verdict: string) =>
    nft(
      host,
      `flush chain inet rig echo
      add rule inet rig echo icmp type echo-request ${verdict}
      add rule inet rig echo icmpv6 type echo-request ${verdict}`,
    )
  await row(t, 'the host answers')
  await hook(server, 'input')
  await echoes(server, 'drop')
  await row(t, 'nft: drop of echo requests', { timeoutMs: shortMs })
  for (const { family, code } of rejecting) {
    await nft(
      server,
      `flush chain inet rig echo; add rule inet rig echo ${icmp[family]} type echo-request reject with ${icmp[family]} ${code}`,
    )
    await row(t, `echo requests: reject with ${icmp[family]} ${code}`, { address: server[family] })
  }
  await nft(server, 'flush chain inet rig echo')
  await nft(director, 'add table inet rig')
  await hook(director, 'output')
  await echoes(director, 'drop')
  await row(t, 'nft here: drop of echo requests')
  await echoes(director, 'reject with icmpx admin-prohibited')
  await row(t, 'nft here: reject of echo requests with icmpx admin-prohibited')
  await nft(director, 'flush chain inet rig echo')
})

t.test('dead hosts', async (t) => {
  // One that is still in the table of neighbours, and one that is not.
  await Promise.all([forgotten, dead].map((host) => switchPort(host, 'down')))
  const reachable = ['lladdr', '02:00:00:00:00:01', 'dev', 'eth0', 'nud', 'reachable']
  await ip(director.namespace, 'neigh', 'replace', forgotten.ipv4, ...reachable)
  const attempts = '/proc/sys/net/ipv6/neigh/eth0/mcast_solicit'
  await within(director, `echo 60 >${attempts}`)
  await Promise.all([
    row(t, 'a dead host, which its neighbours have not missed yet', { address: forgotten.ipv4 }),
    row(t, 'a dead host: link down, IPv4', { address: dead.ipv4, timeoutMs: shortMs }),
    row(t, 'a dead host: link down, IPv6', { address: dead.ipv6 }),
  ])
  await within(director, `echo 3 >${attempts}`)
  await ip(director.namespace, 'neigh', 'flush', 'dev', 'eth0')
  await Promise.all([
    row(t, 'the same, timeout above 3 s, IPv4', { address: dead.ipv4, timeoutMs: longMs }),
    row(t, 'the same, timeout above 3 s, IPv6', { address: dead.ipv6, timeoutMs: longMs }),
  ])
})

t.test("this host's own routes and firewall", async (t) => {
  const routes = ['unreachable', 'prohibit', 'blackhole'] as const
  for (const [i, type] of routes.entries()) {
    await ip(director.namespace, 'route', 'add', type, `203.0.113.${i + 1}`)
    await ip(director.namespace, '-6', 'route', 'add', type, `2001:db8:9::${i + 1}`)
    await row(t, `ip route add ${type}`, { address: `203.0.113.${i + 1}` })
    await row(t, `ip -6 route add ${type}`, { address: `2001:db8:9::${i + 1}` })
  }
  await row(t, 'no route', { address: '203.0.113.9' })
  await row(t, 'no route, IPv6', { address: '2001:db8:9::9' })
  await nft(
    director,
    `add table inet rig
    add chain inet rig output { type filter hook output priority 0; }
    add rule inet rig output meta l4proto { tcp, udp } th dport 1301 drop
    add rule inet rig output meta l4proto { tcp, udp } th dport 1302 reject with icmpx admin-prohibited`,
  )
  await Promise.all([
    row(t, 'nft here: drop', { port: 1301 }),
    row(t, 'nft here: reject with icmpx admin-prohibited', { port: 1302 }),
  ])
})

t.test('what this host lacks', async (t) => {
  const pid = String(checker.pid)
  // `ip netns exec` executes the program in its own place: the process is node.
  await run('prlimit', ['--pid', pid, '--nofile=3:'])
  await row(t, 'no descriptor left in the process')
  await run('prlimit', ['--pid', pid, '--nofile=1024:'])

  const range = '/proc/sys/net/ipv4/ip_local_port_range'
  await within(director, `cat ${range} >/tmp/verdicts-range; echo 40000 40000 >${range}`)
  // Both hold the one port that there is for longer than the others try.
  const holders = ['http', 'udp'].map((type) =>
    check({ type, to: { address: server.ipv4, port: ports.silent }, timeoutMs: 2 * shortMs }),
  )
  await sleep(500)
  await row(t, 'no port left')
  await Promise.all(holders)
  await within(director, `cat /tmp/verdicts-range >${range}`)

  for (const [syscalls, code] of [
    ['socket', 'ENFILE'],
    ['socket', 'ENOMEM'],
    ['socket', 'EAFNOSUPPORT'],
    ['connect', 'ENOBUFS'],
    ['connect', 'ENETDOWN'],
    ['connect', 'EPERM'],
  ] as const) {
    const options = ['-p', pid, '-e', `trace=${syscalls}`, '-e', `inject=${syscalls}:error=${code}`, '-o', '/dev/null']
    const strace = spawn('strace', options, { stdio: ['ignore', 'ignore', 'pipe'] })
    await once(strace.stderr, 'data') // "attached"
    await row(t, `${syscalls}(2) gives ${code}`)
    strace.kill('SIGINT')
    await once(strace, 'exit')
  }
})

t.test('the check itself', async (t) => {
  await Promise.all([row(t, 'the check is withdrawn', { withdraw: true })])
  await row(t, 'the event loop stands still', { stall: true, port: dropped, timeoutMs: 500 })
})

t.test("this host's own link", async (t) => {
  const lost = row(t, 'own link: carrier lost during the check', { timeoutMs: longMs })
  await sleep(shortMs)
  await switchPort(director, 'down')
  await Promise.all([
    lost,
    row(t, 'own link without a carrier', { timeoutMs: shortMs }),
    row(t, 'own link without a carrier, IPv6', { address: server.ipv6, timeoutMs: shortMs }),
    row(t, 'own link without a carrier, timeout above 3 s', { timeoutMs: longMs, address: dead.ipv4 }),
  ])
  await ip(director.namespace, 'link', 'set', 'eth0', 'down')
  await row(t, 'own link set down')
  await row(t, 'own link set down, IPv6', { address: server.ipv6 })
})

t.test('each row of docs/verdicts.md has been provoked, and nothing else', async (t) => {
  t.same([...tested].sort(), [...documented.keys()].sort())
  checker.stdin?.end()
})
