import t from 'tap'
import { Rates } from '../src/rates.js'
import { Status } from '../src/status-schema.js'
import { Timeline } from '../src/timeline.js'
import { changeBetween, isNews } from '../src/web/changes.js'
import type { StatusChange } from '../src/web/status-change.js'
import { directorBench } from './director-bench.js'
import { config } from './tables.js'

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
const [first, second] = ['192.0.2.11', '192.0.2.12'] as const

t.test('the snapshot is what its schema says, whatever happens', async (t) => {
  const bench = directorBench()
  const run = await bench.start(config([first, second]))
  const look = () => {
    const status = run.director.status()
    t.strictSame(asJson(Status.parse(status)), asJson(status), 'and no field that it does not know')
    return status
  }
  t.match(look(), { version: 1, director: { role: 'alone' }, events: [], services: [{ vipHere: false, online: 0 }] })
  await run.find('up', `${first}:80`, `${second}:80`)
  await run.find('down', `${second}:80`)
  t.match(look(), {
    services: [
      {
        online: 1,
        servers: [
          { state: 'online', lastTransition: { from: 'unknown', to: 'online' } },
          { state: 'failed', reason: 'refused', lastTransition: { from: 'online', to: 'failed', reason: 'refused' } },
        ],
      },
    ],
    events: [{ id: 1, type: 'server', server: `${second}:80`, from: 'online', to: 'failed', ok: false }],
  })
  await bench.outside.addService({ protocol: 'tcp', address: '192.0.2.200', port: 80, scheduler: 'rr' })
  await bench.outside.addDestination(
    { protocol: 'tcp', address: '192.0.2.100', port: 80 },
    { address: '192.0.2.99', port: 80, forwarding: 'direct' },
  )
  await run.round()
  t.match(look(), { foreign: ['tcp 192.0.2.200:80'], services: [{ servers: [{}, {}, { state: 'foreign' }] }] })
  await run.stop()
})

t.test('whether bird has the route of an address is known once bird was heard', async (t) => {
  const announcing = {
    ...config([first]),
    services: config([first]).services.map((one) => ({ ...one, announce: 'bird' as const })),
  }
  let announced: ReadonlySet<string> | undefined
  const run = await directorBench().start(announcing, { announced: () => announced })
  const told = () => run.director.status().services[0]?.announced
  t.equal(told(), undefined)
  announced = new Set()
  t.equal(told(), false)
  announced = new Set(['192.0.2.100'])
  t.equal(told(), true)
  await run.director.reload(config([first]))
  t.equal(told(), undefined, 'of one that is not announced nothing is told')
  await run.stop()
})

t.test('a refused configuration is a problem that the snapshot has', async (t) => {
  const timeline = new Timeline()
  const run = await directorBench().start(config([first]), { timeline })
  timeline.note({ type: 'config', at: 0, ok: false, detail: 'x.yaml:1:1: …' })
  t.match(run.director.status(), { problems: [/refused/], events: [{ type: 'config', ok: false }] })
  await run.stop()
})

t.test('new connections are counted at each round', async (t) => {
  const run = await directorBench().start(config([first]), { rates: new Rates() })
  await run.find('up', `${first}:80`)
  await run.pass(5000)
  await run.round()
  await run.pass(5000)
  await run.round()
  t.match(run.director.status().services, [{ connectionsPerSecond: 0, servers: [{ history: [0] }] }])
  await run.stop()
})

t.test('what a change tells', async (t) => {
  const bench = directorBench()
  const run = await bench.start(config([first, second]))
  await run.find('up', `${first}:80`, `${second}:80`)
  const between = async (happen: () => Promise<unknown>, sampled = false) => {
    const before = run.director.status()
    await happen()
    return changeBetween(before, run.director.status(), sampled)
  }

  const nothing = (await between(() => run.pass(3000))) as StatusChange
  t.match(nothing, { services: [], servers: [], sampled: false }, 'time that passes')
  t.notOk(isNews(nothing))
  t.ok(isNews((await between(() => Promise.resolve(), true)) as StatusChange), 'a sample is news')

  const check = (latencyMs: number) => async () =>
    Object.assign(run.monitors[0]?.states().get(`${first}:80`) ?? {}, { latencyMs })
  t.strictSame((await between(check(7)))?.servers, [], 'what a check took is told')
  t.match(await between(check(8), true), { servers: [{ server: `${first}:80`, latencyMs: 8 }] }, 'with a sample')

  bench.clients[`${first}:80`] = 5
  const counted = await between(() => run.round())
  t.match(counted, { services: [], servers: [{ server: `${first}:80`, active: 5 }] }, 'one row, and no other')
  t.equal(counted?.servers.length, 1)
  t.notOk(counted && 'problems' in counted)

  const failed = await between(() => run.find('down', `${second}:80`))
  t.match(failed, {
    services: [{ service: 'tcp 192.0.2.100:80', online: 1 }],
    servers: [{ service: 'tcp 192.0.2.100:80', server: `${second}:80`, state: 'failed' }],
    events: [{ to: 'failed' }],
  })
  t.equal(failed?.events?.length, 1, 'no event twice')
  t.notOk(failed?.servers.some((row) => 'history' in row) || failed?.services.some((row) => 'servers' in row))

  const gone = await between(() => run.director.reload(config([first]), { force: true }).then(() => run.round()))
  t.equal(gone, undefined, 'rows that come and go take a whole snapshot')
  await run.stop()
})
