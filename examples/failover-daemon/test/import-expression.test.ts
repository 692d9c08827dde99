import { spawnSync } from 'node:child_process'
import t from 'tap'
import { bodyOf } from '../src/import/expression.js'
import { mustBeRead } from '../src/import/reread.js'

const regExpOf = (body: ReturnType<typeof bodyOf>) =>
  typeof body === 'object' ? new RegExp(body.matches, body.ignoreCase ? 'iu' : 'u') : undefined

t.test('plain text stays text, and what JavaScript has no word for is told', async (t) => {
  t.equal(bodyOf('It works\\!'), 'It works!')
  t.strictSame(bodyOf('(?i)ok'), { matches: 'ok', ignoreCase: true })
  t.strictSame(bodyOf('ok', { ignoreCase: true }), { matches: 'ok', ignoreCase: true })
  t.strictSame(bodyOf('a@b\\@c-\\-[\\-@\\@]+'), { matches: 'a@b@c--[\\-@@]+' })
  for (const expression of ['', 'a++', 'a{2}+', '\\Aa', 'a\\z', '(?>a)', '(?<n>a)', '(?#c)a+', '[[:alpha:]]', '[]a]'])
    t.equal(bodyOf(expression), undefined, expression)
  for (const expression of ['(', 'a{x', '[a', 'a)', '\\h+', `a+${'b'.repeat(1024)}`, 'a+\u0007'])
    t.equal(bodyOf(expression), undefined, expression)
})

const noPerl = spawnSync('perl', ['-v']).error !== undefined && 'no perl on this machine'
t.test('what Perl finds is found, and nothing else', { skip: noPerl }, async (t) => {
  const texts = ['', 'ok', 'OK\n', 'ok\n\n', 'a\nb', 'a\r\nb', 'v12 good', 'x-y', 'a.b', 'a]b', 'a{b', 'tab\there']
  const expressions = [
    '^ok$',
    'a.b',
    'a.*b',
    'a\\.b',
    '[a-c]\\s+b',
    'v\\d+ (?:ok|good)',
    '(a).*\\1',
    'x\\-y',
    '[^\\W\\d]+$',
  ]
  const more = ['^$', 'a[\\]]b', '(?=o)ok', 'k\\n', '\\bgood\\b', 'b?\\t', 'a|^OK$']
  for (const dotAll of [false, true]) {
    const all = [...expressions, ...more]
    const flag = dotAll ? 's' : ''
    const program = `use strict; my ($n, @all) = @ARGV; my @texts = splice @all, 0, $n;
      for my $e (@all) { print join('', map { /$e/${flag} ? 1 : 0 } @texts), "\\n" }`
    const { stdout, stderr } = spawnSync('perl', ['-e', program, String(texts.length), ...texts, ...all], {
      encoding: 'utf8',
    })
    t.equal(stderr, '')
    const found = all.map((expression) => {
      const body = regExpOf(bodyOf(expression, { dotAll }))
      const literal = bodyOf(expression, { dotAll })
      const finds = (text: string) => (body ? body.test(text) : typeof literal === 'string' && text.includes(literal))
      return texts.map((text) => (finds(text) ? 1 : 0)).join('')
    })
    const expected = stdout.trimEnd().split('\n')
    all.forEach((expression, i) => t.equal(found[i], expected[i], `${expression} ${flag}`))
  }
})

t.test('what the daemon would not read is not written, and told as our defect', async (t) => {
  const bad =
    'services:\n  - virtual: 192.0.2.100:80\n    forwarding: direct\n    servers: [a b]\n    check: { type: tcp }\n'
  t.throws(() => mustBeRead(bad, { file: 'mon.cf', line: 1 }), {
    name: 'ImportError',
    message:
      /^mon\.cf:1:1: import: expected .* found a defect of ipvs-failover, .*: imported\.yaml:4:15: services\[0\]/,
  })
  mustBeRead(bad.replace('a b', 'a'), { file: 'mon.cf', line: 1 })
})
