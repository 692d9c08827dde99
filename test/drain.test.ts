import { getEventListeners } from 'node:events'
import t from 'tap'
import { drain, type ConnectionCounts, type DrainOptions, type Ipvs } from '../lib/index.js'
import { drainBy } from '../lib/drain.js'
import { Command, type Answer, type Request } from '../lib/records.js'
import { FakeKernel } from '../lib/testing/fake-session.js'
import { createIpvs } from '../lib/ipvs.js'
import { schedulers } from '../lib/types.js'
import { FakeClock } from './health/fake-clock.js'
import { changed } from './sessions.js'
import { fill, http, server } from './tables.js'

const real = server(1)
const none: ConnectionCounts = { active: 0, inactive: 0, persistent: 0 }
const options = { timeoutMs: 10_000, intervalMs: 1000 } as const

/** A server of weight 7 whose connections a test sets, and a drain of it by a clock that stands still. */
async function draining(left: ConnectionCounts) {
  const kernel = new FakeKernel(schedulers)
  const stranger = createIpvs(kernel.session())
  await fill(stranger, [{ service: { ...http, scheduler: 'wlc' }, destinations: [{ ...real, weight: 7 }, server(2)] }])
  const clock = new FakeClock()
  const looks: number[] = []
  const connections = { left }
  const answer = (request: Request, reply: Answer): Answer => {
    if (request.command === Command.getDest) looks.push(clock.now())
    return { ...reply, destinations: reply.destinations.map((entry) => ({ ...entry, ...connections.left })) }
  }
  const ipvs = changed(kernel, answer)
  const writes = kernel.writes
  return {
    clock,
    looks,
    connections,
    stranger,
    writes: () => kernel.writes - writes,
    weights: async () => (await stranger.destinations(http)).map(({ weight }) => weight),
    /** What becomes of it: the word, or the error. */
    drain: (more: Partial<DrainOptions> = {}) =>
      drainBy(clock, ipvs, http, real, { ...options, ...more }).catch((error: unknown) => error),
  }
}

t.test('a server without connections is drained at the first look', async (t) => {
  const { drain, clock, weights, looks } = await draining(none)
  t.equal(await drain(), 'drained')
  t.same(await weights(), [1, 0], 'the other one keeps its weight')
  t.equal(looks.length, 2, 'one to set the weight, one to count')
  t.equal(clock.pending, 0)
})

t.test('it looks once an interval until the last connection is gone, and tells each look', async (t) => {
  const { drain, clock, connections, looks, writes } = await draining({ active: 2, inactive: 0, persistent: 0 })
  const told: ConnectionCounts[] = []
  const end = drain({ onProgress: (left) => void told.push(left) })
  await clock.advance(1999)
  connections.left = { active: 0, inactive: 1, persistent: 0 }
  await clock.advance(1)
  connections.left = { active: 0, inactive: 0, persistent: 1 }
  await clock.advance(1000)
  connections.left = none
  await clock.advance(1000)
  t.equal(await end, 'drained')
  t.same(looks.slice(1), [0, 1000, 2000, 3000, 4000])
  t.same(told, [
    { active: 2, inactive: 0, persistent: 0 },
    { active: 2, inactive: 0, persistent: 0 },
    { active: 0, inactive: 1, persistent: 0 },
    { active: 0, inactive: 0, persistent: 1 },
    none,
  ])
  t.equal(writes(), 1, 'the weight is written once')
  t.equal(clock.pending, 0)
})

t.test('the deadline: one last look, and the weight stays 0', async (t) => {
  const { drain, clock, weights, looks } = await draining({ active: 1, inactive: 0, persistent: 0 })
  const end = drain({ timeoutMs: 2500 })
  await clock.advance(2499)
  t.same(looks.slice(1), [0, 1000, 2000])
  await clock.advance(1)
  t.equal(await end, 'deadline')
  t.same(looks.slice(1), [0, 1000, 2000, 2500])
  t.same(await weights(), [1, 0])
  t.equal(clock.pending, 0)
})

t.test('a timeout of 0 looks once', async (t) => {
  const busy = await draining({ active: 1, inactive: 0, persistent: 0 })
  t.equal(await busy.drain({ timeoutMs: 0 }), 'deadline')
  t.equal(busy.looks.length, 2)
  t.equal(await (await draining(none)).drain({ timeoutMs: 0 }), 'drained')
})

