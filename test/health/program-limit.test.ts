import { getEventListeners } from 'node:events'
import t from 'tap'
import { programLimit } from '../../lib/health/index.js'

const { signal } = new AbortController()

t.test('places are given in turn, and each once', async (t) => {
  const limit = programLimit(2)
  const leave = await limit.take(signal)
  await limit.take(signal)
  const order: string[] = []
  const third = limit.take(signal).then((left) => (order.push('third'), left))
  const fourth = limit.take(signal).then((left) => (order.push('fourth'), left))
  await Promise.resolve()
  t.same(order, [])
  leave?.()
  leave?.()
  const leaveThird = await third
  t.same(order, ['third'], 'to leave twice frees one place')
  leaveThird?.()
  await fourth
  t.same(order, ['third', 'fourth'])
  t.same(getEventListeners(signal, 'abort'), [])
})

t.test('who gives up waiting takes no place', async (t) => {
  const limit = programLimit(1)
  const leave = await limit.take(signal)
  const controller = new AbortController()
  const waiting = limit.take(controller.signal)
  controller.abort()
  t.equal(await waiting, undefined)
  t.equal(await limit.take(controller.signal), undefined)
  leave?.()
  t.type(await limit.take(signal), 'function')
})

t.test('a limit that is none', async (t) => {
  t.throws(() => programLimit(0), { name: 'RangeError', message: /^max: expected an integer from 1 to 1000, found 0/ })
  t.throws(() => programLimit('2' as unknown as number), { name: 'TypeError' })
})
