import t from 'tap'
import type { Table } from 'ipvs'
import { Rates } from '../src/rates.js'

const counters = (connections: bigint) => ({ connections, packetsIn: 0n, packetsOut: 0n, bytesIn: 0n, bytesOut: 0n })
const stats = (connections: number) => ({ total: counters(BigInt(connections)) })
/** A service with one server, after so many connections. */
const table = (ofService: number, ofServer = ofService): Table =>
  [
    {
      service: { protocol: 'tcp', address: '192.0.2.100', port: 80, stats: stats(ofService) },
      destinations: [{ address: '192.0.2.11', port: 80, stats: stats(ofServer) }],
    },
  ] as unknown as Table
const service = { protocol: 'tcp', address: '192.0.2.100', port: 80 } as const
const server = { address: '192.0.2.11', port: 80 }

t.test('a rate is what was added since the sample before, by the time between', (t) => {
  const rates = new Rates()
  rates.table(table(100, 40), 0)
  t.strictSame(rates.of(service, server), { connectionsPerSecond: undefined, history: [] }, 'one sample tells nothing')
  rates.table(table(150, 60), 5000)
  t.strictSame(rates.of(service), { connectionsPerSecond: 10, history: [10] })
  t.strictSame(rates.of(service, server), { connectionsPerSecond: 4, history: [4] })
  rates.table(table(151, 60), 15_000)
  t.strictSame(rates.of(service), { connectionsPerSecond: 0.1, history: [10, 0.1] }, 'a sample that came late')
  t.equal(rates.samples, 3)
  t.end()
})

t.test('tables that are read more often than every five seconds are no samples', (t) => {
  const rates = new Rates()
  for (let now = 0; now <= 10_000; now += 100) rates.table(table(now / 100), now)
  t.equal(rates.samples, 3)
  t.end()
})

t.test('an entry that was made anew starts from nothing', (t) => {
  const rates = new Rates()
  rates.table(table(1000), 0)
  rates.table(table(10), 5000)
  t.equal(rates.of(service).connectionsPerSecond, 2)
  t.end()
})

t.test('the history is of five minutes, and nobody can change it', (t) => {
  const rates = new Rates()
  for (let i = 0; i < 100; i++) rates.table(table(i * i * 5), i * 5000)
  const { history } = rates.of(service)
  t.equal(history.length, 60)
  t.equal(history.at(-1), 197)
  ;(history as number[]).length = 0
  t.equal(rates.of(service).history.length, 60)
  t.end()
})

t.test('what is out of the table has no new connections, and is forgotten with the last that it had', (t) => {
  const rates = new Rates()
  rates.table(table(1), 0)
  rates.table(table(6), 5000)
  rates.table([], 10_000)
  t.strictSame(rates.of(service), { connectionsPerSecond: 0, history: [1, 0] })
  for (let i = 3; i < 61; i++) rates.table([], i * 5000)
  t.equal(rates.of(service).history.length, 60)
  rates.table([], 61 * 5000)
  t.strictSame(rates.of(service), { connectionsPerSecond: undefined, history: [] })
  t.end()
})
