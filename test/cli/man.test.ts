import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { failover } from '../../examples/failover-daemon/src/command-line.js'
import { failoverPage } from '../../examples/failover-daemon/src/man-page.js'
import { ipvs } from '../../lib/cli/commands.js'
import { ipvsPage } from '../../lib/cli/page.js'
import { formsOf, helpOption } from '../../lib/command-line/command.js'
import { bold, literal, prose, textLine } from '../../lib/command-line/roff.js'
import { version } from '../../lib/version.js'
import type { CommandLine, Option } from '../../lib/command-line/index.js'

interface Page {
  readonly line: CommandLine
  readonly text: string
  readonly file: string
  /** What makes it anew. */
  readonly made: string
  /** Between EXIT STATUS and EXAMPLES. */
  readonly sections: readonly string[]
  /** Texts that are to be copied from it, with hyphens, quotes and tildes as they are. */
  readonly copied: readonly string[]
}

const pages: readonly Page[] = [
  {
    line: ipvs,
    text: ipvsPage(version()),
    file: 'docs/man/ipvs.8',
    made: 'npm run man',
    sections: ['ENVIRONMENT'],
    copied: ['ipvs list --watch --interval 1s', '~/.config/fish/completions/ipvs.fish'],
  },
  {
    line: failover,
    text: failoverPage(),
    file: 'examples/failover-daemon/docs/man/ipvs-failover.8',
    made: 'npm run options -w ipvs-failover',
    sections: ['SIGNALS', 'ENVIRONMENT', 'FILES'],
    copied: ['ipvs-failover drain 192.0.2.13 --service 192.0.2.100:80', '/etc/ipvs-failover/failover.yaml'],
  },
]

/** The part of a page between a heading and the next of its rank. */
function part(page: string, heading: string): string {
  const from = page.indexOf(`\n${heading}`)
  const rest = page.slice(from + 1)
  const end = rest.slice(1).search(heading.startsWith('.SS') ? /^\.S[SH] /m : /^\.SH /m)
  return from < 0 ? '' : rest.slice(0, end < 0 ? undefined : end + 1)
}

const tag = ({ short, name, value }: Option) => {
  const letter = short === undefined ? '' : `${bold(`-${short}`)}, `
  return `.TP\n${letter}${bold(`--${name}`)}${value === undefined ? '' : ` \\fI${value}\\fR`}\n`
}

for (const { line, text, file, made, sections } of pages) {
  t.test(`the committed page of ${line.name} is what the data gives: \`${made}\` makes it anew`, async (t) => {
    t.equal(readFileSync(file, 'utf8'), text)
  })

  t.test(`the page of ${line.name} has its sections, in the usual order`, async (t) => {
    t.same(
      [...text.matchAll(/^\.SH (.*)$/gm)].map(([, name]) => name),
      [
        ...['NAME', 'SYNOPSIS', 'DESCRIPTION', 'OPTIONS', 'COMMANDS', 'EXIT STATUS'],
        ...sections,
        ...['EXAMPLES', 'SEE ALSO'],
      ],
    )
    t.ok(
      part(text, '.SH NAME').includes(`\n${literal(line.name)} \\- ${literal(line.purpose)}\n`),
      'as apropos reads it',
    )
    t.match(text, `"${literal(`${line.name} ${version()}`)}"`)
  })

  t.test(`every command of ${line.name} is in the page, with its options, statuses and examples`, async (t) => {
    for (const { name: command, operands, options, statuses = {}, examples, ...more } of line.commands) {
      const called = bold(`${line.name} ${command}`)
      const own = part(text, `.SS ${called}`)
      t.not(own, '', command)
      const calls = part(text, '.SH SYNOPSIS').split('\n')
      const forms = formsOf({ name: command, operands, options, examples, ...more })
      t.equal(calls.filter((call) => call === called || call.startsWith(`${called} `)).length, forms.length)
      const [heading = ''] = own.split('\n')
      for (const operand of operands) t.match(heading, operand.name)
      for (const option of [...options, helpOption]) {
        t.ok(own.includes(tag(option)), `${command} --${option.name}`)
        t.ok(own.replaceAll('\n', ' ').includes(prose(option.help)), option.help)
      }
      const ends = part(text, '.SH EXIT STATUS').replaceAll('\n', ' ')
      for (const [status, meaning] of Object.entries(statuses)) {
        t.ok(
          own.replaceAll('\n', ' ').includes(`.TP ${bold(status)} ${prose(meaning)}`),
          `${command}: status ${status}`,
        )
        t.ok(ends.includes(`${status} of ${called}: `))
      }
      for (const example of examples) t.ok(part(text, '.SH EXAMPLES').includes(`\n${literal(example)}\n`), example)
    }
    for (const { name } of line.relays ?? []) t.not(part(text, `.SS ${bold(`${line.name} ${name}`)}`), '')
    for (const status of Object.keys(line.statuses)) t.match(part(text, '.SH EXIT STATUS'), `.TP\n${bold(status)}\n`)
  })
}

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
  for (const { text } of pages) {
    t.same(
      text.split('\n').filter((line) => /^[.']/.test(line) && !requests.test(line)),
      [],
    )
    t.notMatch(text, /[^\n\x20-\x7e]/, 'only ASCII, which each locale shows')
  }
})

const found = spawnSync('groff', ['--version'])
t.test('groff shows it without a warning', { skip: found.status === 0 ? false : 'there is no groff' }, async (t) => {
  for (const { text, copied } of pages) {
    for (const device of ['ascii', 'utf8']) {
      const { status, stdout, stderr } = spawnSync('groff', ['-man', '-ww', `-T${device}`, '-P-c'], {
        input: text,
        encoding: 'utf8',
      })
      t.equal(stderr, '')
      t.equal(status, 0)
      // Overstriking is bold and underlined.
      const shown = stdout.replaceAll(/.[\b]/g, '')
      for (const words of copied) t.match(shown, words, 'hyphens can be copied')
    }
  }
})

const linter = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning'], { input: '' })
t.test('mandoc finds nothing wrong', { skip: linter.error ? 'there is no mandoc' : false }, async (t) => {
  for (const { text } of pages) {
    const { stdout } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning'], { input: text, encoding: 'utf8' })
    // A page that says when it was made would be another each day.
    const faults = stdout.split('\n').filter((line) => line !== '' && !line.includes('missing date, using ""'))
    t.same(faults, [])
  }
})
