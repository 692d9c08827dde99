import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import t from 'tap'
import { perlModules } from '../../../test/unpacked.js'
import { inPeriod, parsePeriod } from '../src/alerts/periods.js'

const within = (text: string, date: string, zone = 'UTC') => {
  const period = parsePeriod(text)
  if (period === undefined) throw new Error(`no period: ${text}`)
  return inPeriod(period, new Date(date), zone)
}

t.test('both ends of a range are whole units, and it wraps', async (t) => {
  t.equal(within('wd {Mon-Fri} hr {9am-4pm}', '2026-11-26T16:59:59Z'), true)
  t.equal(within('wd {Mon-Fri} hr {9am-4pm}', '2026-11-26T17:00:00Z'), false)
  t.equal(within('hr {12am-11pm}', '2026-11-26T23:59:59Z'), true)
  t.equal(within('hr {22-6}', '2026-11-26T03:00:00Z'), true)
  t.equal(within('mo {Nov-Feb}', '2026-01-01T00:00:00Z'), true)
  t.equal(within('yr {2027-2025}', '2026-01-01T00:00:00Z'), true)
  t.equal(within('wk {2}', '2026-11-08T00:00:00Z'), true, 'a week begins on Sunday')
  t.equal(within('', '2026-11-26T03:00:00Z'), true)
  t.equal(within(' NONE ', '2026-11-26T03:00:00Z'), false)
})

t.test('the clocks of the zone count, also when they change', async (t) => {
  t.equal(within('hr {2}', '2026-03-29T00:30:00Z', 'Europe/Berlin'), false)
  t.equal(within('hr {3}', '2026-03-29T01:30:00Z', 'Europe/Berlin'), true)
  t.equal(within('md {27} hr {0}', '2026-11-26T15:00:00Z', 'Asia/Tokyo'), true)
})

t.test('what is no period is refused', async (t) => {
  for (const text of [
    'hr',
    'hr {}',
    'hr {24}',
    'hr {20-25}',
    'wd {0}',
    'mo {13}',
    'xx {1}',
    'hr {13noon}',
    'yr {1000}',
  ])
    t.equal(parsePeriod(text), undefined, text)
  for (const text of ['hr {1', 'hr {1-2-3}', 'wd {Mo}, ', 'hr {{1}}', 'hr {1pm-}', 'sec {-5}', '__proto__ {1}'])
    t.equal(parsePeriod(text), undefined, text)
})

const perl = `use Time::Period; while (<STDIN>) { chomp; my ($t, $p) = split /\\t/, $_, 2; print inPeriod($t, $p), "\\n" }`
const env = { ...process.env, PERL5LIB: perlModules }
const hasPerl = spawnSync('perl', ['-MTime::Period', '-e', '1'], { env }).status === 0
const skip = hasPerl ? false : "Perl's Time::Period is not here: rig/setup test fetches it"

t.test('1,500 random periods and times: as Time::Period says', { skip }, async (t) => {
  const number = (min: number, max: number) => fc.integer({ min, max }).map(String)
  const hours = fc.oneof(
    number(0, 23),
    fc.tuple(number(1, 12), fc.constantFrom('am', 'pm', 'PM')).map((parts) => parts.join('')),
    fc.constant('12noon'),
  )
  const values: [string[], fc.Arbitrary<string>][] = [
    [['yr', 'year'], fc.oneof(number(0, 99), number(1970, 2040))],
    [['mo', 'month'], fc.oneof(number(1, 12), fc.constantFrom('Jan', 'february', 'MAR', 'jul', 'Sept', 'dec'))],
    [['wk', 'week'], number(1, 6)],
    [['yd', 'yday'], number(1, 366)],
    [['md', 'mday'], number(1, 31)],
    [['wd', 'wday'], fc.oneof(number(1, 7), fc.constantFrom('su', 'Mon', 'tues', 'we', 'Thursday', 'FR', 'sat'))],
    [['hr', 'hour', 'Hour'], hours],
    [['min', 'minute'], number(0, 59)],
    [['sec', 'second'], number(0, 59)],
  ]
  const range = (value: fc.Arbitrary<string>) =>
    fc.oneof(
      value,
      fc.tuple(value, fc.constantFrom('-', ' - ', '- '), value).map((parts) => parts.join('')),
    )
  const scale = fc.oneof(
    ...values.map(([names, value]) =>
      fc
        .tuple(
          fc.constantFrom(...names),
          fc.constantFrom('', ' '),
          fc.array(range(value), { minLength: 1, maxLength: 6 }),
        )
        .map(([name, space, ranges]) => `${name}${space}{${space}${ranges.join(' ')}${space}}`),
    ),
  )
  const alternative = fc.array(scale, { minLength: 1, maxLength: 3 }).map((scales) => scales.join(' '))
  const period = fc.array(alternative, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(', '))
  const cases = fc.sample(fc.tuple(fc.integer({ min: 0, max: 2_200_000_000 }), period), 1500)
  for (const zone of ['UTC', 'America/New_York', 'Australia/Lord_Howe']) {
    const input = cases.map(([seconds, text]) => `${seconds}\t${text}\n`).join('')
    const { stdout } = spawnSync('perl', ['-e', perl], { input, encoding: 'utf8', env: { ...env, TZ: zone } })
    const expected = stdout.trim().split('\n')
    const wrong = cases.filter(([seconds, text], i) => {
      const parsed = parsePeriod(text)
      return String(parsed ? Number(inPeriod(parsed, new Date(seconds * 1000), zone)) : -1) !== expected[i]
    })
    t.strictSame(wrong, [], zone)
    t.ok(expected.filter((word) => word === '1').length > 150, 'many of them hold')
  }
})