t.test("until 'noActive' leaves inactive connections and templates out", async (t) => {
  const left = { active: 0, inactive: 5, persistent: 3 }
  t.equal(await (await draining(left)).drain({ until: 'noActive' }), 'drained')
  t.equal(await (await draining(left)).drain({ until: 'idle', timeoutMs: 0 }), 'deadline')
  t.equal(await (await draining({ ...left, active: 1 })).drain({ until: 'noActive', timeoutMs: 0 }), 'deadline')
})

const meanwhile: readonly (readonly [what: string, act: (stranger: Ipvs) => Promise<void>, code: string])[] = [
  ['removes the server', (stranger) => stranger.removeDestination(http, real), 'IPVS_DESTINATION_NOT_FOUND'],
  ['removes the service', (stranger) => stranger.removeService(http), 'IPVS_SERVICE_NOT_FOUND'],
  ['gives it weight', (stranger) => stranger.setWeight(http, real, 3), 'IPVS_INTERRUPTED'],
]
for (const [what, act, code] of meanwhile) {
  t.test(`somebody ${what} meanwhile: ${code}`, async (t) => {
    const { drain, clock, stranger } = await draining({ active: 1, inactive: 0, persistent: 0 })
    const end = drain()
    await clock.advance(1500)
    await act(stranger)
    await clock.advance(500)
    t.match(await end, { code })
    t.equal(clock.pending, 0)
  })
}

t.test('an abort while it waits: the reason at once, the weight stays 0, nothing is left behind', async (t) => {
  const { drain, clock, weights, looks } = await draining({ active: 1, inactive: 0, persistent: 0 })
  const controller = new AbortController()
  const reason = new Error('changed my mind')
  const end = drain({ signal: controller.signal })
  await clock.advance(1500)
  controller.abort(reason)
  t.equal(await end, reason)
  t.same(await weights(), [1, 0])
  t.equal(looks.length, 3)
  t.equal(clock.pending, 0)
  t.same(getEventListeners(controller.signal, 'abort'), [])
})

t.test('what onProgress throws ends it; the weight stays 0', async (t) => {
  const { drain, clock, weights } = await draining({ active: 1, inactive: 0, persistent: 0 })
  const reason = new Error('of the caller')
  const onProgress = () => {
    throw reason
  }
  t.equal(await drain({ onProgress }), reason)
  t.same(await weights(), [1, 0])
  t.equal(clock.pending, 0)
})

t.test('a server or a service that is not there', async (t) => {
  const ipvs = createIpvs(new FakeKernel(schedulers).session())
  await t.rejects(drain(ipvs, http, real, options), { code: 'IPVS_SERVICE_NOT_FOUND' })
  await ipvs.addService({ ...http, scheduler: 'rr' })
  await t.rejects(drain(ipvs, http, real, options), { code: 'IPVS_DESTINATION_NOT_FOUND' })
})

t.test('wrong options are refused before the weight is touched', async (t) => {
  const cases: readonly (readonly [wrong: unknown, name: string, message: RegExp])[] = [
    [undefined, 'TypeError', /^options: expected an object/],
    [{}, 'TypeError', /^timeoutMs: expected an integer/],
    [{ timeoutMs: -1 }, 'RangeError', /^timeoutMs: /],
    [{ timeoutMs: 2 ** 31 }, 'RangeError', /^timeoutMs: .*2147483647/],
    [{ timeoutMs: 1, intervalMs: 0 }, 'RangeError', /^intervalMs: /],
    [{ timeoutMs: 1, intervalMs: 1.5 }, 'RangeError', /^intervalMs: /],
    [{ timeoutMs: 1, until: 'empty' }, 'TypeError', /^until: expected idle or noActive, found 'empty'/],
    [{ timeoutMs: 1, onProgress: true }, 'TypeError', /^onProgress: expected a function/],
    [{ timeoutMs: 1, signal: {} }, 'TypeError', /^signal: expected an AbortSignal/],
    [{ timeoutMs: 1, timeout: 1 }, 'TypeError', /^options: .*'timeout'/],
  ]
  const { weights } = await draining(none)
  const kernel = new FakeKernel(schedulers)
  const ipvs = createIpvs(kernel.session())
  for (const [wrong, name, message] of cases) {
    await t.rejects(drain(ipvs, http, real, wrong as DrainOptions), { name, message })
  }
  t.equal(kernel.writes, 0)
  t.same(await weights(), [1, 7])
})

t.test('unless told otherwise it looks once a second', async (t) => {
  const { drain, clock, connections, looks } = await draining({ active: 1, inactive: 0, persistent: 0 })
  const end = drain({ intervalMs: undefined })
  await clock.advance(1000)
  connections.left = none
  await clock.advance(1000)
  t.equal(await end, 'drained')
  t.same(looks, [0, 0, 1000, 2000])
})
