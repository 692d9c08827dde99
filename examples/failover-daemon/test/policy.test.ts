import fc from 'fast-check'
import { diff } from 'ipvs'
import type { Change, ObjectKey, Table } from 'ipvs'
import t from 'tap'
import type { Config } from '../src/config.js'
import type { Facts, Health } from '../src/facts.js'
import { keyName, objectName } from '../src/names.js'
import { decide, noMemory, owned } from '../src/policy.js'
import type { Memory } from '../src/policy.js'
import { carriedOut, config, entry, server, service } from './tables.js'

// One service with three servers in the configuration; 192.0.2.14 is a server that it does not name.
const conf = config(['192.0.2.11', '192.0.2.12', '192.0.2.13'])
const states = (...each: Health[]): Facts =>
  new Map(each.map((health, i) => [objectName(service, server(`192.0.2.1${i + 1}`)), { health }]))
const desired = (
  config: Config,
  facts: Facts,
  current: Table,
  owned: readonly ObjectKey[],
  { memory = noMemory, now = 0 }: { memory?: Memory; now?: number } = {},
) => decide({ config, facts, current, owned, memory, now }).table
const serversOf = (table: ReturnType<typeof desired>) =>
  table.flatMap(({ destinations }) => destinations.map(({ address, weight }) => `${address.split('.')[3]}:${weight}`))
const own = (...addresses: string[]): readonly ObjectKey[] => [
  { service },
  ...addresses.map((address) => ({ service, destination: server(address) })),
]

t.test('up is as configured, down is absent, unknown is as the kernel has it', async (t) => {
  const table: Table = [entry({ '192.0.2.12': 1, '192.0.2.13': 7 })]
  t.strictSame(serversOf(desired(conf, states('up', 'down', 'unknown'), table, [])), ['11:1', '13:7'])
  t.strictSame(serversOf(desired(conf, states('unknown', 'unknown', 'up'), table, [])), ['12:1', '13:1'])
  t.strictSame(serversOf(desired(conf, new Map(), [], [])), [])
})

t.test('a server of our own that has left is drained before it goes; others stay', async (t) => {
  const up = states('up', 'up', 'up')
  const left = (weight: number, active: number, ours: readonly ObjectKey[]) =>
    serversOf(desired(conf, up, [entry({ '192.0.2.14': weight }, active)], ours)).filter((text) =>
      text.startsWith('14'),
    )
  t.strictSame(left(3, 5, own('192.0.2.14')), ['14:0'])
  t.strictSame(left(0, 5, own('192.0.2.14')), ['14:0'])
  t.strictSame(left(3, 0, own('192.0.2.14')), ['14:0'], 'one round at weight 0 even without connections')
  t.strictSame(left(0, 0, own('192.0.2.14')), [])
  t.strictSame(left(3, 5, own()), ['14:3'], "a stranger's")
})

t.test('a service of our own that has left goes with its last server', async (t) => {
  const none: Config = { ...conf, services: [] }
  t.strictSame(serversOf(desired(none, new Map(), [entry({ '192.0.2.11': 1 }, 1)], own('192.0.2.11'))), ['11:0'])
  t.strictSame(desired(none, new Map(), [entry({ '192.0.2.11': 0 })], own('192.0.2.11')), [])
  t.strictSame(
    serversOf(desired(none, new Map(), [entry({ '192.0.2.11': 0 })], own())),
    ['11:0'],
    'it holds a foreign server',
  )
  t.strictSame(
    desired(none, new Map(), [entry({ '192.0.2.11': 1 })], []),
    [],
    'not ours: left out, and diff leaves it alone',
  )
})

t.test('what is ours: configured and there, or ours before and not gone', async (t) => {
  const table: Table = [entry({ '192.0.2.11': 1, '192.0.2.14': 1, '192.0.2.15': 1 })]
  const names = owned(conf, table, own('192.0.2.12', '192.0.2.14', '192.0.2.16'))
    .map(keyName)
    .sort()
  t.strictSame(
    names,
    own('192.0.2.11', '192.0.2.12', '192.0.2.14').map(keyName).sort(),
    '.11 adopted; .12 down but configured; .14 leaving; .15 foreign; .16 gone',
  )
})

// ── for any table, ledger and health ──

const addresses = ['192.0.2.11', '192.0.2.12', '192.0.2.13', '192.0.2.14', '192.0.2.15']
const anyState = fc.constantFrom<Health>('up', 'down', 'unknown')
const anyStates = fc.tuple(anyState, anyState, anyState).map((each) => states(...each))
const anyServers = fc.dictionary(fc.constantFrom(...addresses), fc.integer({ min: 0, max: 9 }), {
  noNullPrototype: true,
})
const anyTable = fc.oneof(
  fc.constant<Table>([]),
  fc.tuple(anyServers, fc.integer({ min: 0, max: 1 })).map(([servers, active]): Table => [entry(servers, active)]),
)
const anyLedger = fc.subarray(addresses).map((some) => own(...some))

const plan = (health: Facts, table: Table, ledger: readonly ObjectKey[]) => {
  const ours = owned(conf, table, ledger)
  return diff(table, desired(conf, health, table, ours), { owned: ours }).changes
}
const about = (change: Change) => ('of' in change ? change.destination.address : 'service')

t.test('one plan settles it: the next one is empty', async (t) => {
  fc.assert(
    fc.property(anyStates, anyTable, anyLedger, (health, table, ledger) => {
      // Drains take a second plan: weight 0 first.
      let now = table
      for (let round = 0; round < 2; round++) now = carriedOut(now, plan(health, now, ledger))
      return plan(health, now, ledger).length === 0
    }),
  )
  t.pass()
})

t.test('weights come from configuration and state alone', async (t) => {
  fc.assert(
    fc.property(anyStates, anyTable, anyLedger, (health, table, ledger) =>
      plan(health, table, ledger).every((change) => {
        if (change.type !== 'addDestination' && change.type !== 'updateDestination') return true
        const state = health.get(objectName(service, change.destination))?.health
        return change.destination.weight === (state === 'up' ? 1 : 0)
      }),
    ),
  )
  t.pass()
})

t.test('only what is down, or has left and is ours, is ever removed', async (t) => {
  fc.assert(
    fc.property(anyStates, anyTable, anyLedger, (health, table, ledger) =>
      plan(health, table, ledger).every((change) => {
        if (change.type === 'removeService') return false
        if (change.type !== 'removeDestination') return true
        const state = health.get(objectName(service, change.destination))?.health
        const ours = ledger.some(({ destination }) => destination?.address === change.destination.address)
        return state === 'down' || (state === undefined && ours && change.before.weight === 0)
      }),
    ),
  )
  t.pass()
})

t.test('nothing known, nothing touched', async (t) => {
  fc.assert(
    fc.property(anyTable, fc.boolean(), (table, empty) => {
      const health = empty ? (new Map() as Facts) : states('unknown', 'unknown', 'unknown')
      return plan(health, table, own(...addresses.slice(0, 3))).every((change) => about(change) === 'service')
    }),
  )
  t.pass()
})
