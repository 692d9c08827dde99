import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { parse } from 'yaml'
import { fixtures, importing, parsed } from './import-run.js'

const KINDS = ['mon', 'keepalived', 'ldirectord'] as const
type Kind = (typeof KINDS)[number]

/** Imports this text as a file of that kind; a mon.cf with a sound lvs-init, or a lvs-init with a sound mon.cf. */
function attempts(directory: string) {
  mkdirSync(`${directory}/nodes`)
  writeFileSync(`${directory}/mon.cf`, 'watch http\nservice http\nmonitor x.monitor\n')
  writeFileSync(`${directory}/lvs-init`, 'ipvsadm -A -t 192.0.2.100:80 -s rr\n')
  const file = `${directory}/hostile`
  const rest = ['--nodes', `${directory}/nodes`]
  const ways: Record<Kind | 'lvs-init', string[]> = {
    mon: ['--mon', file, '--lvs-init', `${directory}/lvs-init`, ...rest],
    'lvs-init': ['--mon', `${directory}/mon.cf`, '--lvs-init', file, ...rest],
    keepalived: ['--keepalived', file],
    ldirectord: ['--ldirectord', file],
  }
  return async (kind: keyof typeof ways, text: string | Buffer) => {
    writeFileSync(file, text)
    const started = performance.now()
    const result = await importing(...ways[kind])
    return { ...result, ms: performance.now() - started }
  }
}

/** Whatever goes in: the documented statuses, printable lines, and a configuration that the daemon reads. */
function check({ status, stdout, stderr }: { status: number; stdout: string; stderr: string }): void {
  if (![0, 2, 3].includes(status)) throw new Error(`status ${status}`)
  if (/[^\P{C}\n]/u.test(stderr)) throw new Error(`not printable: ${JSON.stringify(stderr)}`)
  if (status !== 2) parsed(stdout)
  else if (stdout !== '') throw new Error('an output in spite of the error')
  else if (!/\S+:\d+:\d+: [^\n]+ expected [^\n]+, found[^\n]*\n$/.test(stderr)) throw new Error(`no place: ${stderr}`)
}

t.test('no file of any bytes does more than be refused', async (t) => {
  const attempt = attempts(t.testdir())
  for (const kind of [...KINDS, 'lvs-init'] as const) {
    for (const [what, bytes] of [
      ['binary', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0xff, 0xfe])],
      ['NUL', 'virtual=\0'],
      ['latin-1', Buffer.from('virtual=\xe4', 'latin1')],
      ['huge', 'a\n'.repeat(200_000)],
      ['a huge line', 'a'.repeat(100_000)],
    ] as const)
      t.match(
        await attempt(kind, bytes),
        { status: 2, stdout: '', stderr: /:1:1: file: expected a readable text file/ },
        what,
      )
  }
  for (const path of ['/dev/zero', '/', '/nonexistent/x'])
    t.match(await importing('--keepalived', path), {
      status: 2,
      stderr: /^\S+:1:1: file: expected a readable text file/,
    })
})

t.test('the worst of files takes seconds, not minutes', async (t) => {
  const attempt = attempts(t.testdir())
  const line = (text: string) => text.repeat(Math.floor(4000 / text.length))
  for (const [kind, text] of [
    ['keepalived', `${line('{ ')}\n`.repeat(20)],
    ['keepalived', `${line('${A}')}\n`.repeat(20)],
    ['keepalived', `$A= \\\n${'~SEQ(B,1,1000) x ${B} \\\n'.repeat(100)}\n$A\n`],
    ['keepalived', `${line('"')}\n${line("\\'")}\n`.repeat(30)],
    [
      'keepalived',
      `virtual_server_group G {\n${'10.0.0.0/24\n'.repeat(5000)}}\nvirtual_server group G {\nreal_server 1.1.1.1\n}\n`,
    ],
    ['ldirectord', `virtual=1.1.1.1:80\n${`\treal=${line('a-')}\n`.repeat(20)}`],
    ['ldirectord', `virtual=1.1.1.1:80\n${`\treal=1.1.1.1 gate ${line('" "')}\n`.repeat(20)}`],
    ['ldirectord', `virtual=${' '.repeat(4000)}x\n`.repeat(20)],
    ['ldirectord', `virtual=1.1.1.1:80\n${'\treal=10.0.0.1->10.0.0.255 masq\n'.repeat(6000)}`],
    ['mon', `hostgroup a ${line('b ')}\n`.repeat(20)],
    ['mon', `watch a\nservice b\n${`monitor ${line(' \\ ')}x\n`.repeat(20)}`],
    ['mon', Array.from({ length: 8000 }, (_, i) => `watch a${i}\nservice b\n\n`).join('')],
    ['lvs-init', `A=${line('x')}\n${`ipvsadm -A -t ${line('$A')}\n`.repeat(20)}`],
    ['lvs-init', Array.from({ length: 500 }, (_, i) => `ipvsadm -A -t 10.0.${i >> 8}.${i & 255}:80\n`).join('')],
  ] as const) {
    const result = await attempt(kind, text)
    check(result)
    t.ok(result.ms < 10_000, `${kind} ${text.slice(0, 40)} took ${result.ms} ms`)
  }
})

