import t from 'tap'
import { type Check, type Verdict, all, any, at, atLeast } from '../../lib/health/index.js'

const target = { address: '192.0.2.1', port: 80 }
const { signal } = new AbortController()
const pass: Verdict = { outcome: 'pass' }
const fail: Verdict = { outcome: 'fail', reason: 'refused', detail: 'connect ECONNREFUSED' }
const unknown: Verdict = { outcome: 'inconclusive', reason: 'local', detail: 'no descriptors' }

function giving(verdict: Verdict): Check {
  return async () => Promise.resolve(verdict)
}

/** One that ends with its signal, and whether it has. */
function waiting() {
  const state = { withdrawn: false }
  const check: Check = (_target, signal) =>
    new Promise((resolve) =>
      signal.addEventListener('abort', () => {
        state.withdrawn = true
        resolve(unknown)
      }),
    )
  return { check, state }
}

t.test('so many must pass; what is inconclusive counts neither way, and decides nothing by itself', async (t) => {
  const cases: [wanted: number, given: Verdict[], outcome: Verdict['outcome']][] = [
    [1, [fail, fail, pass], 'pass'],
    [1, [fail, fail, fail], 'fail'],
    [1, [fail, unknown], 'inconclusive'],
    [1, [unknown, pass], 'pass'],
    [2, [pass, pass, fail], 'pass'],
    [2, [pass, fail, fail], 'fail'],
    [2, [pass, fail, unknown], 'inconclusive'],
    [2, [unknown, unknown, fail], 'inconclusive'],
    [2, [unknown, fail, fail], 'fail'],
    [3, [pass, pass, unknown], 'inconclusive'],
    [3, [pass, unknown, fail], 'fail'],
  ]
  for (const [wanted, given, outcome] of cases) {
    const { outcome: found } = await atLeast(wanted, given.map(giving))(target, signal)
    t.equal(found, outcome, `${wanted} of ${given.map((verdict) => verdict.outcome).join(', ')}`)
  }
  t.same(await all([giving(pass), giving(pass)])(target, signal), pass)
  t.match(await all([giving(pass), giving(fail)])(target, signal), { outcome: 'fail' })
  t.same(await any([giving(fail), giving(pass)])(target, signal), pass)
})

t.test('a failure has the reason of the first, and says how many passed', async (t) => {
  const detail = '1 of 3 passed, where 2 must; refused: connect ECONNREFUSED'
  t.same(await atLeast(2, [giving(pass), giving(fail), giving({ outcome: 'fail', reason: 'reset' })])(target, signal), {
    outcome: 'fail',
    reason: 'refused',
    detail,
  })
})

t.test('the weight is the smallest that a passing check asks for', async (t) => {
  const weighty = [5, 3, 7].map((weight) => giving({ outcome: 'pass', weight }))
  t.same(await all([...weighty, giving(pass)])(target, signal), { outcome: 'pass', weight: 3 })
})

t.test('once it is decided the others are withdrawn', async (t) => {
  for (const [compose, verdict] of [
    [any, pass],
    [all, fail],
  ] as const) {
    const other = waiting()
    t.match(await compose([other.check, giving(verdict)])(target, signal), { outcome: verdict.outcome })
    t.ok(other.state.withdrawn)
  }
})

t.test('they settle when the signal fires, and what throws is inconclusive', async (t) => {
  const controller = new AbortController()
  const { check, state } = waiting()
  const verdict = all([check, giving(pass)])(target, controller.signal)
  controller.abort()
  t.match(await verdict, { outcome: 'inconclusive' })
  t.ok(state.withdrawn)
  const throwing: Check = () => {
    throw new Error('a bug')
  }
  t.match(await any([throwing, giving(fail)])(target, signal), { outcome: 'inconclusive' })
})

t.test('what is no list of checks is refused', async (t) => {
  t.throws(() => all([]), { code: 'ERR_INVALID_ARG_VALUE', message: /^checks: expected at least one check/ })
  t.throws(() => any([giving(pass), 'tcp' as never]), { code: 'ERR_INVALID_ARG_TYPE', message: /^checks\[1\]/ })
  t.throws(() => all('tcp' as never), { code: 'ERR_INVALID_ARG_TYPE' })
  t.throws(() => atLeast(3, [giving(pass), giving(pass)]), { code: 'ERR_OUT_OF_RANGE', message: /from 1 to 2/ })
})

t.test('a check at another place sees that place, and else the target', async (t) => {
  const seen: unknown[] = []
  const check: Check<typeof target & { name: string }> = async (place) => {
    seen.push(place)
    return Promise.resolve(pass)
  }
  const named = { ...target, name: 'real1' }
  await at({ port: 8080 }, check)(named, signal)
  await at({ address: '2001:db8::1' }, check)(named, signal)
  t.same(seen, [
    { ...named, port: 8080 },
    { ...named, address: '2001:db8::1' },
  ])
  t.throws(() => at({}, check), { code: 'ERR_INVALID_ARG_VALUE', message: /an address, a port or both/ })
  t.throws(() => at({ port: 0 }, check), { code: 'ERR_OUT_OF_RANGE', message: /^place.port/ })
  t.throws(() => at({ address: 'real1' }, check), { message: /^place.address/ })
  t.throws(() => at({ host: 'real1' } as never, check), { message: /one of the fields address, port/ })
})
