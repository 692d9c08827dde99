/** What `ipvs top`, `ipvs connections` and `ipvs list --watch` show under real traffic is what the kernel has. */
import t, { type Test } from 'tap'
import { cli } from '../../lib/cli/cli.js'
import { short } from '../../lib/cli/top/figures.js'
import type { Change, Connection, Ipvs, ServiceKey } from '../../lib/index.js'
import { createLan, type Host, type Lan } from '../../rig/lan.js'
import { ipvsadm, list } from './ipvsadm.js'
import { openIn, run } from './namespace.js'

const lan: Lan = await createLan({ reals: 2 })
t.teardown(() => lan.close())
const [director] = lan.directors as [Host]
const reals = lan.reals as readonly [Host, Host]
await Promise.all(reals.map((real) => lan.webServer(real, 80)))
const { vip, client } = lan.masquerade

const web: ServiceKey = { protocol: 'tcp', address: vip.ipv4, port: 80 }
const web6: ServiceKey = { protocol: 'tcp', address: vip.ipv6, port: 80 }
const dns: ServiceKey = { protocol: 'udp', address: vip.ipv4, port: 53 }
const mark: ServiceKey = { firewallMark: 7, family: 'ipv4' }

const inNamespace = async ({ namespace }: Host, script: string) =>
  (await run('ip', ['netns', 'exec', namespace, 'bash', '-euc', script])).stdout

/** So many requests, one after another; the answers come back by the director. */
const requests = (address: string, count: number) =>
  `for ((i = 0; i < ${count}; i++)); do
     exec 3<>/dev/tcp/${address}/80; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; mapfile -t -u 3; exec 3>&-
   done`
/** A datagram from each of so many ports. */
const datagrams = (port: number, count: number) =>
  `for ((i = 0; i < ${count}; i++)); do exec 3<>/dev/udp/${vip.ipv4}/${port}; echo hello >&3; exec 3>&-; done`

/** Services of each kind, and what clients did with them. */
async function makeTraffic(ipvs: Ipvs): Promise<void> {
  await ipvs.flush()
  for (const [service, family] of [
    [web, 'ipv4'],
    [web6, 'ipv6'],
    [dns, 'ipv4'],
    [mark, 'ipv4'],
  ] as const) {
    const persistence = service === mark || service === dns ? { persistence: { timeoutSeconds: 300 } } : {}
    await ipvs.addService({ ...service, scheduler: 'rr', ...persistence })
    for (const real of reals) {
      await ipvs.addDestination(service, { address: real[family], port: service.port ?? 0, forwarding: 'masquerade' })
    }
  }
  await inNamespace(
    director,
    `nft 'add table ip marks; add chain ip marks in { type filter hook prerouting priority mangle; };
          flush chain ip marks in; add rule ip marks in ip daddr ${vip.ipv4} udp dport 54 meta mark set 7'`,
  )
  const traffic = [datagrams(53, 7), datagrams(54, 2), requests(vip.ipv6, 10), requests(vip.ipv4, 20)]
  await inNamespace(lan.client, traffic.join('\n'))
}

/** `ipvs ...` on the director: what it writes comes as lines, until `end()`. */
function start(t: Test, ...args: string[]) {
  const ending = new AbortController()
  const text = { out: '', err: '' }
  const waiting = new Set<() => void>()
  const stdout = {
    write(some: string) {
      text.out += some
      for (const wake of waiting) wake()
    },
  }
  const io = {
    stdin: (async function* () {})(),
    stdout,
    stderr: { write: (some: string) => (text.err += some) },
    env: {},
    signal: ending.signal,
    open: async () => openIn(t, director.namespace),
  }
  const ended = cli(args, io)
  const lines = () => text.out.split('\n').slice(0, -1)
  return {
    lines,
    ended,
    end: () => ending.abort(new Error('enough')),
    /** Resolves when there are so many lines. */
    async until(count: number): Promise<void> {
      while (lines().length < count) {
        const more = new Promise<void>((resolve) => waiting.add(resolve))
        const failed = ended.then((status) => Promise.reject(new Error(`ended with status ${status}: ${text.err}`)))
        await Promise.race([more, failed])
      }
    },
  }
}

async function linesOf(t: Test, ...args: string[]): Promise<readonly string[]> {
  const { ended, lines } = start(t, ...args)
  t.equal(await ended, 0, args.join(' '))
  return lines()
}

/** A reading that nothing changed meanwhile, by what `also` reads before and after it. */
async function steadily<T>(also: () => Promise<string>, read: () => Promise<T>): Promise<readonly [T, string]> {
  for (;;) {
    const before = await also()
    const found = await read()
    if ((await also()) === before) return [found, before]
  }
}

