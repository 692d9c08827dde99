/** What Debian's ipvsadm writes, the library reads, and the other way round, for every option. */
import t, { type Test } from 'tap'
import type { DestinationKey, ServiceKey, Table } from '../../lib/index.js'
import { daemonRows, timeoutsRows } from './interop-daemons.js'
import { rows } from './interop-rows.js'
import { ipvsadm, kernelsList, list, shown } from './ipvsadm.js'
import { addInterface, makeNamespace, openIn, run } from './namespace.js'
import { comparable, idle, withoutStats } from './observed.js'

// Not in every kernel package; every other scheduler is.
const hasTwos = await run('modprobe', ['-n', '-q', 'ip_vs_twos']).then(
  () => true,
  () => false,
)
const first = rows(hasTwos)
const second = rows(hasTwos, 1)

/** Written by ipvsadm. */
const theirs = await makeNamespace(t)
/** Written by the library. */
const ours = await makeNamespace(t)
const reader = await openIn(t, theirs)
const writer = await openIn(t, ours)

// An emulated machine starts programs in seconds.
const patienceMs = 30_000

const link = 'sync0'

/** Unlike `-a`, `-d` takes a port as it stands. */
const endpoint = ({ address, port }: DestinationKey) => `${address.includes(':') ? `[${address}]` : address}:${port}`

const isService = (key: ServiceKey) => (service: ServiceKey) =>
  (['protocol', 'address', 'port', 'firewallMark', 'family'] as const).every((field) => service[field] === key[field])

/** One assertion for each row: exactly the service, exactly the server. */
function sameAs(t: Test, table: Table, { services, destinations }: typeof first): void {
  for (const { name, spec } of services) {
    const found = table.filter(({ service }) => isService(spec)(service)).map(({ service }) => withoutStats(service))
    t.strictSame(found, [spec], name)
  }
  for (const { name, of, spec } of destinations) {
    const found = table
      .filter(({ service }) => isService(of)(service))
      .flatMap((entry) => entry.destinations)
      .filter(({ address, port }) => address === spec.address && port === spec.port)
    t.strictSame(found.map(withoutStats), [{ ...spec, connections: idle }], `a server of ${name}`)
  }
  t.equal(table.length, services.length, 'and no other service')
  t.equal(table.flatMap((entry) => entry.destinations).length, destinations.length, 'and no other server')
}

/** The library carries out what ipvsadm is told; what it refuses to create, ipvsadm creates in its place. */
async function create(t: Test, { services, destinations }: typeof first): Promise<void> {
  for (const { name, service, options, spec, refused } of services) {
    if (!refused) await writer.addService(spec)
    else {
      await t.rejects(writer.addService(spec), { code: /^ERR_/ }, `${name}: refused`)
      await ipvsadm(ours, [`-A ${service} ${options}`])
    }
  }
  for (const { of, spec } of destinations) await writer.addDestination(of, spec)
}

const writtenBy = (service: '-A' | '-E', server: '-a' | '-e', { services, destinations }: typeof first) => [
  ...services.map((row) => `${service} ${row.service} ${row.options}`),
  ...destinations.map((row) => `${server} ${row.service} -r ${row.server} ${row.options}`),
]

await t.test('what ipvsadm adds is read: exactly that', async (t) => {
  await ipvsadm(theirs, writtenBy('-A', '-a', first))
  const table = await reader.table()
  sameAs(t, table, first)
  t.same(
    await reader.services(),
    table.map(({ service }) => service),
    'services() is the same',
  )
  for (const { service, destinations } of table) t.same(await reader.destinations(service), destinations)
})

await t.test('what was read and is written back changes nothing', async (t) => {
  const before = [await shown(theirs), await kernelsList(theirs)]
  for (const { service, destinations } of await reader.table()) {
    await reader.updateService(service)
    for (const destination of destinations) await reader.updateDestination(service, destination)
  }
  t.same([await shown(theirs), await kernelsList(theirs)], before)
})

await t.test('what the library adds, ipvsadm shows as its own', async (t) => {
  await create(t, first)
  t.same(await shown(ours), await shown(theirs))
  t.strictSame(comparable(await writer.table()), comparable(await reader.table()), 'and reads it alike')
})

await t.test('what ipvsadm edits is read: exactly that', async (t) => {
  await ipvsadm(theirs, writtenBy('-E', '-e', second))
  sameAs(t, await reader.table(), second)
})

await t.test('what the library updates, ipvsadm shows as its own', async (t) => {
  for (const { spec } of second.services) await writer.updateService(spec)
  for (const { of, spec } of second.destinations) await writer.updateDestination(of, spec)
  t.same(await shown(ours), await shown(theirs))
  t.strictSame(comparable(await writer.table()), comparable(await reader.table()), 'and reads it alike')
})

await t.test('what either removes, and flushes, is gone for both', async (t) => {
  const services = second.services.filter((_, i) => i % 2 === 0)
  const gone = new Set(services.map(({ service }) => service))
  const destinations = second.destinations.filter(({ service }, i) => i % 2 === 0 && !gone.has(service))
  await ipvsadm(theirs, [
    ...destinations.map(({ service, spec }) => `-d ${service} -r ${endpoint(spec)}`),
    ...services.map(({ service }) => `-D ${service}`),
  ])
  for (const { of, spec } of destinations) await writer.removeDestination(of, spec)
  for (const { spec } of services) await writer.removeService(spec)
  t.same(await shown(ours), await shown(theirs))
  t.equal((await reader.table()).length, second.services.length - services.length)

  await ipvsadm(theirs, ['-C'])
  t.same(await reader.table(), [])
  await writer.flush()
  t.same(await shown(ours), await shown(theirs))
})

