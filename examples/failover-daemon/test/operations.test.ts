/** What operators, node lists and time do to a director that runs. */
import t from 'tap'
import type { Config } from '../src/config.js'
import { changeName } from '../src/names.js'
import { directorBench, memoryOrders, onRequest } from './director-bench.js'
import { parseConfig } from './judged-config.js'
import { config } from './tables.js'

const web = 'tcp 192.0.2.100:80'
const [a, b, c] = ['192.0.2.11:80', '192.0.2.12:80', '192.0.2.13:80'] as const
const conf = config(['192.0.2.11', '192.0.2.12', '192.0.2.13'])

async function running(given: Config = conf, options = {}) {
  const bench = directorBench()
  const director = await bench.start(given, options)
  await director.find('up', ...Object.keys(director.states()))
  return { bench, ...director }
}

t.test(
  'an operator drains a server: no new clients, out when the old ones have gone, and back when it is enabled',
  async (t) => {
    const { bench, director, round, orders, status, stop } = await runningWithStatus()
    bench.clients[b] = 3
    await director.order([`${web} > ${b}`], 'drain')
    t.strictSame(await bench.weights(), { [web]: { [a]: 1, [b]: 0, [c]: 1 } })
    t.equal(status(b)?.state, 'draining')
    await round()
    t.strictSame(await bench.weights(), { [web]: { [a]: 1, [b]: 0, [c]: 1 } }, 'it has clients')
    bench.clients[b] = 0
    await round()
    t.strictSame(await bench.weights(), { [web]: { [a]: 1, [c]: 1 } })
    await director.order([`${web} > ${b}`], undefined)
    t.strictSame(await bench.weights(), { [web]: { [a]: 1, [b]: 1, [c]: 1 } })
    t.strictSame([...orders.all], [])
    await stop()
  },
)

async function runningWithStatus() {
  const all = await running()
  const status = (name: string) => all.director.status().services[0]?.servers.find(({ server }) => server === name)
  return { ...all, status }
}

t.test('a drain ends at its deadline, without a round', async (t) => {
  const { bench, director, pass, stop } = await running(
    config(['192.0.2.11', '192.0.2.12'], { drainTimeoutMs: 60_000 }),
  )
  bench.clients[b] = 3
  await director.order([`${web} > ${b}`], 'drain')
  await pass(59_999)
  t.strictSame(await bench.weights(), { [web]: { [a]: 1, [b]: 0 } })
  await pass(1)
  t.strictSame(await bench.weights(), { [web]: { [a]: 1 } })
  await stop()
})

t.test('an order outlives the daemon', async (t) => {
  const { bench, orders, director, ledger, stop } = await running()
  await director.order([`${web} > ${a}`], 'disable')
  await stop()
  const again = await bench.start(conf, { orders: memoryOrders(orders.all), ledger })
  await again.find('up', a, b, c)
  t.strictSame(await bench.weights(), { [web]: { [b]: 1, [c]: 1 } })
  await again.stop()
})

t.test('an order that cannot be saved changes nothing', async (t) => {
  const orders = { all: new Map(), replace: () => Promise.reject(new Error('ENOSPC')) }
  const { bench, director, stop } = await running(conf, { orders })
  await t.rejects(director.order([`${web} > ${a}`], 'disable'), /ENOSPC/)
  t.strictSame(await bench.weights(), { [web]: { [a]: 1, [b]: 1, [c]: 1 } })
  await stop()
})

t.test('a reload writes what has changed, and what stays keeps its checks and is not written', async (t) => {
  const { bench, director, states, monitors, stop } = await running()
  const sent: string[] = []
  onRequest(t, ({ command, write, destination }) => {
    if (write) sent.push(`${command} ${destination}`)
  })
  await director.reload(conf)
  t.strictSame(sent, [], 'the same file again: no write')
  bench.clients[c] = 1
  await director.reload(config(['192.0.2.11', '192.0.2.12', '192.0.2.14']))
  t.strictSame(sent, [`SET_DEST ${c}`], 'the one that left is drained; the new one waits for its checks')
  t.strictSame(states(), { [a]: 'up', [b]: 'up', '192.0.2.14:80': 'unknown' })
  t.equal(monitors.length, 1, 'the same monitor')
  await stop()
})

