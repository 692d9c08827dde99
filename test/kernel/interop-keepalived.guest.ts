/** What Debian's keepalived writes, the library reads; and a program that wants the same does not fight with it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { apply, diff, type Capacity, type DesiredTable, type DestinationSpec } from '../../lib/index.js'
import type { Encapsulation, PlainForwarding, Table, TunnelForwarding } from '../../lib/index.js'
import { tableThat } from '../../rig/cluster.js'
import { shown } from './ipvsadm.js'
import { makeNamespace, openIn } from './namespace.js'
import { comparable, idle } from './observed.js'

// An emulated machine starts programs in seconds.
const patienceMs = 60_000

const config = join(import.meta.dirname, '../test/kernel/interop-keepalived.conf')

type Settings = Partial<Capacity> & (TunnelForwarding | PlainForwarding)
const direct: PlainForwarding = { forwarding: 'direct' }
const masquerade: PlainForwarding = { forwarding: 'masquerade' }
const tunnel = (encapsulation: Encapsulation): TunnelForwarding => ({
  forwarding: 'tunnel',
  encapsulation: { checksum: 'none', ...encapsulation },
})
const server = (address: string, port: number, settings: Settings = direct): DestinationSpec => ({
  address,
  port,
  weight: 1,
  ...settings,
})
const web = [server('10.0.0.9', 80, masquerade)]

const expected: DesiredTable = [
  {
    service: {
      protocol: 'tcp',
      address: '192.0.2.1',
      port: 80,
      scheduler: 'wrr',
      persistence: { timeoutSeconds: 300, prefixLength: 24 },
    },
    destinations: [
      server('10.0.0.1', 80, { ...direct, weight: 3, limits: { upper: 100, lower: 50 } }),
      server('10.0.0.2', 80, { ...masquerade, weight: 0 }),
      server('10.0.0.3', 80, { ...tunnel({ type: 'ipip' }), weight: 65535 }),
      server('10.0.0.4', 80, tunnel({ type: 'gue', port: 6080, checksum: 'full' })),
      server('10.0.0.5', 80, tunnel({ type: 'gue', port: 6080, checksum: 'remote' })),
      server('10.0.0.6', 80, tunnel({ type: 'gre' })),
      server('2001:db8:1::7', 80, tunnel({ type: 'gre', checksum: 'full' })),
    ],
  },
  {
    service: {
      protocol: 'tcp',
      address: '192.0.2.2',
      port: 443,
      scheduler: 'sh',
      schedulerFlags: ['flag-1', 'flag-2'],
      persistence: { timeoutSeconds: 360, prefixLength: 32 },
    },
    destinations: [server('10.0.0.1', 8443, { ...masquerade, limits: { upper: 9 } })],
  },
  {
    service: {
      protocol: 'udp',
      address: '192.0.2.3',
      port: 5060,
      scheduler: 'mh',
      schedulerFlags: ['flag-2'],
      persistence: { timeoutSeconds: 60, prefixLength: 32, engine: 'sip' },
      onePacket: true,
    },
    destinations: [server('10.0.0.1', 5061, masquerade)],
  },
  {
    service: {
      protocol: 'sctp',
      address: '2001:db8::1',
      port: 132,
      scheduler: 'wlc',
      schedulerFlags: ['flag-3'],
      persistence: { timeoutSeconds: 60, prefixLength: 64 },
    },
    destinations: [server('2001:db8:1::1', 132)],
  },
  { service: { firewallMark: 7, family: 'ipv4', scheduler: 'lc' }, destinations: [server('10.0.0.9', 0)] },
  {
    service: {
      firewallMark: 8,
      family: 'ipv6',
      scheduler: 'lc',
      persistence: { timeoutSeconds: 50, prefixLength: 128 },
    },
    destinations: [server('10.0.0.9', 0, tunnel({ type: 'ipip' }))],
  },
  { service: { protocol: 'tcp', address: '192.0.2.20', port: 80, scheduler: 'rr' }, destinations: web },
  { service: { protocol: 'tcp', address: '192.0.2.21', port: 80, scheduler: 'rr' }, destinations: web },
  { service: { firewallMark: 30, family: 'ipv4', scheduler: 'rr' }, destinations: web },
  {
    // keepalived's default, which the granularity turns on.
    service: {
      protocol: 'tcp',
      address: '192.0.2.6',
      port: 80,
      scheduler: 'rr',
      persistence: { timeoutSeconds: 360, prefixLength: 24 },
    },
    destinations: [
      server('10.0.0.1', 80),
      server('10.0.0.2', 80, tunnel({ type: 'gue', port: 6080, checksum: 'full' })),
    ],
  },
  {
    // keepalived sends no engine without persistence.
    service: { protocol: 'udp', address: '192.0.2.7', port: 5060, scheduler: 'rr' },
    destinations: [server('10.0.0.1', 5060, masquerade)],
  },
  {
    service: { protocol: 'tcp', address: '192.0.2.4', port: 80, scheduler: 'rr' },
    destinations: [server('10.0.0.99', 80, tunnel({ type: 'ipip' }))],
  },
  {
    service: { protocol: 'tcp', address: '192.0.2.5', port: 80, scheduler: 'rr' },
    destinations: [server('127.0.0.1', 81, { ...masquerade, weight: 0 })],
  },
]

/** Whether every service stands and every check has had its say. */
function isSettled(table: Table): boolean {
  const servers = (vip: string) => table.find(({ service }) => service.address === vip)?.destinations ?? []
  return (
    table.length === expected.length &&
    servers('192.0.2.4').some(({ address }) => address === '10.0.0.99') &&
    servers('192.0.2.5').every(({ weight }) => weight === 0)
  )
}

const theirs = await makeNamespace(t)
const ipvs = await openIn(t, theirs)
const folder = await mkdtemp(join(tmpdir(), 'keepalived-'))
const options = `-n -l -C -p ${folder}/pid -c ${folder}/checkers -f ${config}`.split(' ')
const keepalived = spawn('ip', ['netns', 'exec', theirs, 'keepalived', ...options], { stdio: ['ignore', 2, 2] })
t.teardown(() => keepalived.kill())
const table = await tableThat(ipvs, isSettled, patienceMs)

await t.test('what keepalived writes is read: exactly that', (t) => {
  const idling = expected.map(({ service, destinations }) => ({
    service,
    destinations: destinations.map((destination) => ({ ...destination, connections: idle })),
  }))
  t.strictSame(comparable(table), comparable(idling))
  t.end()
})

await t.test('who wants the same as keepalived changes nothing', (t) => {
  t.same(diff(table, expected, { owned: 'everything' }), { changes: [], foreign: [] })
  t.same(diff(table, table, { owned: 'everything' }), { changes: [], foreign: [] }, 'nor who wants what is there')
  t.end()
})

await t.test('the library writes the same table', async (t) => {
  const ours = await makeNamespace(t)
  const writer = await openIn(t, ours)
  await apply(writer, diff(await writer.table(), expected))
  t.same(diff(await writer.table(), table, { owned: 'everything' }).changes, [])
  t.same(await shown(ours), await shown(theirs))
})

await t.test('what was read and is written back changes nothing', async (t) => {
  const before = await shown(theirs)
  for (const { service, destinations } of table) {
    await ipvs.updateService(service)
    for (const destination of destinations) await ipvs.updateDestination(service, destination)
  }
  t.same(await shown(theirs), before)
})

await t.test('what keepalived removes at its end is gone', async (t) => {
  const ended = once(keepalived, 'exit')
  keepalived.kill()
  t.same(await ended, [0, null])
  t.same(await ipvs.table(), [])
})
