import { getEventListeners } from 'node:events'
import t from 'tap'
import { watch, type Change, type Ipvs, type Observation, type WatchOptions } from '../lib/index.js'
import { createIpvs } from '../lib/ipvs.js'
import { Command, type Answer, type Request } from '../lib/records.js'
import { FakeKernel } from '../lib/testing/fake-session.js'
import { schedulers } from '../lib/types.js'
import { watchBy } from '../lib/watch.js'
import { FakeClock } from './health/fake-clock.js'
import { changed } from './sessions.js'
import { dns, fill, http, objects, server } from './tables.js'

const web = { ...http, scheduler: 'wlc' } as const
const names = { ...dns, scheduler: 'rr' } as const
const intervalMs = 1000

type Hook = (request: Request, reply: Answer) => Answer

/** A watch on a table of one service and one server, by a clock that stands still; `hook` may change what it reads. */
async function watching(options: Partial<WatchOptions> = {}) {
  const kernel = new FakeKernel(schedulers)
  const stranger = createIpvs(kernel.session())
  await fill(stranger, [{ service: web, destinations: [server(1)] }])
  const clock = new FakeClock()
  const hooks: { read: Hook } = { read: (_request, reply) => reply }
  let requests = 0
  const ipvs = changed(kernel, (request, reply) => {
    requests++
    return hooks.read(request, reply)
  })
  const observations = watchBy(clock, ipvs, { intervalMs, ...options })
  return { kernel, stranger, clock, hooks, observations, requests: () => requests }
}

/** The next observation as it comes, and whether it has come. */
function next(observations: AsyncGenerator<Observation>) {
  const state: { value?: Observation | undefined; error?: unknown } = {}
  const settled = observations.next().then(
    (result) => {
      if (result.done !== true) state.value = result.value
    },
    (error: unknown) => void (state.error = error),
  )
  return { state, settled }
}

t.test('the first table comes at once, without changes', async (t) => {
  const { observations, clock, stranger } = await watching()
  const { value } = (await observations.next()) as { value: Observation }
  t.same(value, { table: await stranger.table(), changes: [] })
  t.equal(clock.now(), 0)
  t.equal(clock.pending, 0)
})

t.test('an empty table is a table', async (t) => {
  const clock = new FakeClock()
  const ipvs = createIpvs(new FakeKernel(schedulers).session())
  t.same((await watchBy(clock, ipvs, { intervalMs }).next()).value, { table: [], changes: [] })
})

t.test('nothing is told while nothing changes, counters aside', async (t) => {
  const { observations, clock, hooks, requests } = await watching()
  await observations.next()
  const before = requests()
  let active = 0
  hooks.read = (_request, reply) => ({
    ...reply,
    destinations: reply.destinations.map((entry) => ({ ...entry, active: ++active })),
    services: reply.services.map((entry) => ({ ...entry, stats: { ...entry.stats, connections: BigInt(active) } })),
  })
  const { state } = next(observations)
  await clock.advance(10 * intervalMs)
  t.same(state, {})
  t.equal(requests() - before, 2 * 10, 'one pass of two requests each time')
})

const changes: readonly (readonly [act: (stranger: Ipvs) => Promise<void>, told: Partial<Change>])[] = [
  [(stranger) => stranger.addService(names), { type: 'addService', service: names }],
  [
    (stranger) => stranger.updateService({ ...web, scheduler: 'rr' }),
    { type: 'updateService', service: { ...web, scheduler: 'rr' } },
  ],
  [(stranger) => stranger.removeService(http), { type: 'removeService', service: http }],
  [
    (stranger) => stranger.addDestination(http, server(2)),
    { type: 'addDestination', of: http, destination: server(2, { weight: 1 }) },
  ],
  [
    (stranger) => stranger.setWeight(http, server(1), 0),
    { type: 'updateDestination', of: http, destination: server(1, { weight: 0 }) },
  ],
  [
    (stranger) => stranger.removeDestination(http, server(1)),
    { type: 'removeDestination', of: http, destination: { address: '10.0.0.1', port: 80 } },
  ],
]
for (const [act, told] of changes) {
  t.test(`${told.type} is told at the next reading, once, with the table`, async (t) => {
    const { observations, clock, stranger } = await watching()
    await observations.next()
    const { state } = next(observations)
    await clock.advance(intervalMs / 2)
    await act(stranger)
    t.same(state, {})
    await clock.advance(intervalMs / 2)
    t.equal(state.value?.changes.length, 1)
    t.match(state.value?.changes[0], told)
    t.same(state.value?.table, await stranger.table())
    const later = next(observations)
    await clock.advance(5 * intervalMs)
    t.same(later.state, {})
  })
}

