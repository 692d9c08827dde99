import fc from 'fast-check'
import type { Table } from 'ipvs'
import { diff } from 'ipvs'
import t from 'tap'
import type { PolicyConfig } from '../src/config.js'
import type { Fact, Facts } from '../src/facts.js'
import { isSuspect } from '../src/guard.js'
import { objectName } from '../src/names.js'
import { decide, noMemory, owned } from '../src/policy.js'
import type { Memory } from '../src/policy.js'
import { carriedOut, config, entry, server, service } from './tables.js'

// One service with servers .11, .12 and so on; the sorry server is .20.
const sorry = { ...server('192.0.2.20'), forwarding: 'direct', weight: 1 } as const
const address = (i: number) => `192.0.2.1${i + 1}`
const factsOf = (each: readonly Fact[]): Facts =>
  new Map(each.map((fact, i) => [objectName(service, server(address(i))), fact]))
const up: Fact = { health: 'up' }
const down: Fact = { health: 'down' }
const unknown: Fact = { health: 'unknown' }

/** The weights of one decision, `11:1 12:0`, for a table that is all ours. */
function decided(
  each: readonly Fact[],
  policy: Partial<PolicyConfig>,
  weights: Readonly<Record<string, number>>,
  { now = 0, memory = noMemory, weight = 1, active = 0, suspects = false } = {},
) {
  const conf = config(
    each.map((_, i) => address(i)),
    policy,
    weight,
  )
  const current: Table = [entry(weights, active)]
  const ours = owned(
    conf,
    current,
    current.flatMap(({ service, destinations }) => destinations.map((destination) => ({ service, destination }))),
  )
  const guarded = suspects ? { ...conf, guard: { share: 0.5, holdMs: 10_000 } } : conf
  const decision = decide({ config: guarded, facts: factsOf(each), current, owned: ours, memory, now })
  const text = decision.table
    .flatMap(({ destinations }) => destinations.map(({ address, weight }) => `${address.split('.')[3]}:${weight}`))
    .sort()
    .join(' ')
  return { text, decision }
}
const placed = (...args: Parameters<typeof decided>) => decided(...args).text
const all = (n: number, weight = 1) => Object.fromEntries(Array.from({ length: n }, (_, i) => [address(i), weight]))

t.test('a failed server is removed, or gets weight 0 where the policy says so', async (t) => {
  t.equal(placed([up, down], {}, all(2)), '11:1')
  t.equal(placed([up, down], { onFailure: 'quiesce' }, all(2)), '11:1 12:0')
  t.equal(
    placed([up, down], { onFailure: 'quiesce' }, { '192.0.2.11': 1 }),
    '11:1',
    'one that is out is not put in for that',
  )
})

t.test('when all are down: the last ones are kept, the sorry server takes over, or nobody stays', async (t) => {
  t.equal(placed([down, down], { whenAllDown: 'keep' }, all(2)), '11:1 12:1')
  t.equal(placed([down, down], { whenAllDown: 'keep' }, { '192.0.2.12': 1 }), '12:1', 'the last one alone')
  t.equal(placed([up, down], { whenAllDown: 'keep' }, { '192.0.2.12': 1 }), '11:1', 'it goes once another is up')
  t.equal(placed([down, down], { whenAllDown: 'none' }, all(2)), '')
  t.equal(placed([down, down], { whenAllDown: 'sorry', sorry }, all(2)), '20:1')
  t.equal(placed([down, unknown], { whenAllDown: 'sorry', sorry }, all(2)), '12:1', 'not while one may be up')
})

t.test('the sorry server goes, gently, when enough others are up', async (t) => {
  const policy = { whenAllDown: 'sorry', sorry, quorum: { up: 2, hysteresis: 1 } } as const
  const table = { '192.0.2.20': 1 }
  t.equal(placed([up, up, down], policy, table), '20:1', 'not yet: the quorum is 2, and 1 more to end the emergency')
  t.equal(placed([up, up, up], policy, table, { active: 1 }), '11:1 12:1 13:1 20:0', 'drained, not cut off')
  t.equal(placed([up, up, up], policy, { ...all(3), '192.0.2.20': 0 }), '11:1 12:1 13:1')
  t.equal(
    placed([up, down, down], policy, all(3), { active: 1 }),
    '11:0 20:1',
    'below the quorum healthy ones leave as well',
  )
  t.equal(placed([unknown, unknown, unknown], policy, table), '20:1', 'a restart in the emergency goes on with it')
})

