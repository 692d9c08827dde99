import t from 'tap'
import { createMonitorWith } from '../../lib/health/monitor.js'
import { dispose, fakeCheck, never, pass, refused, target, timeout } from './fake-check.js'
import { FakeClock } from './fake-clock.js'

const options = { intervalMs: 1000, fastIntervalMs: 100, timeoutMs: 1000, jitterMs: 0, initial: (): 'up' => 'up' }
const key = '192.0.2.1:1'
const stalled = { outcome: 'inconclusive', reason: 'local', detail: 'event loop stalled' }

t.test('a deadline that fires late by more than 20 % is no verdict on the target', async (t) => {
  for (const [lateMs, expected] of [
    [200, timeout],
    [201, stalled],
  ] as const) {
    const clock = new FakeClock()
    const { check } = fakeCheck(clock, () => never)
    // The detector's first tick goes with the first target's check, the deadline with the second's, 20 ms later.
    const monitor = createMonitorWith(clock, [target(1), target(2)], { ...options, check, jitterMs: 40 })
    await clock.advance(1019)
    clock.stall(1 + lateMs)
    await clock.advance(0)
    t.same(monitor.states().get('192.0.2.1:2')?.last, expected, `${lateMs} ms late`)
    await dispose(clock, monitor)
  }
})

t.test('short timeouts allow a stall of 100 ms', async (t) => {
  const clock = new FakeClock()
  const { check } = fakeCheck(clock, () => never)
  const monitor = createMonitorWith(clock, [target(1)], { ...options, check, timeoutMs: 50 })
  await clock.advance(49)
  clock.stall(101)
  await clock.advance(0)
  t.same(monitor.states().get(key)?.last, timeout)
  await dispose(clock, monitor)
})

t.test('a failure is doubted after a stall since the start of its check, a pass is not', async (t) => {
  for (const [verdict, expected] of [
    [refused, stalled],
    [pass, pass],
  ] as const) {
    for (const whenSeen of ['before the timers', 'after the timers', 'long after']) {
      const clock = new FakeClock()
      const { check, calls } = fakeCheck(clock, () => never)
      const monitor = createMonitorWith(clock, [target(1)], { ...options, check })
      await clock.advance(100)
      clock.stall(300)
      if (whenSeen !== 'before the timers') await clock.advance(whenSeen === 'long after' ? 500 : 0)
      calls[0]?.settle(verdict)
      await clock.advance(0)
      t.same(monitor.states().get(key)?.last, expected, `${verdict.outcome}, ${whenSeen}`)
      await dispose(clock, monitor)
    }
  }
})

t.test('a deadline on time after a stall is doubted as well', async (t) => {
  const clock = new FakeClock()
  const { check } = fakeCheck(clock, () => never)
  const monitor = createMonitorWith(clock, [target(1)], { ...options, check })
  await clock.advance(10)
  clock.stall(980)
  await clock.advance(10)
  t.same(monitor.states().get(key)?.last, stalled)
  await dispose(clock, monitor)
})

t.test('a stall before the check began does not count', async (t) => {
  const clock = new FakeClock()
  const { check, calls } = fakeCheck(clock, ({ port }) => (port === 1 ? never : refused))
  const monitor = createMonitorWith(clock, [target(1)], { ...options, check })
  await clock.advance(10)
  clock.stall(600)
  monitor.set([target(1), target(2)])
  await clock.advance(0)
  t.same(monitor.states().get('192.0.2.1:2')?.last, refused)
  calls[0]?.settle(pass)
  await dispose(clock, monitor)
})

t.test('a suspended process takes no server out', async (t) => {
  const clock = new FakeClock()
  const { check, calls } = fakeCheck(clock, () => (clock.now() < 1000 || clock.now() > 31_000 ? pass : never))
  const ports = Array.from({ length: 20 }, (_, index) => index + 1)
  const monitor = createMonitorWith(clock, ports.map(target), { ...options, check, fall: 1 })
  await clock.advance(1500)
  clock.stall(30_000)
  await clock.advance(5000)
  t.ok([...monitor.states().values()].every(({ state }) => state === 'up'))
  t.ok(calls.length > 100)
  await dispose(clock, monitor)
})

t.test('nothing ticks while no check is under way', async (t) => {
  const clock = new FakeClock()
  const monitor = createMonitorWith(clock, [target(1)], { ...options, check: fakeCheck(clock).check })
  await clock.advance(500)
  t.equal(clock.pending, 1, 'the next check')
  await monitor[Symbol.asyncDispose]()
  t.equal(clock.pending, 0)
})
