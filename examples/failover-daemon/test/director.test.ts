import { setImmediate } from 'node:timers/promises'
import { IpvsError } from 'ipvs'
import type { RequestTrace } from 'ipvs'
import t from 'tap'
import type { Config } from '../src/config.js'
import { directorBench, intercepted, memoryLedger, onRequest } from './director-bench.js'
import { config, server, service } from './tables.js'

const web = 'tcp 192.0.2.100:80'
const [a, b, c] = ['192.0.2.11:80', '192.0.2.12:80', '192.0.2.13:80'] as const
const conf = config(['192.0.2.11', '192.0.2.12', '192.0.2.13'])
const spec = { ...service, scheduler: 'wlc' } as const
const direct = (address: string, weight = 1) => ({ ...server(address), forwarding: 'direct', weight }) as const

/** The configuration with a second service of the same servers on the VIP's other port. */
function alsoAt(port: number, settings: { readonly scheduler: string }): Config {
  const [first] = conf.services
  if (first === undefined) return conf
  const servers = first.servers.map(({ address, port }) => ({
    address,
    port,
    forwarding: 'masquerade' as const,
    weight: 1,
  }))
  const second = { ...first, forwarding: 'masquerade' as const, servers, spec: { ...first.spec, ...settings, port } }
  return { ...conf, services: [first, second] }
}

/** A director whose three servers are up. */
async function running() {
  const bench = directorBench()
  const director = await bench.start(conf)
  await director.find('up', a, b, c)
  return { bench, director }
}

t.test('a server comes in when it is found up, goes when it is found down, and comes back', async (t) => {
  const bench = directorBench()
  const director = await bench.start(conf)
  t.strictSame(await bench.weights(), { [web]: {} }, 'nothing is known yet')
  await director.find('up', a, b, c)
  t.strictSame(await bench.weights(), { [web]: { [a]: 1, [b]: 1, [c]: 1 } })
  await director.find('down', b)
  t.strictSame(await bench.weights(), { [web]: { [a]: 1, [c]: 1 } })
  await director.find('up', b)
  t.strictSame(await bench.weights(), { [web]: { [a]: 1, [b]: 1, [c]: 1 } })
  t.match(
    director.log.lines.filter(({ fields }) => fields.server === b && fields['to'] === 'failed'),
    [
      {
        level: 'warn',
        fields: { service: web, from: 'online', to: 'failed', reason: 'refused', detail: 'ECONNREFUSED', latencyMs: 3 },
      },
    ],
  )
  t.match(director.log.lines.at(-1), {
    message: 'table written',
    fields: { cause: 'transition', changes: 1, written: [`addDestination ${web} > ${b}`] },
  })
  await director.stop()
  t.strictSame(await bench.weights(), { [web]: { [a]: 1, [b]: 1, [c]: 1 } }, 'the table stays at the end')
})

t.test('nothing is written when nothing has changed', async (t) => {
  const { bench, director } = await running()
  const { writes } = bench.kernel
  const lines = director.log.lines.length
  for (let i = 0; i < 5; i++) await director.round()
  t.equal(bench.kernel.writes, writes)
  t.equal(director.log.lines.length, lines)
  await director.stop()
})

t.test('a round in which nothing is different decides nothing, for a minute at most', async (t) => {
  const ledger = memoryLedger()
  let decisions = 0
  const replace = ledger.replace.bind(ledger)
  ledger.replace = (keys) => {
    decisions++
    return replace(keys)
  }
  let rounds = 0
  const bench = directorBench()
  const director = await bench.start(conf, { ledger, onRound: () => rounds++ })
  await director.find('up', a, b, c)
  await director.round()
  const [decided, done] = [decisions, rounds]
  for (let i = 0; i < 5; i++) await director.round()
  t.equal(decisions, decided)
  t.equal(rounds, done + 5, 'who waits for rounds hears of each')
  await bench.outside.updateDestination(service, direct('192.0.2.12', 9))
  await director.round()
  t.ok(decisions > decided)
  t.strictSame(await bench.weights(), { [web]: { [a]: 1, [b]: 1, [c]: 1 } }, 'what somebody changes is repaired')
  await director.round()
  const again = decisions
  await director.pass(60_000)
  await director.round()
  t.ok(decisions > again)
  await director.stop()
})

t.test('a restart adopts the table and writes nothing', async (t) => {
  const { bench, director } = await running()
  await director.find('down', c)
  await director.stop()
  const { writes } = bench.kernel

  const again = await bench.start(conf, { ledger: director.ledger })
  t.strictSame(again.states(), { [a]: 'up', [b]: 'up', [c]: 'unknown' })
  await again.round()
  await again.find('down', c)
  t.equal(bench.kernel.writes, writes)
  t.match(again.log.lines[0], { message: 'table found', fields: { adopted: { length: 3 }, foreign: [] } })
  await again.stop()

  const withoutLedger = await bench.start(conf)
  t.equal(bench.kernel.writes, writes)
  t.equal(withoutLedger.ledger.keys.length, 3, 'adopted again')
  await withoutLedger.stop()
})