t.test('a plan says what a reload would write, and writes nothing', async (t) => {
  const { bench, director, stop } = await running()
  const { writes } = bench.kernel
  t.strictSame((await director.plan(config(['192.0.2.11', '192.0.2.12']))).map(changeName), [
    `updateDestination ${web} > ${c}`,
  ])
  t.strictSame(await director.plan(), [])
  t.equal(bench.kernel.writes, writes)
  await stop()
})

t.test('a reload that removes most services is refused unless it is forced', async (t) => {
  const [first] = conf.services
  const many = {
    ...conf,
    services: [1, 2, 3].flatMap((port) =>
      first ? [{ ...first, servers: [], sources: [], spec: { ...first.spec, port } }] : [],
    ),
  }
  const { bench, director, stop } = await running(many)
  const one = { ...conf, services: many.services.slice(0, 1) }
  await t.rejects(director.reload(one), /expected at least half of the 3 services to stay, found 2 gone/)
  t.equal(Object.keys(await bench.weights()).length, 3)
  await director.reload(one, { force: true })
  await director.reload(one)
  t.equal(Object.keys(await bench.weights()).length, 1)
  await stop()
})

// ── names and node lists ──

const listed = (servers: string) =>
  parseConfig(
    `services:
  - { virtual: 192.0.2.100:80, forwarding: direct, whenAllDown: none, servers: [${servers}], check: { type: tcp } }
`,
    'f.yaml',
  )

t.test('a node list is followed: a name that comes is checked, one that goes is drained', async (t) => {
  const files = { '/nodes': 'web1\nweb2\n' }
  const names = { web1: ['192.0.2.11'], web2: ['192.0.2.12'], web3: ['192.0.2.13'] }
  const { bench, states, find, touch, pass, round, stop } = await running(listed('{ file: /nodes }'), { files, names })
  t.strictSame(await bench.weights(), { [web]: { [a]: 1, [b]: 1 } })
  files['/nodes'] = 'web2\nweb3\n'
  await touch()
  t.strictSame(Object.keys(states()), [a, b], 'not at the first sight')
  await pass(100)
  t.strictSame(states(), { [b]: 'up', [c]: 'unknown' })
  t.strictSame(await bench.weights(), { [web]: { [a]: 0, [b]: 1 } })
  await find('up', c)
  await round()
  t.strictSame(await bench.weights(), { [web]: { [b]: 1, [c]: 1 } })
  files['/nodes'] = ''
  await touch()
  await pass(100)
  t.strictSame(Object.keys(states()), [b, c], 'an empty list changes nothing')
  await stop()
})

t.test('a restart while names cannot be resolved leaves their servers alone', async (t) => {
  const given = listed('web1, web2')
  const names: Record<string, string[]> = { web1: ['192.0.2.11'], web2: ['192.0.2.12'] }
  const { bench, ledger, stop } = await running(given, { names })
  await stop()
  const again = await bench.start(given, { ledger, names: {} })
  await again.round()
  await again.round()
  t.strictSame(await bench.weights(), { [web]: { [a]: 1, [b]: 1 } })
  t.match(again.director.status(), { services: [{ complete: false }], problems: [/looking up web1 fails/, /web2/] })
  again.names['web1'] = ['192.0.2.11']
  await again.pass(30_000)
  await again.round()
  t.strictSame(again.states(), { [a]: 'up' }, 'it is known again, and served clients meanwhile')
  await again.stop()
})

// ── what is shared, what is told ──

