import t from 'tap'
import type { Verdict } from '../../lib/health/check.js'
import { createMonitorWith } from '../../lib/health/monitor.js'
import { dispose, fakeCheck, never, pass, refused, target, timeout, unsure } from './fake-check.js'
import { FakeClock } from './fake-clock.js'

const options = { intervalMs: 1000, fastIntervalMs: 100, timeoutMs: 500, jitterMs: 0 }

t.test('first checks start at once and are spread over the jitter', async (t) => {
  const clock = new FakeClock()
  const { check, starts } = fakeCheck(clock)
  const monitor = createMonitorWith(clock, [1, 2, 3, 4].map(target), { ...options, check, jitterMs: 80 })
  await clock.advance(99)
  t.same(starts(), [0, 20, 40, 60])
  await dispose(clock, monitor)
})

t.test('checks at the fast interval until sure, then at the interval, from start to start', async (t) => {
  const clock = new FakeClock()
  const { check, starts } = fakeCheck(clock, () => pass, 30)
  const monitor = createMonitorWith(clock, [target(1)], { ...options, check })
  await clock.advance(2000)
  t.same(starts(), [0, 100, 1100])
  await dispose(clock, monitor)
})

t.test('a check that took longer than the interval is followed by the next at once', async (t) => {
  const clock = new FakeClock()
  const { check, starts } = fakeCheck(clock, () => pass, 350)
  const monitor = createMonitorWith(clock, [target(1)], { ...options, check })
  await clock.advance(400)
  t.same(starts(), [0, 350])
  await dispose(clock, monitor)
})

t.test('jitter makes intervals shorter', async (t) => {
  const clock = new FakeClock()
  clock.chance = 0.5
  const { check, starts } = fakeCheck(clock)
  const monitor = createMonitorWith(clock, [target(1)], { ...options, check, jitterMs: 200, initial: () => 'up' })
  await clock.advance(2000)
  t.same(starts(), [0, 500, 1400], 'the first one by any part of it')
  await dispose(clock, monitor)
})

t.test('targets that were added together do not stay together', async (t) => {
  const clock = new FakeClock()
  const { check, starts } = fakeCheck(clock)
  const ports = [1, 2, 3, 4, 5]
  let drawn = 0
  clock.random = () => (drawn++ % ports.length) / ports.length
  const monitor = createMonitorWith(clock, ports.map(target), { ...options, check, jitterMs: 5, initial: () => 'up' })
  await clock.advance(1004)
  const second = ports.map((port) => starts(port)[1] ?? NaN).sort((a, b) => a - b)
  for (const [i, at] of second.entries()) t.ok(Math.abs(at - 200 * (i + 1)) <= 10, `one at ${at}`)
  await dispose(clock, monitor)
})

t.test('targets that never answer delay no other target', async (t) => {
  const clock = new FakeClock()
  const { check, starts } = fakeCheck(clock, ({ port }) => (port <= 5 ? never : pass))
  const ports = Array.from({ length: 50 }, (_, index) => index + 1)
  const monitor = createMonitorWith(clock, ports.map(target), { ...options, check, initial: () => 'up' })
  await clock.advance(3500)
  for (const port of ports.slice(5)) t.same(starts(port), [0, 1000, 2000, 3000])
  t.same(starts(1), [0, 500, 1000, 2000, 3000], 'a timeout counts at the deadline, then the fast interval has passed')
  await dispose(clock, monitor)
})

t.test('an inconclusive verdict is followed up after the fast interval, once', async (t) => {
  const clock = new FakeClock()
  const { check, starts } = fakeCheck(clock, () => (clock.now() >= 1000 && clock.now() < 3000 ? unsure : pass))
  const monitor = createMonitorWith(clock, [target(1)], { ...options, check, initial: () => 'up' })
  await clock.advance(5000)
  t.same(starts(), [0, 1000, 1100, 2100, 3100, 4100])
  await dispose(clock, monitor)
})

t.test('an event only on a real change, with the verdict that made it', async (t) => {
  const clock = new FakeClock()
  let verdict: Verdict = pass
  const { check } = fakeCheck(clock, () => verdict)
  const monitor = createMonitorWith(clock, [target(1)], { ...options, check })
  const events = monitor[Symbol.asyncIterator]()
  await clock.advance(5000)
  t.same(await events.next(), { done: false, value: { target: target(1), state: 'up', verdict: pass, latencyMs: 0 } })
  verdict = refused
  await clock.advance(5000)
  t.match(await events.next(), { value: { state: 'down', verdict: refused } })
  verdict = unsure
  await clock.advance(5000)
  t.same([...monitor.states().values()], [{ target: target(1), state: 'down', last: unsure, latencyMs: 0 }])
  verdict = pass
  await clock.advance(5000)
  t.match(await events.next(), { value: { state: 'up' } })
  await monitor[Symbol.asyncDispose]()
  t.same(await events.next(), { done: true, value: undefined })
})

