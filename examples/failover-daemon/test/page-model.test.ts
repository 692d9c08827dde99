/** What the page knows and says, without a document. */
import t from 'tap'
import { figuresOf, needsOf, titleOf } from '../page/attention.js'
import { Connection } from '../page/connection.js'
import type { ConnectionState, Listener } from '../page/connection.js'
import { filterOf, hashOf, shownOf } from '../page/filter.js'
import { changed, renewed } from '../page/model.js'
import { sparkPoints, sparkTop } from '../page/sparkline.js'
import { agoText, countText, durationText, latencyText, plural, printable, rateText } from '../page/words.js'
import { Status } from '../src/status-schema.js'
import type { ServerStatus } from '../src/status-schema.js'
import { busy, calm, change, hostile, many, out, rowOf, server, service, serviceRow, status } from './page/snapshots.js'

const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T
/** Of a list that has one. */
const first = <T>(items: readonly T[]): T => {
  const [item] = items
  if (item === undefined) throw new Error('an empty list')
  return item
}

t.test('the snapshots of these tests are snapshots of the daemon', (t) => {
  const snapshots = { calm, busy, hostile, many: () => many(5, 10) }
  for (const [name, make] of Object.entries(snapshots)) t.same(Status.parse(copy(make())), copy(make()), name)
  t.end()
})

t.test('a snapshot that says the same is the same object', (t) => {
  const before = busy()
  t.equal(renewed(before, copy(before)), before)
  t.end()
})

t.test('of a snapshot, what says the same stays the same object', (t) => {
  const before = many(2, 3)
  const after = copy(before)
  const renamed = {
    ...after,
    services: after.services.map((item, i) => (i === 1 ? { ...item, scheduler: 'rr' } : item)),
  }
  const now = renewed(before, renamed)
  t.equal(now.services[0], before.services[0])
  t.not(now.services[1], before.services[1])
  t.equal(now.services[1]?.servers, before.services[1]?.servers)
  t.equal(now.events, before.events)
  t.same(now, renamed)
  t.end()
})

t.test('servers that come, go and change their order keep what is known of them by name', (t) => {
  const [a, b, c] = [server(1), server(2), server(3)]
  const before = status([service(80, [a, b])])
  const now = renewed(before, copy(status([service(80, [c, b])])))
  t.same(
    now.services[0]?.servers.map((item) => item.server),
    [c.server, b.server],
  )
  t.equal(now.services[0]?.servers[1], b)
  t.end()
})

t.test('a change of one server is another object for it and its service alone', (t) => {
  const before = many(3, 4)
  const row = rowOf(first(before.services), 2, { active: 12345 })
  const now = changed(before, change({ servers: [row], time: '2026-11-28T12:00:05.000Z' }))
  t.equal(now.time, '2026-11-28T12:00:05.000Z')
  t.equal(now.services[0]?.servers[2]?.active, 12345)
  t.equal(now.services[0]?.servers[2]?.history, before.services[0]?.servers[2]?.history)
  for (const i of [0, 1, 3]) t.equal(now.services[0]?.servers[i], before.services[0]?.servers[i])
  for (const i of [1, 2]) t.equal(now.services[i], before.services[i])
  t.end()
})

t.test('a row replaces the one before: what it does not say any more is gone', (t) => {
  const before = status([service(80, [out(12, { state: 'failed', reason: 'refused', detail: 'no' })])])
  const row = copy({ ...rowOf(first(before.services), 0, { state: 'online' }), reason: undefined, detail: undefined })
  const now = changed(before, change({ servers: [row] }))
  t.equal(now.services[0]?.servers[0]?.state, 'online')
  t.notOk(now.services[0]?.servers[0]?.reason)
  t.notOk('service' in (now.services[0]?.servers[0] ?? {}))
  t.end()
})

t.test('a change of a service leaves its servers', (t) => {
  const before = many(2, 2)
  const row = serviceRow(first(before.services))
  const now = changed(before, change({ services: [{ ...row, short: true }] }))
  t.equal(now.services[0]?.short, true)
  t.equal(now.services[0]?.servers, before.services[0]?.servers)
  t.end()
})

t.test('rows of what is not there are ignored', (t) => {
  const before = calm()
  const row = { ...rowOf(first(before.services), 0), service: 'tcp 203.0.113.1:1' }
  t.equal(changed(before, change({ servers: [row], time: before.time })), before)
  t.end()
})

const withoutRate = ({ connectionsPerSecond: _, ...rest }: ServerStatus): ServerStatus => rest

