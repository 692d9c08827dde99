/**
 * `ipvs doctor` finds nothing wrong where clients are served, finds what is broken, and its commands mend that. What it says of
 * forwarding, addresses and tunnels is shown by a client's requests.
 */
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { cli } from '../../lib/cli/cli.js'
import type { Finding } from '../../lib/cli/doctor/finding.js'
import type { DestinationSettings, Ipvs } from '../../lib/index.js'
import { createLan, type Addresses, type Host, type Lan } from '../../rig/lan.js'
import type { Fetch, Outcome } from './doctor.program.js'
import { openIn, run } from './namespace.js'

// With one real server each request shows whether that is reached.
const lan: Lan = await createLan({ reals: 1 })
t.teardown(() => lan.close())
const [director] = lan.directors as [Host]
const [real] = lan.reals as [Host]
const { vip } = lan.direct
const program = join(import.meta.dirname, 'test-kernel-doctor.program.mjs')

const inside = async ({ namespace }: Host, script: string) =>
  (await run('ip', ['netns', 'exec', namespace, 'bash', '-euc', script])).stdout

const asking = new Map<string, (question: unknown) => Promise<unknown>>()

/** Asks doctor.program.ts, which starts at the first question in that namespace. One question at a time. */
function ask(host: Host, question: unknown): Promise<unknown> {
  const { namespace } = host
  const known = asking.get(namespace)
  if (known) return known(question)
  const { stdin, stdout } = lan.spawn(namespace, process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] })
  if (!stdin || !stdout) throw new TypeError('expected a child with piped streams, found none')
  const answers = createInterface({ input: stdout })[Symbol.asyncIterator]()
  const first = async (question: unknown) => {
    stdin.write(`${JSON.stringify(question)}\n`)
    const next = await answers.next()
    if (next.done === true) throw new Error(`expected an answer in ${namespace}, found that the program had ended`)
    return JSON.parse(next.value) as unknown
  }
  asking.set(namespace, first)
  return first(question)
}

/** The findings from inside a host, as a user gets them. */
async function doctor(host: Host, ...args: readonly string[]): Promise<readonly Finding[]> {
  const { status, stdout, stderr } = (await ask(host, ['doctor', '--json', ...args])) as Outcome
  t.equal(stderr, '')
  const findings = JSON.parse(stdout) as Finding[]
  t.equal(status, findings.some(({ level }) => level === 'fail') ? 1 : 0, 'the status says whether something fails')
  return findings
}

const asRealServer = ['--real-server', vip.ipv4, '--real-server', vip.ipv6]
const isWrong = ({ level }: Finding) => level === 'fail' || level === 'warn'
const troubles = (findings: readonly Finding[]) =>
  findings.filter(isWrong).map(({ level, about }) => `${level} ${about}`)

/** What the findings say to do is done. */
async function mend(host: Host, findings: readonly Finding[]): Promise<void> {
  const fixes = findings.filter(isWrong).flatMap(({ fix }) => fix ?? [])
  if (fixes.length > 0) await inside(host, fixes.join('\n'))
}

const services = {
  'direct routing': [vip.ipv4, 80],
  'direct routing, IPv6': [vip.ipv6, 80],
  tunnels: [vip.ipv4, 81],
  'tunnels, IPv6': [vip.ipv6, 81],
  masquerading: [lan.masquerade.vip.ipv4, 80],
  'masquerading, IPv6': [lan.masquerade.vip.ipv6, 80],
} as const
type Name = keyof typeof services
const names = Object.keys(services) as Name[]

async function addServices(ipvs: Ipvs): Promise<void> {
  for (const name of names) {
    const [address, port] = services[name]
    const service = { protocol: 'tcp', address, port } as const
    const family: keyof Addresses = address.includes(':') ? 'ipv6' : 'ipv4'
    const settings: DestinationSettings = {
      forwarding: name.startsWith('direct') ? 'direct' : name.startsWith('tunnels') ? 'tunnel' : 'masquerade',
    }
    await ipvs.addService({ ...service, scheduler: 'rr' })
    await ipvs.addDestination(service, { address: real[family], port, ...settings })
  }
}