/** The numbers that ipvsadm has for each service and server, by the words of `ipvs top`. */
function numbersOf(listing: string): ReadonlyMap<string, readonly number[]> {
  const rows = new Map<string, readonly number[]>()
  let service = ''
  for (const line of listing.split('\n')) {
    const [, kind, name = '', rest = ''] = /^(TCP|UDP|FWM| {2}->) +(\S+)(.*)$/.exec(line) ?? []
    const numbers = rest.match(/\b[0-9]+\b/g)?.map(Number) ?? []
    if (kind === undefined || name.startsWith('Remote')) continue
    if (kind.includes('->')) rows.set(`${service} ${name}`, numbers)
    else rows.set((service = kind === 'FWM' ? `mark/${name}` : `${kind.toLowerCase()}/${name}`), numbers)
  }
  return rows
}

/** The rows of `ipvs top`, by service and server: seven numbers as they are shown. */
function rowsOf(frame: readonly string[]): ReadonlyMap<string, readonly string[]> {
  let service = ''
  return new Map(
    frame.slice(3).map((line) => {
      const [name = '', ...cells] = line.trim().split(/ +/)
      if (!line.startsWith(' ')) service = name
      return [line.startsWith(' ') ? `${service} ${name}` : name, cells.slice(0, 7)]
    }),
  )
}

t.test("top's numbers are the kernel's, for every service and server", async (t) => {
  const ipvs = await openIn(t, director.namespace)
  await makeTraffic(ipvs)
  // Averages come every 2 s, and fade; without estimation they stay.
  const isCounted = async () => Object.values((await ipvs.service(web))?.stats.rate ?? {}).every((rate) => rate > 0)
  while (!(await isCounted())) await new Promise((resolve) => setTimeout(resolve, 100))
  await inNamespace(director, 'sysctl -qw net.ipv4.vs.run_estimation=0')

  const ipvsadmsRates = () => list(director.namespace, '-Ln', '--rate', '--exact')
  const ipvsadmsCounts = () => list(director.namespace, '-Ln')
  const both = async () => `${await ipvsadmsRates()}\0${await ipvsadmsCounts()}`
  const [frame, listings] = await steadily(both, () => linesOf(t, 'top', '--count', '1'))
  const [rates = '', counts = ''] = listings.split('\0')
  const [rateOf, countOf] = [numbersOf(rates), numbersOf(counts)]
  const rows = rowsOf(frame)
  t.same([...rows.keys()].sort(), ['total', ...rateOf.keys()].sort(), 'all of them')
  const sums = [0, 0, 0, 0, 0, 0, 0]
  for (const [name, numbers] of rateOf) {
    const isService = !name.includes(' ')
    const servers = [...countOf].filter(([other]) => other === name || (isService && other.startsWith(`${name} `)))
    // Weight, active, inactive: a service has the sum of its servers.
    const open = [1, 2].map((i) => servers.reduce((sum, [, counted]) => sum + (counted[i] ?? 0), 0))
    const expected = [...numbers, ...open]
    t.same(rows.get(name), expected.map(short), name)
    if (isService) expected.forEach((value, i) => (sums[i] = (sums[i] ?? 0) + value))
  }
  t.same(rows.get('total'), sums.map(short))
  t.ok(
    rateOf.get(`tcp/${vip.ipv4}:80`)?.every((rate) => rate > 0),
    'there was traffic, both ways',
  )
  t.ok(sums[6] && sums[6] >= 30, 'and connections of it are left')
  t.match(frame[0], /4 services, 8 servers/)
  const sorted = await linesOf(t, 'top', '--count', '1', '--sort', 'connections')
  t.match(sorted[4], `tcp/${vip.ipv4}:80`, 'the busiest first')
})

/** A line of `ipvsadm -Lnc` as `ipvs connections` has it, without the expiry. */
function fromIpvsadm(line: string): readonly string[] {
  const [protocol = '', , state = '', source = '', virtual = '', server = ''] = line.trim().split(/ +/)
  const isMark = protocol === 'IP'
  const service = isMark ? `mark/${Number(/\.(\d+):/.exec(virtual)?.[1])}` : `${protocol.toLowerCase()}/${virtual}`
  return [state, source, service, server, ...(source.endsWith(':0') ? ['template'] : [])]
}

function fromOurs(line: string): readonly string[] {
  const [state = '', , ...rest] = line.trim().split(/ +/)
  return [state, ...rest]
}

const inOrder = (rows: readonly (readonly string[])[]) => rows.map((row) => row.join(' ')).sort()