t.test('a server at weight 0 in the kernel stays so until it is known to be up', async (t) => {
  const bench = directorBench()
  await bench.outside.addService(spec)
  await bench.outside.addDestination(service, direct('192.0.2.11', 0))
  const director = await bench.start(conf)
  await director.round()
  t.strictSame(await bench.weights(), { [web]: { [a]: 0 } })
  await director.find('up', a)
  t.strictSame(await bench.weights(), { [web]: { [a]: 1 } })
  await director.stop()
})

t.test('what others do to the table is repaired by the next round', async (t) => {
  const { bench, director } = await running()
  await bench.outside.flush()
  await director.round()
  t.strictSame(await bench.weights(), { [web]: { [a]: 1, [b]: 1, [c]: 1 } })
  await bench.outside.setWeight(service, server('192.0.2.11'), 9)
  await bench.outside.updateService({ ...service, scheduler: 'rr' })
  await director.round()
  t.strictSame(await bench.weights(), { [web]: { [a]: 1, [b]: 1, [c]: 1 } })
  t.match(await bench.outside.services(), [{ scheduler: 'wlc' }])
  t.match(
    director.log.lines.slice(-2).map(({ level, fields }) => [level, fields.cause, fields.changes]),
    [
      ['warn', 'drift', 4],
      ['warn', 'drift', 2],
    ],
  )
  await director.stop()
})

t.test('what others made stays', async (t) => {
  const bench = directorBench()
  const other = { ...service, port: 443, scheduler: 'rr' } as const
  await bench.outside.addService(spec)
  await bench.outside.addDestination(service, direct('192.0.2.99'))
  await bench.outside.addService(other)
  const director = await bench.start(conf)
  await director.find('down', a, b, c)
  await director.round()
  t.strictSame(await bench.weights(), { [web]: { '192.0.2.99:80': 1 }, 'tcp 192.0.2.100:443': {} })
  t.match(director.log.lines[0]?.fields, { adopted: [web], foreign: { length: 2 } })
  await director.stop()
})

t.test('a server that has left the configuration is drained, then removed; with it its service', async (t) => {
  const { bench, director } = await running()
  await director.stop()
  const fewer = await bench.start(config(['192.0.2.11', '192.0.2.12']), { ledger: director.ledger })
  t.strictSame(await bench.weights(), { [web]: { [a]: 1, [b]: 1, [c]: 0 } })
  await fewer.round()
  t.strictSame(await bench.weights(), { [web]: { [a]: 1, [b]: 1 } })
  t.match(fewer.log.lines.at(-1)?.fields, { cause: 'drain', changes: 1 })
  await fewer.stop()

  const none = await bench.start({ ...conf, services: [] }, { ledger: fewer.ledger })
  await none.round()
  await none.round()
  t.strictSame(await bench.weights(), {})
  await none.round()
  t.strictSame(none.ledger.keys, [])
  await none.stop()
})

t.test('a health change is written without a read before it, and a storm in few rounds', async (t) => {
  const sent: RequestTrace[] = []
  const bench = directorBench()
  const director = await bench.start(conf)
  onRequest(t, (request) => sent.push(request))
  await director.find('up', a)
  t.strictSame(
    sent.map(({ command, service, destination, errno }) => [command, service, destination, errno]),
    [
      ['NEW_DEST', web, a, 0],
      ['GET_SERVICE', '', '', 0],
      ['GET_DEST', web, '', 0],
    ],
  )
  sent.length = 0
  await director.find('up', b, c)
  t.strictSame(
    sent.filter(({ write }) => write).map(({ command, destination }) => [command, destination]),
    [
      ['NEW_DEST', b],
      ['NEW_DEST', c],
    ],
  )
  sent.length = 0
  for (let i = 0; i < 50; i++) void director.find(i % 2 === 0 ? 'down' : 'up', a, b)
  await director.find('up', a, b, c)
  const tables = sent.filter(({ command, service }) => command === 'GET_SERVICE' && service === '')
  t.ok(tables.length <= 2, 'a hundred changes, at most two rounds')
  t.strictSame(await bench.weights(), { [web]: { [a]: 1, [b]: 1, [c]: 1 } })
  await director.stop()
})