t.test('the first state may be given, and is no event', async (t) => {
  const clock = new FakeClock()
  const { check } = fakeCheck(clock, ({ port }) => (port === 1 ? pass : refused))
  const initial = ({ port }: { port: number }): 'up' | 'down' => (port === 1 ? 'up' : 'down')
  const monitor = createMonitorWith(clock, [target(1), target(2)], { ...options, check, initial })
  t.same(
    [...monitor.states()].map(([key, { state }]) => [key, state]),
    [
      ['192.0.2.1:1', 'up'],
      ['192.0.2.1:2', 'down'],
    ],
  )
  const next = monitor[Symbol.asyncIterator]().next()
  await clock.advance(5000)
  await monitor[Symbol.asyncDispose]()
  t.equal((await next).done, true)
})

t.test('a check that does not settle ends at its deadline; what it says later is ignored', async (t) => {
  const clock = new FakeClock()
  const { check, calls } = fakeCheck(clock, () => never)
  const monitor = createMonitorWith(clock, [target(1)], { ...options, check, rise: 1 })
  await clock.advance(499)
  t.equal(calls[0]?.signal.aborted, false)
  await clock.advance(1)
  t.match(calls[0]?.signal, { aborted: true, reason: { name: 'TimeoutError' } })
  t.match(monitor.states().get('192.0.2.1:1'), { state: 'unknown', last: timeout })
  t.equal(calls.length, 2, 'the next check does not wait for it')
  calls[0]?.settle(pass)
  await clock.advance(0)
  t.match(monitor.states().get('192.0.2.1:1'), { state: 'unknown', last: timeout })
  await dispose(clock, monitor)
})

t.test(
  'a check that knows at its deadline that the trouble is local is heard; one that throws has timed out',
  async (t) => {
    for (const [atDeadline, last] of [
      [() => Promise.resolve(unsure), unsure],
      [(signal: AbortSignal) => Promise.reject(signal.reason as Error), timeout],
    ] as const) {
      const clock = new FakeClock()
      const monitor = createMonitorWith(clock, [target(1)], {
        ...options,
        check: async (_, signal) => {
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
          return atDeadline(signal)
        },
      })
      await clock.advance(options.timeoutMs)
      t.same(monitor.states().get('192.0.2.1:1')?.last, last)
      await dispose(clock, monitor)
    }
  },
)

t.test('an answer that waits behind the deadline timer is still heard', async (t) => {
  const clock = new FakeClock()
  const { check } = fakeCheck(clock, () => pass, options.timeoutMs)
  const monitor = createMonitorWith(clock, [target(1)], { ...options, check })
  await clock.advance(options.timeoutMs)
  t.same(monitor.states().get('192.0.2.1:1')?.last, pass)
  await dispose(clock, monitor)
})

t.test('a check that throws, rejects or gives rubbish is inconclusive and says why', async (t) => {
  const clock = new FakeClock()
  const failing: (() => unknown)[] = [
    (): never => {
      throw new Error('thrown\n')
    },
    () => Promise.reject(Object.assign(new Error('rejected'), { code: 'ECONNREFUSED' })),
    () => Promise.resolve('rubbish'),
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a check may do that too
    () => Promise.reject(Object.create(null)),
  ]
  const check = ({ port }: { port: number }): Promise<Verdict> => failing[port - 1]?.() as Promise<Verdict>
  const monitor = createMonitorWith(clock, [1, 2, 3, 4].map(target), { ...options, check, initial: () => 'up' })
  await clock.advance(10000)
  const local = { outcome: 'inconclusive', reason: 'local' }
  t.match(
    [...monitor.states().values()],
    [
      { state: 'up', last: { ...local, detail: 'thrown ' } },
      { state: 'up', last: { ...local, detail: 'rejected' } },
      { state: 'up', last: { ...local, detail: 'the check gave no valid verdict' } },
      { state: 'up', last: local },
    ],
  )
  await dispose(clock, monitor)
})

t.test('the weight that a check gives is passed through', async (t) => {
  const clock = new FakeClock()
  const { check } = fakeCheck(clock, () => ({ outcome: 'pass', weight: 42 }))
  const monitor = createMonitorWith(clock, [target(1)], { ...options, check })
  await clock.advance(10)
  t.same(monitor.states().get('192.0.2.1:1')?.last, { outcome: 'pass', weight: 42 })
  await dispose(clock, monitor)
})

t.test('set() keeps state and phase of those that stay', async (t) => {
  const clock = new FakeClock()
  const { check, starts } = fakeCheck(clock)
  const monitor = createMonitorWith(clock, [target(1), target(2)], { ...options, check })
  await clock.advance(600)
  const same = { ...target(1), name: 'another object' }
  monitor.set([target(3), same])
  t.equal(monitor.states().get('192.0.2.1:1')?.target, same)
  t.same([...monitor.states().keys()], ['192.0.2.1:3', '192.0.2.1:1'])
  await clock.advance(600)
  t.same(starts(1), [0, 100, 1100])
  t.same(starts(2), [0, 100])
  t.same(starts(3), [600, 700])
  await dispose(clock, monitor)
})

t.test('set() with a wrong target changes nothing', async (t) => {
  const clock = new FakeClock()
  const { check } = fakeCheck(clock)
  const monitor = createMonitorWith(clock, [target(1)], { ...options, check })
  t.throws(() => monitor.set([target(2), target(2)]), TypeError)
  t.same([...monitor.states().keys()], ['192.0.2.1:1'])
  await dispose(clock, monitor)
})