/** The names of those that do not answer the client. What should answer may take its time on a busy machine. */
async function unserved(expected: readonly Name[] = []): Promise<readonly Name[]> {
  const fetch = names.map((name) => {
    const [address, port] = services[name]
    return { address, port, timeoutMs: expected.includes(name) ? 3000 : 40_000 } satisfies Fetch
  })
  const answers = (await ask(lan.client, { fetch })) as readonly string[]
  return names.filter((_, i) => !answers[i]?.includes('real1'))
}

await Promise.all([lan.webServer(real, 80), lan.webServer(real, 81)])
const ipvs = await openIn(t, director.namespace)
await addServices(ipvs)

t.test('nothing is wrong where every client is served', async (t) => {
  t.same(await unserved(), [])
  t.same(troubles(await doctor(director)), [])
  t.same(troubles(await doctor(real, ...asRealServer)), [])
})

interface Fault {
  readonly name: string
  /** How to bring it about. */
  readonly by: string
  readonly found: readonly string[]
  /** What clients do not get then. Left out where that depends on who is asked first. */
  readonly unserved?: readonly Name[]
}

function showFaults(host: Host, args: readonly string[], faults: readonly Fault[]): void {
  for (const fault of faults) {
    t.test(`${fault.name} is found, and mended by the command that is given`, async (t) => {
      await inside(host, fault.by)
      if (fault.unserved) t.same(await unserved(fault.unserved), fault.unserved)
      const findings = await doctor(host, ...args)
      t.same(troubles(findings), fault.found)
      await mend(host, findings)
      // What is not mended is found once more with the next fault.
      t.same(await unserved(), [])
    })
  }
  t.test(`${host === real ? 'a real server' : 'a director'} that was mended is right`, async (t) =>
    t.same(troubles(await doctor(host, ...args)), []),
  )
}

const add6 = `ip address add ${vip.ipv6}/128 nodad preferred_lft 0 dev`
showFaults(
  director,
  [],
  [
    {
      name: 'a missing virtual address',
      by: `ip address del ${vip.ipv4}/32 dev eth0`,
      found: [`fail ${vip.ipv4}`],
      unserved: ['direct routing', 'tunnels'],
    },
    {
      name: 'an IPv6 address of which no neighbour is told',
      by: `ip address del ${vip.ipv6}/128 dev eth0; ${add6} lo; ip -n ${lan.client.namespace} neigh flush dev eth0`,
      found: [`warn ${vip.ipv6}`],
      unserved: ['direct routing, IPv6', 'tunnels, IPv6'],
    },
    {
      name: 'an IPv6 address that becomes the source of tunnels',
      by: `ip address del ${vip.ipv6}/128 dev eth0; ip address add ${vip.ipv6}/128 dev eth0 nodad`,
      found: [`warn ${vip.ipv6}`],
      unserved: ['tunnels, IPv6'],
    },
    {
      name: 'forwarding that is off',
      by: 'sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0',
      found: ['fail forwarding', 'fail forwarding'],
      unserved: ['masquerading', 'masquerading, IPv6'],
    },
    {
      name: 'a director that redirects real servers',
      by: 'sysctl -qw net.ipv4.conf.eth0.send_redirects=1',
      found: ['warn send_redirects'],
    },
  ],
)

