import type { Destination, ServiceKey, Table } from 'ipvs'
import { createTestKernel } from 'ipvs/testing'
import t from 'tap'
import type { ServerEvent } from '../src/events.js'
import { parseIpVsStats } from '../src/metrics/ip-vs-stats.js'
import { kernelStats, metricsBench, valuesOf } from './metrics-bench.js'
import { serverStatus, serviceStatus, statusOf } from './snapshots.js'
import { entry, service } from './tables.js'

const serviceAt = (port: number) => ({ ...service, scheduler: 'wlc', stats: entry({}).service.stats, port })

const web = 'tcp 192.0.2.100:80'
const [first, second] = ['192.0.2.11:80', '192.0.2.12:80'] as const

const transition = (from: ServerEvent['from'], to: ServerEvent['to']): ServerEvent => ({
  type: 'server',
  at: 0,
  service: web,
  server: first,
  from,
  to,
  reason: '',
  detail: '',
})

t.test("node_exporter's names and labels, for foreign entries and firewall marks, too", async (t) => {
  const ipvs = createTestKernel().open()
  const server = { address: '192.0.2.11', port: 80, forwarding: 'direct', weight: 3 } as const
  const keys: readonly ServiceKey[] = [
    { protocol: 'tcp', address: '192.0.2.100', port: 80 },
    { protocol: 'udp', address: '2001:db8::100', port: 53 },
    { protocol: 'sctp', address: '192.0.2.100', port: 80 },
    { firewallMark: 0xbeef, family: 'ipv4' },
  ]
  for (const key of keys) {
    await ipvs.addService({ ...key, scheduler: 'rr' })
    const isUdp = key.protocol === 'udp'
    const destination = isUdp ? { ...server, address: '2001:db8::11', port: 53 } : server
    await ipvs.addDestination(key, destination)
  }
  const { scrape } = metricsBench(statusOf([]), await ipvs.table())
  const series = await scrape()
  for (const name of ['connections_active', 'connections_inactive', 'weight']) {
    const value = name === 'weight' ? 3 : 0
    t.strictSame(
      valuesOf(series, `node_ipvs_backend_${name}`),
      {
        'local_address=192.0.2.100 local_port=80 proto=TCP local_mark= remote_address=192.0.2.11 remote_port=80': value,
        'local_address=2001:db8::100 local_port=53 proto=UDP local_mark= remote_address=2001:db8::11 remote_port=53':
          value,
        'local_address=192.0.2.100 local_port=80 proto=SCTP local_mark= remote_address=192.0.2.11 remote_port=80':
          value,
        'local_address= local_port=0 proto=FWM local_mark=0000BEEF remote_address=192.0.2.11 remote_port=80': value,
      },
      name,
    )
  }
  const totals = series.filter(({ name }) => /^node_ipvs_(?!backend)/.test(name))
  t.strictSame(Object.fromEntries(totals.map(({ name, value }) => [name, value])), {
    node_ipvs_connections_total: 42,
    node_ipvs_incoming_packets_total: 0x1234abc,
    node_ipvs_outgoing_packets_total: 0,
    node_ipvs_incoming_bytes_total: 0x20000000000b,
    node_ipvs_outgoing_bytes_total: 31,
  })
  await ipvs.close()
})

t.test('where the kernel tells no totals there are none', async (t) => {
  const nowhere = () => Promise.reject(new Error('ENOENT'))
  for (const readStats of [nowhere, () => Promise.resolve('')]) {
    const series = await metricsBench(statusOf([]), [], readStats).scrape()
    t.strictSame(
      series.filter(({ name }) => name.startsWith('node_ipvs_')),
      [],
    )
    t.ok(series.some(({ name }) => name === 'ipvs_failover_kernel_up'))
  }
})

t.test('the totals of /proc/net/ip_vs_stats, or nothing', async (t) => {
  t.match(parseIpVsStats(kernelStats), { connections: 42, incomingBytes: 0x20000000000b })
  const wide = kernelStats.replace('2A', 'FFFFFFFFFFFFFFFF')
  t.match(parseIpVsStats(wide), { connections: 2 ** 64 }, '64 bits')
  for (const text of ['', 'a\nb\n1 2 3 4\n', 'a\nb\n1 2 3 4 5 6\n', 'a\nb\n1 2 3 4 x\n', kernelStats.slice(0, 130)])
    t.equal(parseIpVsStats(text), undefined, text)
})