t.test('a slow consumer skips states', async (t) => {
  const { observations, clock, stranger, requests } = await watching()
  await observations.next()
  const before = requests()
  await stranger.addDestination(http, server(2))
  await clock.advance(20 * intervalMs)
  await stranger.addDestination(http, server(3))
  await stranger.removeDestination(http, server(2))
  t.equal(requests(), before, 'and nothing is read for it')
  const { state } = next(observations)
  await clock.advance(intervalMs)
  t.match(state.value?.changes, [{ type: 'addDestination', destination: server(3) }])
  t.equal(state.value?.changes.length, 1)
})

t.test('what one reading misses is not told as gone, nor as added later', async (t) => {
  const { observations, clock, hooks } = await watching()
  /** The next dump of destinations comes without them, as one may while the table changes. */
  const missOne = () => {
    let missed = false
    hooks.read = (request, reply) => {
      if (missed || request.command !== Command.getDest) return reply
      missed = true
      return { ...reply, destinations: [] }
    }
  }
  missOne()
  const { value } = (await observations.next()) as { value: Observation }
  t.same(objects(value.table).length, 2, 'the first table has it')
  const { state } = next(observations)
  for (let i = 0; i < 5; i++) {
    missOne()
    await clock.advance(intervalMs)
  }
  t.same(state, {})
})

t.test('a table that does not come to rest is not shown until it does, with all that has changed', async (t) => {
  const { observations, clock, hooks, kernel } = await watching()
  await observations.next()
  const restless = createIpvs(kernel.session())
  let weight = 1
  hooks.read = (request, reply) => {
    if (request.command === Command.getDest) void restless.setWeight(http, server(1), ++weight)
    return reply
  }
  const { state } = next(observations)
  await clock.advance(5 * intervalMs)
  t.same(state, {})
  hooks.read = (_request, reply) => reply
  await clock.advance(2 * intervalMs)
  t.match(state.value?.changes, [{ type: 'updateDestination', destination: server(1, { weight }) }])
})

t.test('an abort while it waits ends it at once with the reason, and leaves nothing behind', async (t) => {
  const controller = new AbortController()
  const { observations, clock, requests } = await watching({ signal: controller.signal })
  await observations.next()
  const { state, settled } = next(observations)
  await clock.advance(intervalMs / 2)
  const before = requests()
  const reason = new Error('seen enough')
  controller.abort(reason)
  await settled
  t.equal(state.error, reason)
  t.equal(clock.pending, 0)
  t.equal(requests(), before)
  t.same(getEventListeners(controller.signal, 'abort'), [])
  t.same(await observations.next(), { value: undefined, done: true })
})

t.test('an abort between two observations ends it with the next one', async (t) => {
  const controller = new AbortController()
  const { observations, clock } = await watching({ signal: controller.signal })
  await observations.next()
  const reason = new Error('seen enough')
  controller.abort(reason)
  t.equal(await observations.next().catch((error: unknown) => error), reason)
  t.equal(clock.pending, 0)
})

t.test('a reading that fails ends it with its error', async (t) => {
  const { observations, clock, hooks } = await watching()
  await observations.next()
  hooks.read = (_request, reply) => ({ ...reply, error: 1 })
  const { state } = next(observations)
  await clock.advance(intervalMs)
  t.match(state.error, { code: 'IPVS_NOT_PERMITTED', operation: 'table' })
  t.equal(clock.pending, 0)
})

t.test('leaving the loop leaves no timer and no listener', async (t) => {
  const { signal } = new AbortController()
  const { observations, clock, stranger } = await watching({ signal })
  let seen = 0
  const loop = (async () => {
    for await (const { changes } of observations) {
      seen++
      if (changes.length > 0) break
    }
  })()
  await clock.advance(intervalMs)
  await stranger.flush()
  await clock.advance(intervalMs)
  await loop
  t.equal(seen, 2)
  t.equal(clock.pending, 0)
  t.same(getEventListeners(signal, 'abort'), [])
})

t.test('wrong options are refused before anything is read', async (t) => {
  const cases: readonly (readonly [wrong: unknown, name: string, message: RegExp])[] = [
    [undefined, 'TypeError', /^options: expected an object/],
    [{}, 'TypeError', /^intervalMs: expected an integer/],
    [{ intervalMs: 0 }, 'RangeError', /^intervalMs: /],
    [{ intervalMs: 2 ** 31 }, 'RangeError', /^intervalMs: /],
    [{ intervalMs: 1, signal: 1 }, 'TypeError', /^signal: expected an AbortSignal/],
    [{ intervalMs: 1, exact: true }, 'TypeError', /^options: .*'exact'/],
  ]
  const kernel = new FakeKernel(schedulers)
  let requests = 0
  const ipvs = changed(kernel, (_request, reply) => {
    requests++
    return reply
  })
  for (const [wrong, name, message] of cases) {
    const observations = watch(ipvs, wrong as WatchOptions)[Symbol.asyncIterator]()
    await t.rejects(observations.next(), { name, message })
  }
  t.equal(requests, 0)
})