t.test('a sample adds a value to every history, and the oldest of five minutes goes', (t) => {
  const long = server(11, { history: Array.from({ length: 60 }, (_, i) => i), connectionsPerSecond: 7 })
  const gone = withoutRate(server(12, { history: [1, 2] }))
  const fresh = withoutRate(server(13, { history: [] }))
  const before = status([service(80, [long, gone, fresh, server(14, { history: [3], connectionsPerSecond: 4 })])])
  const row = rowOf(first(before.services), 3, { connectionsPerSecond: 5 })
  const [a, b, c, d] = changed(before, change({ servers: [row], sampled: true })).services[0]?.servers ?? []
  t.same(a?.history, [...Array.from({ length: 59 }, (_, i) => i + 1), 7])
  t.same(b?.history, [1, 2, 0])
  t.same(c?.history, [])
  t.same(d?.history, [3, 5])
  t.end()
})

t.test('new events go to the end, once, and a hundred are kept', (t) => {
  const before = many(1, 1)
  const event = { ...first(before.events), id: 100 }
  const now = changed(before, change({ events: [event] }))
  t.equal(now.events.length, 100)
  t.same(now.events.at(-1), event)
  t.equal(now.events[0], before.events[1])
  t.equal(changed(now, change({ events: [event], time: now.time })), now)
  t.end()
})

t.test('what is not in a change is as before; what is, is as it says', (t) => {
  const before = busy()
  const now = changed(before, change({ problems: [], time: before.time }))
  t.same(now.problems, [])
  t.equal(now.foreign, before.foreign)
  t.equal(now.events, before.events)
  t.end()
})

t.test('the banner tells problems, services below their quorum, and services that the kernel does not have', (t) => {
  t.same(needsOf(calm()), [])
  t.same(
    needsOf(busy()).map(({ text }) => text),
    [
      'the configuration was rejected, and the old one holds: failover.yaml:12:5: expected a port, found "htpp"',
      'tcp 192.0.2.100:443 is below its quorum: 1 online, 3 needed',
      'tcp 192.0.2.100:25 is not in the kernel',
    ],
  )
  t.end()
})

t.test('the title tells the state at a glance', (t) => {
  t.equal(titleOf(undefined, 'connecting'), 'IPVS director')
  t.equal(titleOf(undefined, 'lost'), 'no connection · IPVS director')
  t.equal(titleOf(calm(), 'live'), 'all well · lb1.example.net')
  t.equal(titleOf(busy(), 'live'), '3 problems · lb1.example.net')
  t.equal(titleOf(busy(), 'lost'), 'connection lost · lb1.example.net')
  const one = status([service(80, [server(11), out(12, { state: 'failed' }), out(13, { state: 'disabled' })])])
  t.equal(titleOf(one, 'live'), '1 server out · lb1.example.net')
  t.end()
})

t.test('the figures count configured servers', (t) => {
  t.match(figuresOf(busy()), { services: 4, inTrouble: 2, servers: 13, online: 7, out: 3 })
  t.equal(figuresOf(status([])).rate, undefined)
  t.end()
})

/** What a filter lets be seen, as names. */
const seen = (text: string, attention = false): readonly string[] =>
  [...shownOf(busy().services, { text, attention })].map(([name, servers]) => [name, ...servers].join(' '))

t.test('a filter finds names, addresses, states and services; all of its words', (t) => {
  t.same(seen('WEB12'), ['tcp 192.0.2.100:80 192.0.2.12:80'])
  t.same(seen('192.0.2.22'), ['tcp 192.0.2.100:443 192.0.2.22:443'])
  t.same(seen('flapping'), ['tcp 192.0.2.100:443 192.0.2.23:443'])
  t.same(seen('100:25'), ['tcp 192.0.2.100:25 192.0.2.41:25 192.0.2.42:25'])
  t.same(seen('  failed 100:80 '), ['tcp 192.0.2.100:80 192.0.2.12:80'])
  t.same(seen('failed 100:443'), [])
  t.equal(seen('').length, 4)
  t.end()
})

t.test('only what needs attention: servers that are out, and all of a service in trouble', (t) => {
  const servers = [21, 22, 23, 24, 29].map((number) => `192.0.2.${number}:443`)
  t.same(seen('', true), [
    'tcp 192.0.2.100:80 192.0.2.12:80',
    ['tcp 192.0.2.100:443', ...servers].join(' '),
    'tcp 192.0.2.100:25 192.0.2.41:25 192.0.2.42:25',
  ])
  t.same(seen('web22', true), ['tcp 192.0.2.100:443 192.0.2.22:443'])
  t.end()
})

t.test('the filter is kept in the address', (t) => {
  for (const filter of [
    { text: '', attention: false },
    { text: 'a&b=c #%', attention: true },
    { text: 'failed [2001:db8::1]', attention: false },
    { text: '', attention: true },
  ]) {
    t.same(filterOf(hashOf(filter)), filter)
  }
  t.equal(hashOf({ text: '', attention: false }), '')
  t.same(filterOf('#services'), { text: '', attention: false })
  t.end()
})