t.test('at most a share is out because of failures, those that failed first', async (t) => {
  const at = (since: number): Fact => ({ health: 'down', since })
  t.equal(placed([at(3), at(1), at(2), up], { maxEjected: 0.5 }, all(4)), '11:1 14:1')
  t.equal(placed([at(3), at(1), at(2), up], { maxEjected: 0.5 }, { ...all(4), '192.0.2.12': 0 }), '11:1 14:1')
  const without12 = { '192.0.2.11': 1, '192.0.2.13': 1, '192.0.2.14': 1 }
  t.equal(placed([at(3), at(1), at(2), up], { maxEjected: 0.5 }, without12), '11:1 14:1', 'one that is out counts')
  t.equal(placed([down, up], { maxEjected: 0.1 }, all(2)), '12:1', 'one at least')
})

t.test('a slow start takes the weight up in steps', async (t) => {
  const came: Fact = { health: 'up', since: 1000 }
  const policy = { slowStartMs: 10_000 }
  const weightAt = (now: number) => placed([came], policy, all(1), { now, weight: 100 })
  t.strictSame([1000, 1999, 2000, 6000, 11_000].map(weightAt), ['11:1', '11:1', '11:10', '11:50', '11:100'])
  t.equal(decided([came], policy, all(1), { now: 1500, weight: 100 }).decision.nextAt, 2000)
  t.equal(decided([came], policy, all(1), { now: 11_000, weight: 100 }).decision.nextAt, undefined)
  t.equal(placed([up], policy, all(1, 100), { weight: 100 }), '11:100', 'not for one that was up before the start')
})

t.test("a check's weight counts up to the configured one, where the policy says so", async (t) => {
  const asks = (weight: number): Fact => ({ health: 'up', weight })
  t.equal(placed([asks(7.9), asks(0), asks(200)], { weightFromCheck: true }, {}, { weight: 100 }), '11:7 12:0 13:100')
  t.equal(placed([asks(7)], {}, {}, { weight: 100 }), '11:100')
})

t.test('a server that flaps stays out until its hold ends', async (t) => {
  const held: Fact = { health: 'up', since: 0, heldUntil: 500 }
  t.equal(placed([held, up], {}, all(2), { now: 499 }), '12:1')
  t.equal(decided([held, up], {}, all(2), { now: 499 }).decision.nextAt, 500)
  t.equal(placed([held, up], {}, all(2), { now: 500 }), '11:1 12:1')
})

t.test('an operator drains or disables a server, whatever its health', async (t) => {
  const drain: Fact = { health: 'up', order: 'drain' }
  t.equal(placed([drain, up], {}, all(2), { active: 1 }), '11:0 12:1')
  t.equal(placed([drain, up], {}, { '192.0.2.11': 0, '192.0.2.12': 1 }), '12:1', 'idle: out')
  t.equal(placed([{ ...down, order: 'drain' }, up], {}, all(2), { active: 1 }), '11:0 12:1')
  t.equal(placed([{ ...up, order: 'disable' }, up], {}, all(2), { active: 1 }), '12:1')
  t.equal(
    placed([{ ...up, order: 'disable' }, down], { whenAllDown: 'sorry', sorry }, all(2)),
    '20:1',
    'nobody else is up',
  )
})

t.test('a server that leaves has until its deadline, even over many rounds', async (t) => {
  const drain: Fact = { health: 'up', order: 'drain' }
  let memory: Memory = noMemory
  const at = (now: number, weight: number) => {
    const { text, decision } = decided(
      [drain, up],
      { drainTimeoutMs: 100 },
      { '192.0.2.11': weight, '192.0.2.12': 1 },
      { now, memory, active: 9 },
    )
    memory = decision.memory
    return [text, decision.nextAt]
  }
  t.strictSame(at(1000, 1), ['11:0 12:1', 1100])
  t.strictSame(at(1099, 0), ['11:0 12:1', 1100])
  t.strictSame(at(1100, 0), ['12:1', undefined])
})

t.test('most hosts fail at once: this director is suspected, and they stay, or come back, for a while', async (t) => {
  const at = (since: number): Fact => ({ health: 'down', since })
  const two = [at(9000), at(9500), up]
  t.equal(placed(two, {}, all(3), { now: 10_000, suspects: true }), '11:1 12:1 13:1')
  t.equal(placed(two, {}, { '192.0.2.12': 1, '192.0.2.13': 1 }, { now: 10_000, suspects: true }), '11:1 12:1 13:1')
  const { decision } = decided(two, {}, all(3), { now: 10_000, suspects: true })
  t.match(decision, { suspect: true, nextAt: 19_000 })
  t.equal(placed(two, {}, all(3), { now: 20_000, suspects: true }), '13:1', 'then they are believed')
  t.equal(placed([at(9000), up, up], {}, all(3), { now: 10_000, suspects: true }), '12:1 13:1', 'one is no reason')
  t.equal(placed([at(9000), at(9000)], {}, all(2), { now: 10_000, suspects: true }), '', 'nor are both of two')
  t.equal(
    placed([down, down, up], {}, all(3), { now: 10_000, suspects: true }),
    '13:1',
    'nor what was so before the start',
  )
  t.notOk(isSuspect(config([address(0)]), factsOf([at(1)]), 1), 'nor anything where the guard is off')
})