t.test('services that are checked alike share the checks of their servers', async (t) => {
  const both = parseConfig(
    `services:
  - { virtual: 192.0.2.100:80, forwarding: masquerade, servers: [192.0.2.11], check: &check { type: http, port: 8000 } }
  - { virtual: 192.0.2.100:443, forwarding: masquerade, servers: [192.0.2.11:8443], check: *check }
  - { virtual: 192.0.2.100:25, forwarding: masquerade, servers: [{ address: 192.0.2.11, checkAddress: 198.51.100.11 }], check: { type: tcp } }
`,
    'f.yaml',
  )
  const { bench, monitors, states, find, log, stop } = await running(both)
  t.equal(monitors.length, 2)
  t.strictSame(states(), { '192.0.2.11:8000': 'up', '198.51.100.11:25': 'up' })
  await find('down', '192.0.2.11:8000')
  t.strictSame(
    log.lines.filter(({ message }) => message === 'server failed').map(({ fields }) => fields['server']),
    ['192.0.2.11:80', '192.0.2.11:8443'],
  )
  t.strictSame((await bench.weights())['tcp 192.0.2.100:443'], { '192.0.2.11:8443': 1 }, 'kept: it is the last one')
  await stop()
})

t.test('events tell each change of state once, with its reason', async (t) => {
  const { director, events, monitors, find, round, stop } = await running()
  events.length = 0
  await find('down', b)
  await round()
  await director.order([`${web} > ${b}`], 'disable')
  await find('down', a, c)
  const refused = { reason: 'refused', detail: 'ECONNREFUSED' }
  t.match(events, [
    { type: 'server', service: web, server: b, from: 'online', to: 'failed', ...refused },
    { type: 'server', service: web, server: b, from: 'failed', to: 'disabled' },
    { type: 'server', server: a, from: 'online', to: 'failed' },
    { type: 'server', server: c, from: 'online', to: 'failed' },
    { type: 'quorum', service: web, ok: false, detail: '0 of 1 servers are up' },
  ])
  t.equal(events.length, 5)
  for (const outcome of ['fail', 'inconclusive'] as const) monitors[0]?.hear(a, { outcome, reason: 'timeout' })
  t.match(events.slice(5), [{ server: a, from: 'failed', to: 'failed', reason: 'timeout', latencyMs: 3 }])
  t.equal(events.length, 6, 'one more failure is told, as alerts count them')
  await stop()
})

t.test('a server that is down is failed while its host answers pings, else offline', async (t) => {
  const dead = new Set(['192.0.2.12'])
  const trouble = new Set<string>()
  const echo = (address: string) => {
    if (trouble.has(address)) return Promise.reject(Object.assign(new Error('no permission'), { code: 'EPERM' }))
    if (!dead.has(address)) return Promise.resolve()
    return Promise.reject(Object.assign(new Error('nobody there'), { code: 'EHOSTUNREACH' }))
  }
  const { director, events, find, round, stop } = await running(conf, { echo })
  const states = () => director.status().services[0]?.servers.map(({ state }) => state)
  await find('down', a, b)
  t.strictSame(states(), ['failed', 'offline', 'online'])
  t.match(events.at(-1), { server: b, from: 'failed', to: 'offline', reason: 'refused' })
  dead.delete('192.0.2.12')
  await round()
  t.strictSame(states(), ['failed', 'failed', 'online'], 'it is asked again by each round')
  dead.add('192.0.2.12')
  trouble.add('192.0.2.12')
  await round()
  t.strictSame(states(), ['failed', 'failed', 'online'], 'trouble of ours says nothing')
  await find('up', b)
  t.strictSame(states(), ['failed', 'online', 'online'])
  await stop()
})

t.test('a server that comes up starts slowly, in steps that need no round', async (t) => {
  const { bench, find, pass, stop } = await running(config(['192.0.2.11', '192.0.2.12'], { slowStartMs: 10_000 }, 10))
  await pass(10_000)
  await find('down', b)
  await find('up', b)
  const weightOfB = async () => ((await bench.weights()) as Record<string, Record<string, number>>)[web]?.[b]
  const seen = [await weightOfB()]
  for (let i = 0; i < 10; i++) {
    await pass(1000)
    seen.push(await weightOfB())
  }
  t.strictSame(seen, [1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  await stop()
})