t.test('a target that leaves is withdrawn and gives no more event, even if it comes back', async (t) => {
  const clock = new FakeClock()
  const { check, calls } = fakeCheck(clock, () => never)
  const monitor = createMonitorWith(clock, [target(1)], { ...options, check, rise: 1, fall: 1 })
  await clock.advance(0)
  monitor.set([])
  t.match(calls[0]?.signal, { aborted: true, reason: { name: 'AbortError' } })
  monitor.set([target(1)])
  calls[0]?.settle(refused)
  await clock.advance(10)
  t.same(monitor.states().get('192.0.2.1:1'), { target: target(1), state: 'unknown', last: undefined })
  calls[1]?.settle(pass)
  await clock.advance(10)
  monitor.set([])
  const next = monitor[Symbol.asyncIterator]().next()
  await monitor[Symbol.asyncDispose]()
  t.equal((await next).done, true, 'nor an event that was not taken yet')
})

t.test('poke() checks now', async (t) => {
  const clock = new FakeClock()
  const { check, starts } = fakeCheck(clock)
  const monitor = createMonitorWith(clock, [target(1)], { ...options, check, initial: () => 'up' })
  await clock.advance(300)
  monitor.poke({ address: '192.0.2.1', port: 1 })
  await clock.advance(1100)
  t.same(starts(), [0, 300, 1300])
  await dispose(clock, monitor)
})

t.test('poke() during a check gives one more right after it', async (t) => {
  const clock = new FakeClock()
  const { check, calls, starts } = fakeCheck(clock, () => never)
  const monitor = createMonitorWith(clock, [target(1)], { ...options, check, initial: () => 'up' })
  await clock.advance(50)
  monitor.poke(target(1))
  monitor.poke(target(1))
  t.same(starts(), [0])
  calls[0]?.settle(pass)
  await clock.advance(0)
  calls[1]?.settle(pass)
  await clock.advance(1000)
  t.same(starts(), [0, 50, 1050])
  await dispose(clock, monitor)
})

t.test('poke() of a target that is not monitored is a RangeError', async (t) => {
  const clock = new FakeClock()
  const monitor = createMonitorWith(clock, [target(1)], { ...options, check: fakeCheck(clock).check })
  t.throws(() => monitor.poke(target(2)), { name: 'RangeError', code: 'ERR_OUT_OF_RANGE', message: /192.0.2.1:2/ })
  await dispose(clock, monitor)
})

t.test('disposing withdraws the running checks, waits for them, and leaves no timer', async (t) => {
  const clock = new FakeClock()
  const { check, calls } = fakeCheck(clock, () => never)
  const monitor = createMonitorWith(clock, [target(1), target(2)], { ...options, check })
  const next = monitor[Symbol.asyncIterator]().next()
  await clock.advance(100)
  let disposed = false
  const disposing = monitor[Symbol.asyncDispose]().then(() => (disposed = true))
  t.equal((await next).done, true, 'the iteration ends at once')
  t.ok(calls.every(({ signal }) => signal.aborted))
  calls[0]?.settle(pass)
  await clock.advance(399)
  t.equal(disposed, false)
  await clock.advance(1)
  await disposing
  t.equal(calls.length, 2)
  t.equal(clock.pending, 0)
  t.same([...monitor.states()], [])
  t.throws(() => monitor.set([target(1)]), { code: 'ERR_INVALID_STATE' })
  await dispose(clock, monitor)
})

t.test('a slow consumer gets the newest change of each target only', async (t) => {
  const clock = new FakeClock()
  let verdict: Verdict = pass
  const { check } = fakeCheck(clock, ({ port }) => (port === 1 ? verdict : pass))
  const monitor = createMonitorWith(clock, [target(1), target(2)], { ...options, check })
  for (let round = 0; round < 10; round++) {
    await clock.advance(3000)
    verdict = verdict === pass ? refused : pass
  }
  await clock.advance(0)
  const events = monitor[Symbol.asyncIterator]()
  t.match(await events.next(), { value: { target: target(2), state: 'up' } })
  t.match(await events.next(), { value: { target: target(1), state: 'down' } })
  const next = events.next()
  await monitor[Symbol.asyncDispose]()
  t.equal((await next).done, true)
})

t.test('one consumer at a time; the next one takes over when the first has left', async (t) => {
  const clock = new FakeClock()
  const monitor = createMonitorWith(clock, [target(1)], { ...options, check: fakeCheck(clock).check })
  const first = monitor[Symbol.asyncIterator]()
  t.throws(() => monitor[Symbol.asyncIterator](), { code: 'ERR_INVALID_STATE', message: /one consumer/ })
  const waiting = first.next()
  await first.return?.()
  t.equal((await waiting).done, true)
  t.equal((await first.next()).done, true)
  const second = monitor[Symbol.asyncIterator]()
  await clock.advance(1000)
  await first.return?.()
  t.match(await second.next(), { value: { state: 'up' } })
  await dispose(clock, monitor)
})
