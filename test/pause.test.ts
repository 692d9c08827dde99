import { getEventListeners } from 'node:events'
import t from 'tap'
import { pause } from '../lib/pause.js'
import { FakeClock } from './health/fake-clock.js'

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

t.test('a pause ends when its time has passed, not before', async (t) => {
  const clock = new FakeClock()
  let ended = false
  const paused = pause(clock, 100, undefined).then(() => (ended = true))
  await clock.advance(99)
  t.equal(ended, false)
  await clock.advance(1)
  t.equal(await paused, true)
})

t.test('an abort ends it at once with the reason of the signal, and takes the timer back', async (t) => {
  const clock = new FakeClock()
  const controller = new AbortController()
  const reason = { not: 'even an Error' }
  const paused = pause(clock, 100, controller.signal).catch((error: unknown) => error)
  controller.abort(reason)
  t.equal(await paused, reason)
  t.equal(clock.pending, 0)
  t.equal(listeners(controller.signal), 0)
})

t.test('a signal that has fired already: its reason, and no timer', async (t) => {
  const clock = new FakeClock()
  const reason = new Error('too late')
  t.equal(await pause(clock, 100, AbortSignal.abort(reason)).catch((error: unknown) => error), reason)
  t.equal(clock.pending, 0)
})

t.test('a pause that has ended leaves no listener, and a later abort changes nothing', async (t) => {
  const clock = new FakeClock()
  const controller = new AbortController()
  const paused = pause(clock, 100, controller.signal)
  t.equal(listeners(controller.signal), 1)
  await clock.advance(100)
  t.equal(listeners(controller.signal), 0)
  controller.abort()
  t.equal(await paused, undefined)
})
