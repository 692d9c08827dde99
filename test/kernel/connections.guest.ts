/** The connection table and the sysctls are those of the handle's network namespace, whichever that is. */
import t, { type Test } from 'tap'
import type { Connection, Ipvs, ServiceKey } from '../../lib/index.js'
import { makeNamespace, openIn, run } from './namespace.js'

const dns = { protocol: 'udp', address: '192.0.2.10', port: 53 } as const
const dns6 = { protocol: 'udp', address: '2001:db8::10', port: 53 } as const
const http = { protocol: 'tcp', address: '192.0.2.10', port: 80 } as const
const mark = { firewallMark: 7, family: 'ipv4' } as const
const persistence = { timeoutSeconds: 300, prefixLength: 24 } as const
const real = { address: '192.0.2.1', port: 9090, forwarding: 'masquerade' } as const
const real6 = { ...real, address: '2001:db8::1' } as const

/** Far more than one read() of the kernel's file gives. */
const many = 400

/** A namespace that is client, director and real server at once. */
async function makeDirector(
  t: Test,
): Promise<{ readonly ipvs: Ipvs; readonly shell: (script: string) => Promise<string> }> {
  const namespace = await makeNamespace(t)
  const shell = async (script: string) => (await run('ip', ['netns', 'exec', namespace, 'bash', '-euc', script])).stdout
  await shell(`
    for address in 192.0.2.1/32 192.0.2.10/32 2001:db8::1/128 2001:db8::10/128; do ip addr add $address dev lo; done
    nft 'add table ip marks; add chain ip marks out { type route hook output priority mangle; }
         add rule ip marks out ip daddr 192.0.2.10 udp dport 54 meta mark set 7'`)
  return { ipvs: await openIn(t, namespace), shell }
}

async function serve(ipvs: Ipvs): Promise<void> {
  const services: readonly (readonly [ServiceKey, typeof real | typeof real6, object])[] = [
    [dns, real, {}],
    [dns6, real6, {}],
    [http, real, { persistence }],
    [mark, real, { persistence }],
  ]
  for (const [service, server, settings] of services) {
    await ipvs.addService({ ...service, scheduler: 'rr', ...settings })
    await ipvs.addDestination(service, server)
  }
}

/** A datagram from each of so many ports. */
const datagrams = (address: string, port: number, count: number) =>
  `for ((i = 0; i < ${count}; i++)); do exec {fd}<>/dev/udp/${address}/${port}; echo hello >&$fd; done`

async function all(of: AsyncIterable<Connection>): Promise<readonly Connection[]> {
  const found: Connection[] = []
  for await (const connection of of) found.push(connection)
  return found
}

t.test('connections are streamed completely, with what each is', async (t) => {
  const { ipvs, shell } = await makeDirector(t)
  const elsewhere = await makeDirector(t)
  await serve(ipvs)
  t.same(await all(ipvs.connections()), [], 'none before there is traffic')
  await shell(`ulimit -n 2048
    ${datagrams(dns.address, dns.port, many)}
    ${datagrams(dns6.address, dns6.port, 2)}
    ${datagrams(dns.address, 54, 1)}
    (exec 3<>/dev/tcp/${http.address}/${http.port}) 2>/dev/null || true`)

  const found = await all(ipvs.connections())
  const to = (address: string, port: number) =>
    found.filter(({ virtual }) => virtual.address === address && virtual.port === port)
  const flows = to(dns.address, dns.port)
  t.equal(flows.length, many)
  t.equal(new Set(flows.map(({ client }) => client.port)).size, many, 'each once')
  t.match(flows[0], { protocol: 'udp', state: 'UDP', client: { address: dns.address }, template: false })
  t.match(flows[0]?.destination, { address: real.address, port: real.port })
  t.ok(flows.every(({ expiresSeconds }) => expiresSeconds > 0 && expiresSeconds <= 300))
  t.match(to(dns6.address, dns6.port), [
    { protocol: 'udp', client: { address: dns6.address }, destination: { address: real6.address } },
    { protocol: 'udp' },
  ])
  const web = to(http.address, http.port)
  t.match(
    web.find(({ template }) => template),
    { protocol: 'tcp', client: { address: '192.0.2.0', port: 0 }, destination: { address: real.address } },
  )
  t.ok(web.some(({ template, client }) => !template && client.port > 0))
  const marked = found.filter(({ protocol }) => protocol === 'ip')
  t.match(marked, [{ template: true, virtual: { address: '0.0.0.7' } }], 'the template of a firewall mark')

  t.equal((await all(ipvs.connections({ limit: 7 }))).length, 7)
  t.same(await all(ipvs.connections({ limit: 0 })), [])
  t.same(await all(elsewhere.ipvs.connections()), [], 'another namespace has its own')
})

t.test('connections end with the loop, the signal and the handle', async (t) => {
  const { ipvs, shell } = await makeDirector(t)
  await serve(ipvs)
  await shell(datagrams(dns.address, dns.port, 200))
  const descriptors = async () => (await run('ls', [`/proc/${process.pid}/fd`])).stdout
  const before = await descriptors()
  for await (const connection of ipvs.connections()) {
    t.equal(connection.protocol, 'udp')
    break
  }
  const abort = new AbortController()
  const reason = new Error('enough')
  let count = 0
  const interrupted = async () => {
    for await (const connection of ipvs.connections({ signal: abort.signal })) {
      if (++count === 1 && connection) abort.abort(reason)
    }
  }
  t.equal(await interrupted().catch((error: unknown) => error), reason)
  t.ok(count < 200, 'before the end')
  t.equal(await descriptors(), before, 'and no descriptor stays open')
  await ipvs.close()
  await t.rejects(all(ipvs.connections()), { code: 'IPVS_CLOSED' })
})

t.test('sysctls are those of the namespace', async (t) => {
  const { ipvs, shell } = await makeDirector(t)
  const elsewhere = await makeDirector(t)
  await shell('sysctl -qw net.ipv4.vs.conntrack=1 net.ipv4.vs.sync_threshold="7 60"')
  const printed = await shell(
    'cd /proc/sys/net/ipv4/vs; for name in *; do printf \'%s=%s\\n\' $name "$(cat $name)"; done',
  )
  const expected = printed
    .trimEnd()
    .split('\n')
    .map((line) => line.split('=') as [string, string])
  const sysctls = await ipvs.sysctls()
  t.same(sysctls, Object.fromEntries(expected), 'all of them, as the kernel prints them')
  t.match(sysctls, { conntrack: '1', sync_threshold: /^7\s60$/ })
  t.match(await elsewhere.ipvs.sysctls(), { conntrack: '0', sync_threshold: /^3\s50$/ })
})