showFaults(real, asRealServer, [
  {
    name: 'a real server that answers ARP for the virtual address',
    by: 'sysctl -qw net.ipv4.conf.all.arp_ignore=0',
    found: ['fail arp_ignore'],
  },
  {
    name: 'a real server that asks by ARP in the name of the virtual address',
    by: 'sysctl -qw net.ipv4.conf.all.arp_announce=0',
    found: ['fail arp_announce'],
  },
  {
    name: 'a real server without the virtual address',
    by: `ip address del ${vip.ipv4}/32 dev lo; ip address del ${vip.ipv6}/128 dev lo`,
    found: [`fail ${vip.ipv4}`, `fail ${vip.ipv6}`],
    unserved: ['direct routing', 'direct routing, IPv6', 'tunnels', 'tunnels, IPv6'],
  },
  {
    name: 'a real server with the virtual address where neighbours ask',
    by: `ip address del ${vip.ipv4}/32 dev lo; ip address add ${vip.ipv4}/32 dev eth0
         ip address del ${vip.ipv6}/128 dev lo; ${add6} eth0`,
    found: [`fail ${vip.ipv4}`, `fail ${vip.ipv6}`],
  },
  {
    name: 'a real server that takes the whole network for itself',
    by: `ip address del ${vip.ipv4}/32 dev lo; ip address add ${vip.ipv4}/24 dev lo`,
    found: [`fail ${vip.ipv4}`],
    unserved: ['direct routing', 'tunnels'],
  },
  {
    name: 'a tunnel that filters by the way back',
    by: 'sysctl -qw net.ipv4.conf.tunl0.rp_filter=2',
    found: ['fail rp_filter'],
    unserved: ['tunnels'],
  },
])

t.test('a backup daemon that makes a master idle is found', async (t) => {
  for (const role of ['master', 'backup'] as const) await ipvs.startSyncDaemon({ role, interface: 'eth0', syncId: 1 })
  await inside(director, 'sysctl -qw net.ipv4.vs.backup_only=1')
  t.same(await unserved(names), names)
  const findings = await doctor(director)
  t.same(troubles(findings), ['fail backup_only'])
  await mend(director, findings)
  t.same(await unserved(), [])
  for (const role of ['master', 'backup'] as const) await ipvs.stopSyncDaemon(role)
})

t.test('from outside of the namespace most of it is seen, and the commands are for inside', async (t) => {
  const look = async () => {
    let stdout = ''
    const status = await cli(['doctor', '--json', '--namespace', director.namespace], {
      stdin: (async function* () {})(),
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => t.fail(text) },
      env: {},
      signal: new AbortController().signal,
      open: async (namespace) => openIn(t, namespace ?? ''),
    })
    return { status, findings: JSON.parse(stdout) as Finding[] }
  }
  const right = await look()
  t.equal(right.status, 0)
  t.same(troubles(right.findings), [])
  await inside(director, `sysctl -qw net.ipv4.ip_forward=0; ip address del ${vip.ipv4}/32 dev eth0`)
  const { status, findings } = await look()
  t.equal(status, 1)
  t.same(troubles(findings), [`fail ${vip.ipv4}`, 'fail forwarding'])
  for (const { fix = '' } of findings.filter(isWrong)) await run('bash', ['-euc', fix])
  t.same(await unserved(), [])
})

t.test('a namespace without any address refuses IPv4 real servers until lo is up', async (t) => {
  const namespace = `bare-${process.pid}`
  await run('ip', ['netns', 'add', namespace])
  t.teardown(() => run('ip', ['netns', 'delete', namespace]))
  const bare = await openIn(t, namespace)
  const service = { protocol: 'tcp', address: vip.ipv4, port: 80 } as const
  await bare.addService({ ...service, scheduler: 'rr' })
  const add = () => bare.addDestination(service, { address: real.ipv4, port: 80, forwarding: 'direct' })
  await t.rejects(add(), { code: 'IPVS_REJECTED', errnoName: 'EINVAL' })
  const host = { ...director, namespace }
  const lo = (await doctor(host)).filter(({ about }) => about === 'lo')
  t.match(lo, [{ level: 'fail' }])
  await mend(host, lo)
  await add()
})

t.test('a user without the capability is told of that', async (t) => {
  const drop = 'setpriv --reuid=65534 --clear-groups --bounding-set=-all'
  const script = `${drop} ${process.execPath} ${program} doctor --json || echo "status $?"`
  const [json = '', status] = (await inside(director, script)).split('status ')
  t.equal(status, '1\n')
  t.same(troubles(JSON.parse(json) as Finding[]), ['fail CAP_NET_ADMIN'])
})