t.test('names that mean something to YAML are quoted, and come back as they were', async (t) => {
  const attempt = attempts(t.testdir())
  for (const word of [
    '*alias',
    '&anchor',
    '!tag',
    'a: b',
    '- x',
    'yes',
    'null',
    '0x10',
    "it's",
    '"x"',
    '%',
    '[x',
    '{y',
    '|',
    '#no',
  ]) {
    const { stdout } = await attempt(
      'mon',
      `watch http\nservice http\nmonitor x.monitor '${word.replace(/'/g, "'\"'\"'")}'\n`,
    )
    t.strictSame((parse(stdout) as { services: { check: { args: string[] } }[] }).services[0]?.check.args, [word])
  }
  const { status, stdout } = await attempt(
    'keepalived',
    'virtual_server 192.0.2.1 80 {\nprotocol TCP\nvirtualhost "a\\nservices: []"\nreal_server 192.0.2.2 80 {\nHTTP_GET {\nurl {\npath "/\\nx"\n}\n}\n}\n}\n',
  )
  t.equal(status, 3)
  t.equal(parsed(stdout).services.length, 1, 'a line feed in a name adds nothing')
})

t.test('a line break within a comment ends no comment', async (t) => {
  const attempt = attempts(t.testdir())
  for (const c of ['\r', '\u2028', '\u0085']) {
    const mon = `watch http\nservice http\ndescription a${c}stateDirectory: /tmp\nmonitor x.monitor\n`
    const cf = `virtual=192.0.2.1:80\n\treal=192.0.2.2 gate\n\tcomment=a${c}stateDirectory: /tmp\n`
    for (const { stdout } of [await attempt('mon', mon), await attempt('ldirectord', cf)]) {
      t.match(stdout, /# \S+: (hostgroup http, )?a\\u\{[\da-f]+\}stateDirectory: \/tmp\n/)
      t.notMatch(stdout, c)
      t.equal(parsed(stdout).stateDirectory, undefined)
    }
  }
})

t.test('random words of a format never throw, and what is written is valid', { timeout: 100_000 }, async (t) => {
  const attempt = attempts(t.testdir())
  const sources: Record<Kind | 'lvs-init', string> = {
    mon: `${fixtures}/seed/mon.cf`,
    'lvs-init': `${fixtures}/seed/lvs-init`,
    keepalived: `${fixtures}/keepalived/conf.d/checkers.conf`,
    ldirectord: `${fixtures}/ldirectord/ldirectord.cf`,
  }
  for (const kind of Object.keys(sources) as (keyof typeof sources)[]) {
    const lines = readFileSync(sources[kind], 'utf8').replaceAll('$VIP', '192.0.2.1').split('\n')
    const words = [...new Set(lines.flatMap((line) => line.split(/(\s+|[=:,])/)))]
    // A sound file with some lines lost, doubled, moved or changed in a word.
    const change = fc.oneof(
      fc.record({ at: fc.nat(lines.length - 1), line: fc.constant('') }),
      fc.record({ at: fc.nat(lines.length - 1), line: fc.constantFrom(...lines) }),
      fc.record({ at: fc.nat(lines.length - 1), line: fc.string({ unit: 'binary', maxLength: 20 }) }),
      fc.record({
        at: fc.nat(lines.length - 1),
        line: fc
          .array(fc.oneof(fc.constantFrom(...words), fc.integer().map(String)), { maxLength: 6 })
          .map((all) => all.join(' ')),
      }),
      fc
        .tuple(fc.nat(lines.length - 1), fc.nat(8), fc.oneof(fc.constantFrom(...words), fc.integer().map(String)))
        .map(([at, n, word]) => ({
          at,
          line: (lines[at] ?? '')
            .split(/(\s+)/)
            .map((old, i) => (i === n ? word : old))
            .join(''),
        })),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        const text = [...lines]
        for (const { at, line } of changes) text[at] = line
        check(await attempt(kind, text.join('\n')))
      }),
      { numRuns: 60 },
    )
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 400 }), async (text) => check(await attempt(kind, text))),
      { numRuns: 40 },
    )
    t.pass(kind)
  }
})
