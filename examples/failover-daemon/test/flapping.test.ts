import fc from 'fast-check'
import t from 'tap'
import { afterChange, calm } from '../src/flapping.js'

const flapping = { changes: 3, withinMs: 1000, holdMs: 100 }
const after = (...times: number[]) => times.reduce((history, at) => afterChange(history, at, flapping), calm)

t.test('so many changes within the time, and it is held', async (t) => {
  t.equal(after(0, 500).heldUntil, undefined)
  t.equal(after(0, 500, 999).heldUntil, 1099)
  t.equal(after(0, 500, 1000).heldUntil, undefined, 'the first is too long ago')
})

t.test('each hold soon after another is twice as long, an hour at most', async (t) => {
  t.equal(after(0, 1, 2, 103, 104, 105).heldUntil, 105 + 200)
  t.equal(after(0, 1, 2, 2000, 2001, 2002).heldUntil, 2002 + 100, 'after a quiet time it begins anew')
  let history = calm
  let now = 0
  for (let i = 0; i < 100; i++) {
    for (let change = 0; change < 3; change++) history = afterChange(history, now++, flapping)
    now = history.heldUntil ?? now
  }
  t.equal((history.heldUntil ?? 0) - now, 0)
  t.ok(history.holds > 50)
  t.equal(
    (afterChange(afterChange(afterChange(history, now, flapping), now, flapping), now, flapping).heldUntil ?? 0) - now,
    3_600_000,
  )
})

t.test('what is remembered stays small', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 }), (gaps) => {
      let now = 0
      const history = gaps.reduce((before, gap) => afterChange(before, (now += gap), flapping), calm)
      return history.changes.length < flapping.changes
    }),
  )
  t.pass()
})
