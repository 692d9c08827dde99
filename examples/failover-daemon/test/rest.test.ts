import t from 'tap'
import type { Destination, Table } from 'ipvs'
import { noMemory } from '../src/policy.js'
import { canRest, stands } from '../src/rest.js'
import { config, entry } from './tables.js'

const conf = config(['192.0.2.11', '192.0.2.12'])
const before: Table = [entry({ '192.0.2.11': 1, '192.0.2.12': 1 })]
const rest = { table: before, config: conf, since: 1000 }

/** The table, its first server changed. */
const changed = (change: object): Table =>
  before.map(({ service, destinations: [first, ...others] }) => ({
    service,
    destinations: [{ ...first, ...change } as Destination, ...others],
  }))

t.test('a decision stands while the table is the same but for what is counted', (t) => {
  t.ok(stands(rest, conf, structuredClone(before), 2000))
  t.ok(stands(rest, conf, changed({ connections: { active: 7, inactive: 8, persistent: 9 } }), 2000))
  t.notOk(stands(rest, conf, changed({ weight: 2 }), 2000), 'another weight')
  t.notOk(stands(rest, conf, changed({ address: '192.0.2.13' }), 2000), 'another server')
  t.notOk(stands(rest, conf, changed({ limits: { upper: 5, lower: 0 } }), 2000), 'a setting more')
  t.notOk(stands(rest, conf, [entry({ '192.0.2.11': 1 })], 2000), 'a server less')
  t.notOk(stands(rest, conf, [], 2000), 'nothing')
  t.end()
})

t.test('it stands for a minute, and for its configuration', (t) => {
  t.ok(stands(rest, conf, before, 60_999))
  t.notOk(stands(rest, conf, before, 61_000))
  t.notOk(stands(rest, { ...conf }, before, 2000))
  t.end()
})

t.test('none stands while servers leave, or where checks tell the weight', (t) => {
  t.ok(canRest(conf, noMemory))
  t.notOk(canRest(conf, { ...noMemory, leaving: new Map([['tcp 192.0.2.100:80 > 192.0.2.13:80', 0]]) }))
  t.notOk(canRest(config(['192.0.2.11'], { weightFromCheck: true }), noMemory))
  t.end()
})