t.test('a server is in one state, and leaves no series when it has gone', async (t) => {
  const servers = [serverStatus(first, { name: 'web1', active: 4 }), serverStatus(second, { state: 'failed' })]
  const foreign: Table = [{ ...entry({}), service: serviceAt(81) }]
  const { now, scrape } = metricsBench(statusOf([serviceStatus(servers)]), [
    entry({ '192.0.2.11': 1, '192.0.2.12': 1 }),
    ...foreign,
  ])
  const before = await scrape()
  const ofServer = (server: string, state: string) => `service=${web} server=${server} state=${state}`
  const states = valuesOf(before, 'ipvs_failover_server_state')
  t.equal(Object.keys(states).length, 2 * 10)
  t.match(states, {
    [ofServer(first, 'online')]: 1,
    [ofServer(first, 'failed')]: 0,
    [ofServer(second, 'online')]: 0,
    [ofServer(second, 'failed')]: 1,
    [ofServer(second, 'foreign')]: 0,
  })
  t.strictSame(valuesOf(before, 'ipvs_failover_server_connections_active', ['service']), {
    [`server=${first}`]: 4,
    [`server=${second}`]: 0,
  })
  t.strictSame(valuesOf(before, 'ipvs_failover_server_weight_configured', ['service']), {
    [`server=${first} name=web1`]: 1,
    [`server=${second}`]: 1,
  })
  now.status = statusOf([serviceStatus([serverStatus(second)])])
  now.table = [entry({ '192.0.2.12': 1 })]
  const after = await scrape()
  t.ok(before.some(({ labels }) => Object.values(labels).includes(first)))
  t.notOk(after.some(({ labels }) => [first, '192.0.2.11'].some((name) => Object.values(labels).includes(name))))
  t.equal(valuesOf(after, 'ipvs_failover_server_state')[ofServer(second, 'online')], 1)
})

t.test(
  'what the kernel counted is what it says, however often it is asked; what is not ours has no series of ours',
  async (t) => {
    const total = { connections: 7n, packetsIn: 20n, packetsOut: 30n, bytesIn: 2n ** 53n, bytesOut: 50n }
    const plain = entry({ '192.0.2.11': 1 })
    const stats = { ...plain.service.stats, total }
    const destinations = plain.destinations.map((server): Destination => ({ ...server, stats }))
    const ours = { service: { ...serviceAt(80), stats }, destinations }
    const foreign = { service: { ...serviceAt(81), stats }, destinations }
    const { scrape } = metricsBench(statusOf([serviceStatus([serverStatus(first)])]), [ours, foreign])
    await scrape()
    const series = await scrape()
    for (const [name, value] of [
      ['connections', 7],
      ['incoming_packets', 20],
      ['outgoing_packets', 30],
      ['incoming_bytes', 2 ** 53],
      ['outgoing_bytes', 50],
    ] as const) {
      t.strictSame(valuesOf(series, `ipvs_failover_service_${name}_total`), { [`service=${web}`]: value })
      t.strictSame(valuesOf(series, `ipvs_failover_server_${name}_total`), {
        [`service=${web} server=${first}`]: value,
      })
    }
  },
)

t.test('a service says how it is', async (t) => {
  const beside = (['sorry', 'leaving', 'foreign'] as const).map((state, i) =>
    serverStatus(`192.0.2.2${i}:80`, { state }),
  )
  const service = serviceStatus([serverStatus(first), serverStatus(second, { state: 'failed' }), ...beside], {
    quorum: 2,
    short: true,
    present: false,
    announced: false,
  })
  const { scrape } = metricsBench(statusOf([service], { problems: ['one', 'two'] }))
  const series = await scrape()
  const of = (name: string) => valuesOf(series, `ipvs_failover_${name}`)
  for (const [name, value] of Object.entries({
    service_servers_online: 1,
    service_servers: 2,
    service_quorum: 2,
    service_below_quorum: 1,
    service_present: 0,
    service_announced: 0,
  }))
    t.strictSame(of(name), { [`service=${web}`]: value }, name)
  t.strictSame(of('problems'), { '': 2 })
})