t.test('connections are those of the kernel, and filters choose among them', async (t) => {
  await makeTraffic(await openIn(t, director.namespace))
  const kernels = async () => {
    const lines = (await list(director.namespace, '-Lnc')).split('\n').slice(2, -1)
    return inOrder(lines.map(fromIpvsadm)).join('\n')
  }
  const read = async (...args: string[]) => (await linesOf(t, 'connections', ...args)).slice(1)
  const [lines, listing] = await steadily(kernels, () => read())
  const expected = listing.split('\n')
  t.same(inOrder(lines.map(fromOurs)), expected)
  t.ok(expected.length >= 20 + 10 + 7 + 2 + 2, 'with two templates')
  t.ok(
    lines.every((line) => /^\S+ +[0-9]:[0-5][0-9] /.test(line)),
    'all expire within ten minutes',
  )

  const chosen: Readonly<Record<string, (row: string) => boolean>> = {
    'protocol=udp': (row) => row.includes(' udp/'),
    [`service=tcp/[${vip.ipv6}]:80`]: (row) => row.includes(` tcp/[${vip.ipv6}]:80 `),
    [`service=${vip.ipv4}:53`]: (row) => row.includes(`/${vip.ipv4}:53 `),
    'service=mark/7': (row) => row.includes(' mark/7 '),
    [`server=${reals[0].ipv4}`]: (row) => row.includes(` ${reals[0].ipv4}:`),
    [`client=${client.ipv4}/32`]: (row) => row.includes(` ${client.ipv4}:`),
    'client=2001:db8::/32': (row) => row.includes(' [2001:db8:'),
    'state=UDP': (row) => row.startsWith('UDP '),
    'template=yes': (row) => row.endsWith(' template'),
  }
  const [found, whole] = await steadily(kernels, async () => {
    const found: (readonly [filter: string, some: readonly string[], others: readonly string[]])[] = []
    for (const filter of Object.keys(chosen)) {
      found.push([filter, await read('--filter', filter), await read('--filter', filter.replace('=', '!='))])
    }
    return found
  })
  for (const [filter, some, others] of found) {
    const isChosen = chosen[filter] ?? (() => false)
    const rows = whole.split('\n')
    t.same(inOrder(some.map(fromOurs)), rows.filter(isChosen), filter)
    t.same(
      inOrder(others.map(fromOurs)),
      rows.filter((row) => !isChosen(row)),
      `not ${filter}`,
    )
    t.ok(some.length > 0 && others.length > 0, 'and there are some of both')
  }

  const [counts, counted] = await steadily(kernels, () => read('--count'))
  const total = counts.reduce((sum, line) => sum + Number(/ ([0-9]+)$/.exec(line)?.[1]), 0)
  t.equal(total, counted.split('\n').length, 'each is counted once')
  const limited = await linesOf(t, 'connections', '--json', '--limit', '3', '--filter', 'protocol=tcp')
  t.match(
    limited.map((line) => JSON.parse(line) as Connection),
    Array.from({ length: 3 }, () => ({ protocol: 'tcp', virtual: { port: 80 }, template: false })),
  )
  t.equal(limited.length, 3)
})

t.test('list --watch --json tells what ipvsadm changes', async (t) => {
  const ipvs = await openIn(t, director.namespace)
  await ipvs.flush()
  const service = `-t ${vip.ipv4}:80`
  const server = `-r ${reals[0].ipv4}:80`
  await ipvsadm(director.namespace, [`-A ${service} -s wlc`, `-a ${service} ${server} -m -w 5`])
  const watching = start(t, 'list', '--watch', '--json', '--interval', '200ms')
  await watching.until(1)
  t.match(JSON.parse(watching.lines()[0] ?? ''), [
    { service: { ...web, scheduler: 'wlc' }, destinations: [{ address: reals[0].ipv4, weight: 5 }] },
  ])
  const told: readonly (readonly [string, object])[] = [
    [
      `-e ${service} ${server} -m -w 0`,
      { type: 'updateDestination', before: { weight: 5 }, destination: { weight: 0 } },
    ],
    [`-E ${service} -s rr`, { type: 'updateService', before: { scheduler: 'wlc' }, service: { scheduler: 'rr' } }],
    [`-a ${service} -r ${reals[1].ipv4}:80 -m`, { type: 'addDestination', destination: { address: reals[1].ipv4 } }],
    [`-d ${service} ${server}`, { type: 'removeDestination', destination: { address: reals[0].ipv4 } }],
    [`-D ${service}`, { type: 'removeService', service: web }],
  ]
  for (const [i, [command, change]] of told.entries()) {
    await ipvsadm(director.namespace, [command])
    await watching.until(i + 2)
    t.match(JSON.parse(watching.lines()[i + 1] ?? '') as Change, change, command)
  }
  watching.end()
  t.equal(await watching.ended, 130)
  t.equal(watching.lines().length, 1 + told.length)
})
