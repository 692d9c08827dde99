import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Verdict } from '../../lib/health/check.js'
import { type Health, isFollowedUp, isUnsure, nextDelay, step } from '../../lib/health/state.js'
import { pass, refused, unsure } from './fake-check.js'

const verdicts = fc.array(fc.constantFrom(pass, refused, unsure), { maxLength: 60 })
const thresholds = fc.record({ rise: fc.integer({ min: 1, max: 5 }), fall: fc.integer({ min: 1, max: 5 }) })
const initial = fc.constantFrom('up', 'down', 'unknown')

function start(state: Health['state']): Health {
  return { state, passes: 0, failures: 0 }
}

function holds<V>(t: Test, property: fc.IProperty<V>): void {
  t.doesNotThrow(() => fc.assert(property))
}

function run(from: Health, list: readonly Verdict[], limits: { rise: number; fall: number }): Health {
  return list.reduce((health, verdict) => step(health, verdict, limits).health, from)
}

t.test(
  'down only after `fall` consecutive conclusive failures since the last pass, up only after `rise` passes',
  async () => {
    fc.assert(
      fc.property(initial, verdicts, thresholds, (state, list, limits) => {
        let health = start(state)
        const conclusive: Verdict[] = []
        for (const verdict of list) {
          if (verdict.outcome !== 'inconclusive') conclusive.push(verdict)
          const next = step(health, verdict, limits)
          const needed = next.changed === 'up' ? limits.rise : limits.fall
          if (next.changed !== undefined) {
            const last = conclusive.slice(-needed)
            const expected = next.changed === 'up' ? pass : refused
            if (last.length < needed || last.some((each) => each !== expected)) return false
          }
          if ((next.changed !== undefined) !== (next.health.state !== health.state)) return false
          health = next.health
        }
        return true
      }),
    )
  },
)

t.test('`fall` consecutive failures always end in down, `rise` passes in up', async (t) => {
  holds(
    t,
    fc.property(initial, verdicts, thresholds, (state, list, limits) => {
      const before = run(start(state), list, limits)
      const down = run(before, Array<Verdict>(limits.fall).fill(refused), limits)
      const up = run(before, Array<Verdict>(limits.rise).fill(pass), limits)
      return down.state === 'down' && up.state === 'up'
    }),
  )
})

t.test('inconclusive verdicts change nothing and break no streak', async (t) => {
  holds(
    t,
    fc.property(initial, verdicts, thresholds, (state, list, limits) => {
      const conclusive = list.filter(({ outcome }) => outcome !== 'inconclusive')
      const [all, some] = [run(start(state), list, limits), run(start(state), conclusive, limits)]
      return all.state === some.state && all.passes === some.passes && all.failures === some.failures
    }),
  )
})

t.test('step() leaves what it is given alone', async (t) => {
  const health = Object.freeze(start('up'))
  t.same(step(health, refused, { rise: 2, fall: 3 }), {
    health: { state: 'up', passes: 0, failures: 1 },
    changed: undefined,
  })
})

t.test('unsure while unknown, and once a streak against the state has begun', async (t) => {
  t.equal(isUnsure({ state: 'unknown', passes: 0, failures: 0 }), true)
  t.equal(isUnsure({ state: 'up', passes: 2, failures: 0 }), false)
  t.equal(isUnsure({ state: 'up', passes: 0, failures: 1 }), true)
  t.equal(isUnsure({ state: 'down', passes: 0, failures: 3 }), false)
  t.equal(isUnsure({ state: 'down', passes: 1, failures: 0 }), true)
})

t.test('jitter shortens the interval, and never the fast one', async (t) => {
  const timing = { intervalMs: 1000, fastIntervalMs: 200, jitterMs: 100 }
  t.equal(nextDelay(start('up'), false, timing, 0), 1000)
  t.equal(nextDelay(start('up'), false, timing, 0.5), 950)
  t.equal(nextDelay(start('unknown'), false, timing, 0.5), 200)
  t.equal(nextDelay(start('up'), true, timing, 0.5), 200, 'what is to be followed up is, soon')
})

t.test('the first of several inconclusive verdicts is followed up soon', async (t) => {
  const local = { outcome: 'inconclusive', reason: 'local' } as const
  t.equal(isFollowedUp(local, undefined), true)
  t.equal(isFollowedUp(local, { outcome: 'pass' }), true)
  t.equal(isFollowedUp(local, local), false)
  t.equal(isFollowedUp({ outcome: 'pass' }, local), false)
})