// ── for any facts and policy ──

const anyFact: fc.Arbitrary<Fact> = fc.record({
  health: fc.constantFrom('up' as const, 'down' as const, 'unknown' as const),
  since: fc.option(fc.integer({ min: 0, max: 1000 }), { nil: undefined }),
  heldUntil: fc.option(fc.integer({ min: 0, max: 2000 }), { nil: undefined }),
  weight: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
  order: fc.option(fc.constantFrom('drain' as const, 'disable' as const), { nil: undefined }),
})
const anyPolicy: fc.Arbitrary<Partial<PolicyConfig>> = fc.record({
  onFailure: fc.constantFrom('remove', 'quiesce'),
  drainTimeoutMs: fc.integer({ min: 0, max: 500 }),
  quorum: fc.record({ up: fc.integer({ min: 1, max: 3 }), hysteresis: fc.integer({ min: 0, max: 2 }) }),
  maxEjected: fc.constantFrom(0.25, 0.5, 1),
  whenAllDown: fc.constantFrom('keep', 'none'),
  slowStartMs: fc.constantFrom(0, 700),
  weightFromCheck: fc.boolean(),
})
const anyWeights = fc.dictionary(fc.constantFrom(...[0, 1, 2, 3].map(address)), fc.integer({ min: 0, max: 12 }), {
  noNullPrototype: true,
})
const anyCase = fc.record({
  facts: fc.array(anyFact, { minLength: 1, maxLength: 4 }),
  policy: fc.oneof(
    anyPolicy,
    anyPolicy.map((policy) => ({ ...policy, whenAllDown: 'sorry' as const, sorry })),
  ),
  weights: anyWeights,
  active: fc.integer({ min: 0, max: 1 }),
  now: fc.integer({ min: 0, max: 2500 }),
  suspects: fc.boolean(),
})

t.test('no weight is above the configured one, but where the kernel has it and nothing is known', async (t) => {
  fc.assert(
    fc.property(anyCase, ({ facts, policy, weights, ...rest }) => {
      const { decision } = decided(facts, policy, weights, { ...rest, weight: 10 })
      return decision.table[0]?.destinations.every(
        ({ address, weight = 0 }) => weight <= 10 || weights[address] === weight,
      )
    }),
  )
  t.pass()
})

t.test(
  'with keep or sorry a table with servers for clients is not left without, unless an operator wants it',
  async (t) => {
    fc.assert(
      fc.property(anyCase, fc.boolean(), ({ facts, policy, weights, ...rest }, keep) => {
        const orderless = facts.map((fact): Fact => ({ ...fact, order: undefined }))
        const serving = orderless.some((_, i) => (weights[address(i)] ?? 0) > 0)
        const mode = keep
          ? ({ whenAllDown: 'keep', sorry: undefined } as const)
          : ({ whenAllDown: 'sorry', sorry } as const)
        const kind = { ...policy, ...mode, onFailure: 'remove', weightFromCheck: false } as const
        const { decision } = decided(orderless, kind, weights, { ...rest, weight: 10 })
        return !serving || decision.table[0]?.destinations.some(({ weight }) => (weight ?? 1) > 0)
      }),
      { numRuns: 1000 },
    )
    t.pass()
  },
)

t.test('carried out, a decision is the last one until time or knowledge changes, once leavers have left', async (t) => {
  fc.assert(
    fc.property(anyCase, ({ facts, policy, weights, active, now, suspects }) => {
      const conf = {
        ...config(
          facts.map((_, i) => address(i)),
          policy,
          10,
        ),
        guard: suspects ? { share: 0.5, holdMs: 400 } : undefined,
      }
      let table: Table = [entry(weights, active)]
      let memory = noMemory
      let ledger = table.flatMap(({ service, destinations }) =>
        destinations.map((destination) => ({ service, destination })),
      )
      const plan = (at: number) => {
        const ours = owned(conf, table, ledger)
        const decision = decide({ config: conf, facts: factsOf(facts), current: table, owned: ours, memory, now: at })
        memory = decision.memory
        return diff(table, decision.table, { owned: ours }).changes
      }
      for (let round = 0; round < 3; round++) table = carriedOut(table, plan(now))
      // Past every deadline, hold and ramp.
      for (let round = 0; round < 3; round++) table = carriedOut(table, plan(now + 10_000))
      ledger = []
      return plan(now + 10_000).length === 0
    }),
    { numRuns: 500 },
  )
  t.pass()
})
