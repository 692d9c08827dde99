import t from 'tap'
import { leavesNothing } from '../../lib/health/controllers.js'
import { createMonitorWith } from '../../lib/health/monitor.js'
import { dispose, fakeCheck, never, pass, refused, target } from './fake-check.js'
import { FakeClock } from './fake-clock.js'

const options = { intervalMs: 1000, fastIntervalMs: 100, timeoutMs: 500, jitterMs: 0, initial: (): 'up' => 'up' }

t.test('a check that leaves nothing on its signal gets the same again, until that has fired', async (t) => {
  const clock = new FakeClock()
  let answer: typeof pass | typeof never = pass
  const { check, calls } = fakeCheck(clock, () => answer)
  const monitor = createMonitorWith(clock, [target(1)], { ...options, check: leavesNothing(check) })
  await clock.advance(2500)
  t.equal(calls.length, 3)
  t.equal(new Set(calls.map(({ signal }) => signal)).size, 1)
  answer = never
  await clock.advance(1000)
  answer = refused
  await clock.advance(1000)
  t.ok(calls[3]?.signal.aborted, 'at the deadline')
  t.notOk(calls.at(-1)?.signal.aborted)
  await dispose(clock, monitor)
})

t.test('any other check gets a signal of its own', async (t) => {
  const clock = new FakeClock()
  const { check, calls } = fakeCheck(clock)
  const monitor = createMonitorWith(clock, [target(1)], { ...options, check })
  await clock.advance(2500)
  t.equal(new Set(calls.map(({ signal }) => signal)).size, 3)
  await dispose(clock, monitor)
})

t.test('checks under way at the same time have signals of their own', async (t) => {
  const clock = new FakeClock()
  const { check, calls } = fakeCheck(clock, ({ port }) => (port === 1 ? never : pass))
  const monitor = createMonitorWith(clock, [1, 2, 3].map(target), { ...options, check: leavesNothing(check) })
  await clock.advance(100)
  const [withdrawn, ...others] = calls
  monitor.set([2, 3].map(target))
  t.ok(withdrawn?.signal.aborted)
  t.equal(others.length, 2)
  for (const { signal } of others) t.notOk(signal.aborted)
  await dispose(clock, monitor)
})