t.test('a director says which part it plays beside others', async (t) => {
  const alone = await metricsBench(statusOf([])).scrape()
  const of = (series: typeof alone, name: string) =>
    Object.entries(valuesOf(series, `ipvs_failover_${name}`)).flatMap(([label, value]) => (value === 1 ? [label] : []))
  t.strictSame(of(alone, 'role'), ['role=alone'])
  for (const name of ['standing', 'sync_daemon']) t.strictSame(valuesOf(alone, `ipvs_failover_${name}`), {})
  const status = statusOf([])
  const director = { ...status.director, role: 'backup', standing: 'willing', syncDaemon: 'none' } as const
  const backup = await metricsBench({ ...status, director }).scrape()
  t.strictSame(of(backup, 'role'), ['role=backup'])
  t.strictSame(of(backup, 'standing'), ['standing=willing'])
  t.strictSame(valuesOf(backup, 'ipvs_failover_sync_daemon'), { 'sync_daemon=master': 0, 'sync_daemon=backup': 0 })
})

t.test('whether a service is announced is told only where somebody is to be told', async (t) => {
  const { scrape } = metricsBench(statusOf([serviceStatus([serverStatus(first)])]))
  t.strictSame(valuesOf(await scrape(), 'ipvs_failover_service_announced'), {})
})

t.test('checks are counted by what they found; what met trouble here has no duration', async (t) => {
  const { metrics, scrape } = metricsBench(statusOf([serviceStatus([serverStatus(first)])]))
  for (const ms of [0.4, 0.5, 3, 20_000]) metrics.verdict(web, { outcome: 'pass' }, ms)
  metrics.verdict(web, { outcome: 'fail', reason: 'timeout' }, 1000)
  metrics.verdict(web, { outcome: 'inconclusive', reason: 'local' }, 1)
  for (let scraped = 1; scraped <= 2; scraped++) {
    const series = await scrape()
    const of = (name: string) => valuesOf(series, `ipvs_failover_${name}`, ['service'])
    t.strictSame(of('checks_total'), { 'outcome=pass': 4, 'outcome=fail': 1, 'outcome=inconclusive': 1 })
    t.match(of('check_duration_seconds_bucket'), {
      'le=0.0005': 2,
      'le=0.0025': 2,
      'le=0.005': 3,
      'le=0.5': 3,
      'le=1': 4,
      'le=10': 4,
      'le=+Inf': 5,
    })
    t.strictSame(of('check_duration_seconds_count'), { '': 5 })
    t.ok(Math.abs((of('check_duration_seconds_sum')[''] ?? 0) - 21.0039) < 1e-9)
  }
})

t.test('transitions are counted, and failovers where a server that was online fails', async (t) => {
  const { metrics, values } = metricsBench(statusOf([serviceStatus([serverStatus(first)])]))
  const failovers = async () => Object.values(await values('ipvs_failover_failovers_total'))
  t.strictSame(await failovers(), [0], 'it begins at zero')
  for (const [from, to] of [
    ['unknown', 'failed'],
    ['failed', 'online'],
    ['online', 'failed'],
    ['failed', 'failed'],
    ['failed', 'offline'],
    ['offline', 'online'],
    ['online', 'offline'],
    ['offline', 'flapping'],
    ['flapping', 'failed'],
    ['failed', 'draining'],
  ] as const)
    metrics.event(transition(from, to))
  t.strictSame(await failovers(), [2])
  const transitions = await values('ipvs_failover_transitions_total')
  const counts = { online: 2, failed: 3, offline: 2, flapping: 1, draining: 1, disabled: 0, unknown: 0 }
  t.strictSame(
    transitions,
    Object.fromEntries(Object.entries(counts).map(([to, count]) => [`service=${web} to=${to}`, count])),
  )
})

t.test('a service that has gone leaves no series, and begins at zero when it is back', async (t) => {
  const there = statusOf([serviceStatus([serverStatus(first)])])
  const { metrics, now, scrape } = metricsBench(there)
  metrics.verdict(web, { outcome: 'pass' }, 1)
  metrics.event(transition('online', 'failed'))
  await scrape()
  now.status = statusOf([])
  const gone = await scrape()
  t.notOk(gone.some(({ labels }) => labels['service'] !== undefined))
  // One that was under way.
  metrics.verdict(web, { outcome: 'pass' }, 1)
  t.notOk((await scrape()).some(({ labels }) => labels['service'] !== undefined))
  now.status = there
  metrics.verdict(web, { outcome: 'pass' }, 1)
  const series = await scrape()
  t.match(valuesOf(series, 'ipvs_failover_checks_total', ['service']), { 'outcome=pass': 1, 'outcome=fail': 0 })
  t.strictSame(valuesOf(series, 'ipvs_failover_check_duration_seconds_count', ['service']), { '': 1 })
  t.strictSame(valuesOf(series, 'ipvs_failover_failovers_total', ['service']), { '': 0 })
})

