import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { adm, commands, helpOption } from '../../lib/cli/commands.js'
import { manPage } from '../../lib/cli/man.js'
import { bold, literal, prose, textLine } from '../../lib/cli/roff.js'
import { version } from '../../lib/version.js'

const page = manPage(version())

t.test('the committed page is what the data gives: `npm run man` makes it anew', async (t) => {
  t.equal(readFileSync('docs/man/ipvs.8', 'utf8'), page)
})

/** The part of the page between a heading and the next of its rank. */
function part(heading: string): string {
  const from = page.indexOf(`\n${heading}`)
  const rest = page.slice(from + 1)
  const end = rest.slice(1).search(heading.startsWith('.SS') ? /^\.S[SH] /m : /^\.SH /m)
  return from < 0 ? '' : rest.slice(0, end < 0 ? undefined : end + 1)
}

t.test('the page has its sections, in the usual order', async (t) => {
  t.same(
    [...page.matchAll(/^\.SH (.*)$/gm)].map(([, name]) => name),
    [
      ...['NAME', 'SYNOPSIS', 'DESCRIPTION', 'OPTIONS', 'COMMANDS', 'EXIT STATUS', 'ENVIRONMENT', 'EXAMPLES'],
      'SEE ALSO',
    ],
  )
  t.match(part('.SH NAME'), /^ipvs \\- \S/m, 'as apropos reads it')
  t.match(page, `"ipvs ${version()}"`)
})

t.test('every command is in the page, with its options, statuses and examples', async (t) => {
  for (const { name, operands, options, statuses = {}, examples } of commands) {
    t.match(part('.SH SYNOPSIS'), bold(`ipvs ${name}`), name)
    const own = part(`.SS ${bold(`ipvs ${name}`)}`)
    t.not(own, '', name)
    const [heading = ''] = own.split('\n')
    for (const operand of operands) t.match(heading, operand.name)
    for (const { name: option, value, short, help } of [...options, helpOption]) {
      const letter = short === undefined ? '' : `${bold(`-${short}`)}, `
      const tag = `.TP\n${letter}${bold(`--${option}`)}${value === undefined ? '' : ` \\fI${value}\\fR`}\n`
      t.ok(own.includes(tag), `${name} --${option}`)
      t.ok(own.replaceAll('\n', ' ').includes(prose(help)), help)
    }
    for (const [status, meaning] of Object.entries(statuses)) {
      t.match(own, `.TP\n${bold(status)}\n${prose(meaning)}`, `${name}: status ${status}`)
      t.ok(
        part('.SH EXIT STATUS')
          .replaceAll('\n', ' ')
          .includes(`${status} of ${bold(`ipvs ${name}`)}: `),
      )
    }
    for (const example of examples) t.ok(part('.SH EXAMPLES').includes(`\n${literal(example)}\n`), example)
  }
  t.not(part(`.SS ${bold(`ipvs ${adm.name}`)}`), '')
  for (const status of [0, 1, 64, 130]) t.match(part('.SH EXIT STATUS'), `.TP\n${bold(String(status))}\n`)
})

t.test('what roff would read otherwise is escaped', async (t) => {
  t.equal(literal('C:\\n'), 'C:\\en')
  t.equal(literal(`--a 'b' "c" \`d\` ~/e ^f`), '\\-\\-a \\(aqb\\(aq \\(dqc\\(dq \\(gad\\(ga \\(ti/e \\(haf')
  t.equal(textLine('.profile'), '\\&.profile')
  t.equal(textLine('a.b'), 'a.b')
})

t.test('what is to be typed is bold in prose', async (t) => {
  t.equal(
    prose('With --json it is what `ipvs -x` reads.'),
    'With \\fB\\-\\-json\\fR it is what \\fBipvs \\-x\\fR reads.',
  )
  t.equal(prose('-w, but not Ctrl-C'), '\\fB\\-w\\fR, but not Ctrl\\-C')
  t.equal(prose('a non--option - here'), 'a non\\-\\-option \\- here')
})

t.test('no line is a request by accident', async (t) => {
  const requests = /^\.(TH|SH|SS|PP|TP|RS|RE|EX|EE|nf|fi|nh|ad|\\")( |$)/
  t.same(
    page.split('\n').filter((line) => /^[.']/.test(line) && !requests.test(line)),
    [],
  )
  t.notMatch(page, /[^\n\x20-\x7e]/, 'only ASCII, which each locale shows')
})

const found = spawnSync('groff', ['--version'])
t.test('groff shows it without a warning', { skip: found.status === 0 ? false : 'there is no groff' }, async (t) => {
  for (const device of ['ascii', 'utf8']) {
    const { status, stdout, stderr } = spawnSync('groff', ['-man', '-ww', `-T${device}`, '-P-c'], {
      input: page,
      encoding: 'utf8',
    })
    t.equal(stderr, '')
    t.equal(status, 0)
    // Overstriking is bold and underlined.
    const text = stdout.replaceAll(/.[\b]/g, '')
    t.match(text, 'ipvs list --watch --interval 1s', 'hyphens can be copied')
    t.match(text, '~/.config/fish/completions/ipvs.fish')
  }
})