t.test('a write against a table that has changed since ends in a full round', async (t) => {
  const { bench, director } = await running()
  await director.find('down', b)
  await bench.outside.flush()
  await director.find('up', b)
  t.strictSame(await bench.weights(), { [web]: { [a]: 1, [b]: 1, [c]: 1 } }, 'ESRCH: the drift is repaired at once')
  await director.find('down', b)
  await bench.outside.addDestination(service, direct('192.0.2.12', 5))
  await director.find('up', b)
  t.strictSame(await bench.weights(), { [web]: { [a]: 1, [b]: 1, [c]: 1 } }, 'EEXIST')
  await bench.outside.removeDestination(service, server('192.0.2.12'))
  await director.find('down', b)
  t.strictSame(await bench.weights(), { [web]: { [a]: 1, [c]: 1 } }, 'gone already')
  await director.stop()
})

t.test('an error is logged once per episode, and no error ends the loop', async (t) => {
  let broken = true
  const refuse = () =>
    Promise.reject(new IpvsError('table: needs CAP_NET_ADMIN', { code: 'IPVS_NOT_PERMITTED', operation: 'table' }))
  const bench = directorBench()
  const director = await bench.start(conf, {
    through: (ipvs) => intercepted({ table: (options) => (broken ? refuse() : ipvs.table(options)) })(ipvs),
  })
  for (let i = 0; i < 5; i++) await director.round()
  t.match(director.log.lines, { length: 1 })
  t.match(director.log.lines[0], { level: 'error', fields: { code: 'IPVS_NOT_PERMITTED' } })
  broken = false
  await director.round()
  await director.find('up', a)
  t.strictSame(await bench.weights(), { [web]: { [a]: 1 } })
  t.match(director.log.lines[1]?.message, /works again/)
  await director.stop()
})

t.test('a service that the kernel refuses does not hold up another', async (t) => {
  const two = alsoAt(25, { scheduler: 'nosuch' })
  const bench = directorBench()
  let attempts = 0
  onRequest(t, ({ command, service }) => {
    if (command === 'NEW_SERVICE' && service === 'tcp 192.0.2.100:25') attempts++
  })
  const director = await bench.start(two)
  await director.find('up', a, b)
  t.equal(attempts, 1, 'a transition leaves alone what failed before')
  for (let i = 0; i < 3; i++) await director.round()

  await director.find('down', a)
  t.strictSame(await bench.weights(), { [web]: { [b]: 1 } })
  t.equal(attempts, 4, 'a round tries again')
  await bench.outside.flush()
  await director.round()
  t.match(director.log.lines.at(-1)?.fields, { cause: 'drift', changes: 2 })
  t.match(
    director.log.lines.filter(({ level }) => level === 'error'),
    [{ fields: { code: 'IPVS_MODULE_NOT_FOUND', change: 'addService tcp 192.0.2.100:25' } }],
    'one line, not one per round',
  )
  await director.stop()
})

t.test('a dead server goes even where another cannot be added', async (t) => {
  const bench = directorBench()
  // The broadcast address of lo: only the kernel knows that it is no host's, and says so every time.
  const nobody = '127.255.255.255:80'
  let refused = 0
  onRequest(t, ({ command, destination, errno }) => {
    if (command === 'NEW_DEST' && destination === nobody && errno !== 0) refused++
  })
  const director = await bench.start(config(['192.0.2.11', '192.0.2.12', '127.255.255.255']))
  await director.find('up', a, b)
  t.strictSame(await bench.weights(), { [web]: { [a]: 1, [b]: 1 } })
  // In one plan: an addition that has failed before would no longer stand before the removal.
  void director.find('up', nobody)
  await director.find('down', a)
  t.strictSame(await bench.weights(), { [web]: { [b]: 1 } })
  t.ok(refused > 0, 'the addition was tried')
  await director.stop()
})

t.test('the ledger names what is new before the kernel has it', async (t) => {
  const bench = directorBench()
  const order: string[] = []
  const ledger = memoryLedger()
  const replace = ledger.replace.bind(ledger)
  ledger.replace = async (keys) => {
    // As a disk takes its time: who does not wait for it has written to the kernel meanwhile.
    await setImmediate()
    await replace(keys)
    order.push(`ledger ${keys.length}, kernel ${bench.kernel.writes}`)
  }
  onRequest(t, ({ command, write }) => {
    if (write) order.push(command)
  })
  const director = await bench.start(conf, { ledger })
  await director.find('up', a)
  t.strictSame(order, ['ledger 1, kernel 0', 'NEW_SERVICE', 'ledger 2, kernel 1', 'NEW_DEST'])
  await director.stop()
})

t.test('two of one table: the second finds nothing to do', async (t) => {
  const { bench, director } = await running()
  const second = await bench.start(conf)
  const { writes } = bench.kernel
  await second.round()
  await director.round()
  t.equal(bench.kernel.writes, writes)
  await second.stop()
  await director.stop()
})