t.test('rounds and repairs', async (t) => {
  const { metrics, scrape } = metricsBench(statusOf([]))
  const all = async () => {
    const series = await scrape()
    return (name: string) => valuesOf(series, `ipvs_failover_${name}`)['']
  }
  const before = await all()
  t.strictSame([before('rounds_total'), before('repairs_total'), before('last_round_timestamp_seconds')], [0, 0, 0])
  metrics.round(125, 1_700_000_000_500)
  metrics.round(250, 1_700_000_005_500)
  metrics.repaired(3)
  metrics.repaired(2)
  const after = await all()
  t.strictSame([after('rounds_total'), after('repairs_total')], [2, 5])
  t.equal(after('last_round_timestamp_seconds'), 1_700_000_005.5)
  t.strictSame([after('round_duration_seconds_count'), after('round_duration_seconds_sum')], [2, 0.375])
})

t.test('kernel, configuration and guard: good, until an event says otherwise', async (t) => {
  const { metrics, scrape } = metricsBench(statusOf([]))
  const now = async () => {
    const series = await scrape()
    return ['kernel_up', 'config_ok', 'guard_suspect'].map((name) => valuesOf(series, `ipvs_failover_${name}`)[''])
  }
  t.strictSame(await now(), [1, 1, 0])
  for (const ok of [false, true]) {
    for (const type of ['kernel', 'config', 'guard', 'quorum'] as const) metrics.event({ type, at: 0, ok, detail: '' })
    t.strictSame(await now(), ok ? [1, 1, 0] : [0, 0, 1])
  }
})

t.test('hostile names come out as they went in', async (t) => {
  const hostile = 'a"} 1\nipvs_failover_kernel_up 0 # \\ \\n ä € 😀 {},=\t\r<script>'
  const { metrics, scrape } = metricsBench(
    statusOf([serviceStatus([serverStatus(hostile, { name: hostile })], { service: hostile })]),
  )
  metrics.verdict(hostile, { outcome: 'pass' }, 1)
  const series = await scrape()
  t.strictSame(valuesOf(series, 'ipvs_failover_kernel_up'), { '': 1 })
  const weights = series.filter(({ name }) => name === 'ipvs_failover_server_weight_configured')
  t.strictSame(
    weights.map(({ labels }) => labels),
    [{ service: hostile, server: hostile, name: hostile }],
  )
  t.equal(valuesOf(series, 'ipvs_failover_checks_total')[`service=${hostile} outcome=pass`], 1)
})

t.test('who asks at the same time gets the same, later another', async (t) => {
  const { metrics } = metricsBench(statusOf([]))
  const [one, other] = await Promise.all([metrics.text(), metrics.text()])
  t.equal(one, other)
  metrics.round(1, 1000)
  t.not(await metrics.text(), one)
  t.equal(metrics.contentType, 'text/plain; version=0.0.4; charset=utf-8')
})

t.test('the process itself, without what lists every socket', async (t) => {
  const names = new Set((await metricsBench(statusOf([])).scrape()).map(({ name }) => name))
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds'])
    t.ok(names.has(name), name)
  t.strictSame(
    [...names].filter((name) => name.startsWith('nodejs_active')),
    [],
  )
})

t.test('a scrape that fails is told, and the next one works', async (t) => {
  let fails = true
  const { metrics } = metricsBench(statusOf([]), [], () => Promise.resolve(''))
  const broken = metricsBench(statusOf([]))
  Object.defineProperty(broken.now, 'status', {
    get() {
      if (fails) throw new Error('no snapshot')
      return statusOf([])
    },
  })
  await t.rejects(broken.metrics.text(), { message: 'no snapshot' })
  fails = false
  t.match(await broken.metrics.text(), /^ipvs_failover_kernel_up 1$/m)
  t.match(await metrics.text(), /^ipvs_failover_kernel_up 1$/m)
})

t.test('a scrape of thousands of servers lets others have their turn', async (t) => {
  const servers = Array.from({ length: 1000 }, (_, i) => serverStatus(`192.0.2.1:${i}`))
  const { metrics } = metricsBench(statusOf([serviceStatus(servers)]))
  let turns = 0
  const turn = () => {
    turns++
    next = setImmediate(turn)
  }
  let next = setImmediate(turn)
  const text = await metrics.text()
  clearImmediate(next)
  const lines = text.split('\n').filter((line) => line.startsWith('ipvs_failover_server_state{')).length
  t.equal(lines, 10_000)
  t.ok(turns >= lines / 1000, `${turns} turns`)
})
