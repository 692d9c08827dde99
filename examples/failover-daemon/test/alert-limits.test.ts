import fc from 'fast-check'
import t from 'tap'
import { calm, decide } from '../src/alerts/limits.js'
import type { Limits } from '../src/alerts/limits.js'

const none: Limits = { numalerts: undefined, alertevery: undefined, alertafter: undefined }
const S = 1000

/** What is sent for a row of results, `f` failing and `p` passing, ten seconds apart; other letters are other failures. */
function sent(limits: Partial<Limits>, results: string, outside = ''): string {
  let state = calm
  return [...results]
    .map((letter, i) => {
      const open = outside[i] !== 'x'
      const result =
        letter === 'p'
          ? ({ passed: true, open } as const)
          : ({ passed: false, open, summary: letter.toLowerCase(), detail: letter } as const)
      const decision = decide({ ...none, ...limits }, state, result, i * 10 * S)
      state = decision.state
      return decision.send === 'down' ? 'D' : decision.send === 'up' ? 'U' : '.'
    })
    .join('')
}

t.test('as Mon: each row of results gives these alerts', async (t) => {
  const every = (by: 'summary' | 'observe_detail' | 'ignore_summary' | 'strict') => ({
    alertevery: { ms: 30 * S, by },
  })
  for (const [name, limits, results, expected, outside] of [
    ['no limits', {}, 'ffpf', 'DDUD'],
    ['numalerts', { numalerts: 1 }, 'fffpff', 'D..UD.'],
    ['alertevery', every('summary'), 'fffffpf', 'D..D.UD'],
    ['another summary', every('summary'), 'fggG', 'DD..'],
    ['observe_detail', every('observe_detail'), 'fggG', 'DD.D'],
    ['ignore_summary', every('ignore_summary'), 'fghpf', 'D..UD'],
    ['strict', every('strict'), 'fpff', 'DU.D'],
    ['alertafter 3', { alertafter: { count: 3, withinMs: undefined } }, 'ffpfff', '.....D'],
    ['alertafter 20s', { alertafter: { count: undefined, withinMs: 20 * S } }, 'ffffpf', '...DU.'],
    ['alertafter 3 30s', { alertafter: { count: 3, withinMs: 30 * S } }, 'fffpff', '..DU..'],
    ['alertafter 4 20s starts anew', { alertafter: { count: 4, withinMs: 20 * S } }, 'ffffffff', '........'],
    ['no upalert without an alert', { alertafter: { count: 2, withinMs: undefined } }, 'fp', '..'],
    ['outside of the period', {}, 'ffpfp', '.D.DU', 'x.x'],
  ] as [string, Partial<Limits>, string, string, string?][])
    t.equal(sent(limits, results, outside), expected, name)
})

t.test('whatever comes: never more than numalerts an outage, an upalert only after an alert', async () => {
  const limits = fc.record({
    numalerts: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    alertevery: fc.option(
      fc.record({
        ms: fc.integer({ min: 1, max: 60 * S }),
        by: fc.constantFrom(
          'summary' as const,
          'observe_detail' as const,
          'ignore_summary' as const,
          'strict' as const,
        ),
      }),
      { nil: undefined },
    ),
    alertafter: fc.option(
      fc.record({
        count: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
        withinMs: fc.option(fc.integer({ min: 1, max: 60 * S }), { nil: undefined }),
      }),
      { nil: undefined },
    ),
  })
  const rows = fc.array(fc.constantFrom('f', 'g', 'F', 'p'), { maxLength: 60 }).map((letters) => letters.join(''))
  fc.assert(
    fc.property(limits, rows, (limits, results) => {
      const told = sent(limits, results)
      for (let start = 0, i = 0; i <= results.length; i++) {
        if (i < results.length && results[i] !== 'p') continue
        const downs = [...told.slice(start, i)].filter((letter) => letter === 'D').length
        if (downs > (limits.numalerts ?? Infinity)) return false
        if (i < results.length && (told[i] === 'U') !== downs > 0) return false
        if (told.slice(start, i).includes('U')) return false
        start = i + 1
      }
      return true
    }),
    { numRuns: 2000 },
  )
})