t.test('a sparkline ends at the right, within its drawing', (t) => {
  t.equal(sparkPoints([], 5), '')
  t.equal(sparkPoints([0, 10, 5], 10), '55,18 57,15 58,1 59,8 61,18')
  t.equal(sparkPoints([0, 0], 0), '56,18 58,15 59,15 61,18')
  t.equal(sparkTop([{ history: [1, 4] }, { history: [3] }, { history: [] }]), 4)
  t.equal(sparkTop([]), 0)
  t.end()
})

t.test('numbers and times are written for people', (t) => {
  t.same([0, 999, 12345, 1_234_567].map(countText), ['0', '999', '12,345', '1.2M'])
  t.same([undefined, 0, 0.44, 9.96, 1234.5].map(rateText), ['–', '0', '0.4', '10', '1,235'])
  t.same([undefined, 0.61, 12.4, 1234].map(latencyText), ['–', '0.6 ms', '12 ms', '1.2 s'])
  t.same([-5, 59_999, 60_000, 7_200_000, 172_800_000].map(durationText), ['0 s', '59 s', '1 min', '2 h', '2 days'])
  t.same([agoText(1000, 900), agoText(1000, 1999), agoText(1000, 3000)], ['just now', 'just now', '2 s ago'])
  t.same([plural(1, 'server'), plural(2, 'server')], ['1 server', '2 servers'])
  t.end()
})

t.test('what would not be seen in a text, or turn it around, shows', (t) => {
  t.equal(printable('a\nb\r\t\u0000'), 'a\\nb\\r\\t\\u{0}')
  t.equal(printable('web\u202egnp.exe'), 'web\\u{202e}gnp.exe')
  t.equal(printable('\u2066\u200b\u2028\u007f\ufeff'), '\\u{2066}\\u{200b}\\u{2028}\\u{7f}\\u{feff}')
  t.equal(printable('żółw 日本 🙂 عربي'), 'żółw 日本 🙂 عربي')
  t.end()
})

/** An EventSource of which the test says what it hears. */
class Source extends EventTarget {
  readyState = 0
  closed = false

  close(): void {
    this.closed = true
    this.readyState = 2
  }

  say(type: string, data: unknown = ''): void {
    this.dispatchEvent(Object.assign(new Event(type), { data: JSON.stringify(data) }))
  }

  fail(readyState: number): void {
    this.readyState = readyState
    this.dispatchEvent(new Event('error'))
  }
}

/** A connection, its sources, what it told, and its clock. */
function connected() {
  const sources: Source[] = []
  const told: ConnectionState[] = []
  const clock = { now: 1000 }
  const listener: Listener = { status: () => {}, change: () => {}, state: (state) => told.push(state) }
  const open = (): EventSource => {
    const source = new Source()
    sources.push(source)
    return source as unknown as EventSource
  }
  const connection = new Connection(open, listener, () => clock.now)
  const after = (ms: number): void => {
    clock.now += ms
    connection.check()
  }
  connection.check()
  return { sources, told, after, last: () => sources.at(-1) ?? new Source() }
}

t.test('a stream that speaks is live, and stays the only one', (t) => {
  const { sources, told, after, last } = connected()
  last().say('status', {})
  for (let i = 0; i < 10; i++) {
    after(10_000)
    last().say('beat')
  }
  t.same(told, ['live'])
  t.equal(sources.length, 1)
  t.end()
})

t.test('a stream that tries again by itself is left to do so', (t) => {
  const { sources, told, after, last } = connected()
  last().say('status', {})
  last().fail(0)
  t.same(told, ['live', 'lost'])
  after(5000)
  t.equal(sources.length, 1)
  last().say('status', {})
  t.same(told, ['live', 'lost', 'live'])
  t.end()
})

t.test('a stream that was given up is opened anew two seconds later, for ever', (t) => {
  const { sources, told, after, last } = connected()
  for (let i = 1; i < 50; i++) {
    last().fail(2)
    after(0)
    after(1999)
    t.equal(sources.length, i)
    after(1)
    t.equal(sources.length, i + 1)
  }
  t.same(told, ['lost'])
  t.end()
})

t.test('after 25 seconds without a word the stream is another one, and the old one says nothing any more', (t) => {
  const { sources, told, after, last } = connected()
  last().say('status', {})
  after(24_999)
  t.equal(sources.length, 1)
  after(1)
  t.equal(sources.length, 2)
  t.same(told, ['live', 'lost'])
  t.ok(sources[0]?.closed)
  sources[0]?.say('status', {})
  sources[0]?.fail(2)
  t.same(told, ['live', 'lost'])
  last().say('status', {})
  t.same(told, ['live', 'lost', 'live'])
  t.end()
})