await t.test('sync daemons: either starts, shows and stops those of the other', async (t) => {
  const [theirs, ours] = [await makeNamespace(t), await makeNamespace(t)]
  for (const namespace of [theirs, ours]) await addInterface(namespace, link)
  const [reader, writer] = [await openIn(t, theirs), await openIn(t, ours)]
  for (const { options, daemon, read } of daemonRows(link)) {
    await ipvsadm(theirs, [`--start-daemon ${options}`])
    t.strictSame(await reader.syncDaemons(), [read], `read: ${options}`)
    await writer.startSyncDaemon(daemon)
    const listed = await list(theirs, '-L', '--daemon')
    t.match(listed, read.role)
    t.equal(await list(ours, '-L', '--daemon'), listed, `written: ${options}`)

    await reader.stopSyncDaemon(read.role)
    await reader.startSyncDaemon(read)
    t.equal(await list(theirs, '-L', '--daemon'), listed, `written back: ${options}`)
    await ipvsadm(ours, [`--stop-daemon ${read.role}`])
    t.same(await writer.syncDaemons(), [], 'what the library started, ipvsadm stops')
    await reader.stopSyncDaemon(read.role)
    t.equal(await list(theirs, '-L', '--daemon'), '', 'what was written back is stopped')
  }
  await ipvsadm(
    theirs,
    ['master', 'backup'].map((role) => `--start-daemon ${role} --mcast-interface ${link}`),
  )
  t.same((await reader.syncDaemons()).map(({ role }) => role).sort(), ['backup', 'master'], 'both at once')
})

await t.test('timeouts: either sets, keeps and shows those of the other', async (t) => {
  const [theirs, ours] = [await makeNamespace(t), await makeNamespace(t)]
  const [reader, writer] = [await openIn(t, theirs), await openIn(t, ours)]
  for (const { options, timeouts, read } of timeoutsRows) {
    await ipvsadm(theirs, [`--set ${options}`])
    t.strictSame(await reader.timeouts(), read, `read: ${options}`)
    await writer.setTimeouts(timeouts)
    const listed = await list(theirs, '-L', '--timeout')
    t.equal(await list(ours, '-L', '--timeout'), listed, `written: ${options}`)
    await reader.setTimeouts(read)
    t.equal(await list(theirs, '-L', '--timeout'), listed, `written back: ${options}`)
  }
})

await t.test('counters: both read the same, and either sets those of the other to zero', async (t) => {
  const namespace = await makeNamespace(t)
  await run('ip', ['-n', namespace, 'address', 'add', '192.0.2.1/32', 'dev', 'lo'])
  const ipvs = await openIn(t, namespace)
  const first = { protocol: 'udp', address: '192.0.2.1', port: 53 } as const
  const services = [first, { ...first, port: 54 }]
  for (const service of services) {
    await ipvs.addService({ ...service, scheduler: 'rr' })
    await ipvs.addDestination(service, { address: '127.0.0.1', port: service.port, forwarding: 'masquerade' })
  }
  /** As ipvsadm shows them: connections, packets and bytes of each service. */
  const theirs = async () =>
    [...(await list(namespace, '-Ln', '--stats', '--exact')).matchAll(/^UDP .*:\d+ +(.*)$/gm)].map(([, numbers = '']) =>
      numbers.trim().split(/ +/).map(BigInt),
    )
  const ours = async () => {
    const read = await Promise.all(services.map((service) => ipvs.service(service)))
    return read.map((service) => Object.values<bigint>({ ...service?.stats.total }))
  }
  const nothing = [0n, 0n, 0n, 0n, 0n]
  /** A packet to each, and its arrival in the counters, which the kernel renews every 2 s. */
  async function count(): Promise<void> {
    const send = services.map(({ address, port }) => `echo >/dev/udp/${address}/${port}`).join('; ')
    await run('ip', ['netns', 'exec', namespace, 'bash', '-c', send])
    const deadline = performance.now() + patienceMs
    while ((await ours()).some(([, packetsIn = 0n]) => packetsIn === 0n) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    const counted = await ours()
    t.ok(
      counted.every(([, packetsIn]) => packetsIn === 1n),
      'counted',
    )
    t.same(await theirs(), counted, 'the same to both')
  }

  await count()
  await ipvsadm(namespace, ['-Z -u 192.0.2.1:53'])
  t.same(
    (await ours()).map(([, packetsIn]) => packetsIn),
    [0n, 1n],
    'ipvsadm: one service',
  )
  await ipvsadm(namespace, ['-Z'])
  t.same(await ours(), [nothing, nothing], 'ipvsadm: all')

  await count()
  await ipvs.zero(first)
  t.same(
    (await theirs()).map(([, packetsIn]) => packetsIn),
    [0n, 1n],
    'the library: one service',
  )
  await ipvs.zeroAll()
  t.same(await theirs(), [nothing, nothing], 'the library: all')
})
