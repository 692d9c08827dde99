import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type ScriptOptions, script } from '../../lib/health/index.js'
import { programFolder } from './programs.js'

/** Whether a descriptor of ours closes when another program is run. */
function isOurs(descriptor: string): boolean {
  try {
    const flags = /^flags:\t(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1]
    return (parseInt(flags ?? '0', 8) & 0o2000000) !== 0
  } catch {
    return true
  }
}

const here = { address: '127.0.0.1', port: 8080 }
if (!existsSync('/usr/bin/setpriv')) t.test('programs', { skip: 'setpriv of util-linux is missing' }, () => {})
else {
  const { folder, write } = programFolder(t)
  const seconds = 60
  const run = (command: readonly string[], options: Partial<ScriptOptions> = {}, ms = seconds * 1000, target = here) =>
    script({ command, summary: true, ...options })(target, AbortSignal.timeout(ms))
  const status = write('status', '#!/bin/sh\necho word "$1"\nexit "$1"\n')

  t.test(
    'exit status 0 passes, another fails, and what is printed is told only if the program speaks for itself',
    async (t) => {
      t.same(await run([status, '0']), { outcome: 'pass' })
      t.same(await run([status, '3']), { outcome: 'fail', reason: 'exit', detail: 'exit status 3: word 3' })
      t.same(await run([status, '3'], { summary: false }), { outcome: 'fail', reason: 'exit', detail: 'exit status 3' })
    },
  )

  t.test('a status may be a weight', async (t) => {
    const weight = (code: string) => run([status, code], { weightFromStatus: true, summary: false })
    t.same(await weight('0'), { outcome: 'pass' })
    t.same(await weight('1'), { outcome: 'fail', reason: 'exit', detail: 'exit status 1' })
    t.same(await weight('2'), { outcome: 'pass', weight: 0 })
    t.same(await weight('255'), { outcome: 'pass', weight: 253 })
    t.match(await weight('127'), { outcome: 'inconclusive' })
  })

  t.test('what says nothing of the target is inconclusive', async (t) => {
    const local = (detail: string | RegExp) => ({ outcome: 'inconclusive', reason: 'local', detail }) as const
    t.same(await run([write('killed', '#!/bin/sh\nkill -SEGV $$\n')]), local('killed by SIGSEGV'))
    t.same(await run([join(folder, 'none')]), local(`${folder}/none does not exist`))
    t.match(await run([write('bad', '#!/no/such/interpreter\n')]), local(/cannot be run: exit status 127/))
    t.match(await run([status, '126']), local(/cannot be run: exit status 126/))
    t.match(await run([status, '0'], { user: 'no-such-user' }), local(/not in \/etc\/passwd/))
    t.match(await run([status, 'x'.repeat(200_000)]), local(/E2BIG/))
    t.match(await script({ command: [status, '0'] })(here, AbortSignal.abort()), { outcome: 'inconclusive' })
    t.equal(script({ command: [join(folder, 'none')] }).problem(), `${folder}/none does not exist`)
    t.equal(script({ command: [status] }).problem(), undefined)
  })

  t.test('words are passed as they are, whole placeholders filled', async (t) => {
    const words = [
      'a b',
      '$(id)',
      '`id`',
      '"',
      "'",
      '\\',
      '*',
      '-rf',
      '--',
      ';;',
      '',
      'ü\n',
      '{host}',
      '{address}',
      '{port}',
    ]
    const out = join(folder, 'argv')
    const argv = write('argv-writer', `#!/bin/sh\nprintf '%s\\0' "$@" >${out}\necho >>${out}\n`)
    t.same(await run([argv, ...words], {}, seconds * 1000, { address: '2001:db8::1', port: 65535 }), {
      outcome: 'pass',
    })
    t.same(readFileSync(out, 'utf8').split('\0'), [...words.slice(0, -2), '2001:db8::1', '65535', '\n'])
  })

  t.test('the environment is what is documented, the folder /, the input empty, no descriptor else', async (t) => {
    process.env['NODE_OPTIONS'] = '--no-warnings'
    process.env['IPVS_TEST_SECRET'] = 'secret'
    t.teardown(() => {
      delete process.env['NODE_OPTIONS']
      delete process.env['IPVS_TEST_SECRET']
    })
    const out = join(folder, 'environment')
    const look = write(
      'look',
      `#!/bin/sh
( tr '\\0' '\\n' </proc/$$/environ; readlink /proc/$$/cwd /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2
ls /proc/$$/fd | tr '\\n' ' '; echo; cut -d' ' -f1,5,6 /proc/$$/stat ) >${out}
`,
    )
    const options = { summary: false, environment: { HTTP_PROXY: 'a b', LANG: 'C.UTF-8' } }
    // What our own parent leaves open for us and for ours is not ours to close.
    const given = readdirSync('/proc/self/fd').filter((name) => !isOurs(name))
    // With where shells keep the script that they read.
    const usual = ['0', '1', '2', '10', '255']
    t.same(await run([look], options), { outcome: 'pass' })
    const lines = readFileSync(out, 'utf8').trimEnd().split('\n')
    const [descriptors = '', group = ''] = lines.splice(9)
    t.same(lines, [
      'PATH=/usr/bin:/bin',
      'LANG=C.UTF-8',
      'HTTP_PROXY=a b',
      'IPVS_ADDRESS=127.0.0.1',
      'IPVS_PORT=8080',
      '/',
      '/dev/null',
      '/dev/null',
      '/dev/null',
    ])
    const strange = descriptors
      .trim()
      .split(' ')
      .filter((name) => !given.includes(name))
    t.same(
      strange.filter((name) => !usual.includes(name)),
      [],
    )
    t.match(group, /^(\d+) \1 \1$/, 'a group and a session of its own')
  })

  t.test('a flood is cut off, and what is told is one short printable line', async (t) => {
    const before = process.memoryUsage().rss
    t.match(await run([write('flood', '#!/bin/sh\nexec cat /dev/zero\n')]), {
      detail: 'killed: it printed more than 1048576 bytes',
    })
    t.ok(process.memoryUsage().rss - before < 100e6)
    const noisy = write('noisy', `#!/bin/sh\nprintf '\\033[31mred\\303 %0900d\\nsecond\\n' 0\nexit 1\n`)
    const { detail = '' } = (await run([noisy])) as { detail?: string }
    t.match(detail, /^exit status 1: {1,2}\[31mred\ufffd 0+$/)
    t.equal(detail.length, 200)
    t.match(await run([write('errs', '#!/bin/sh\necho why >&2\nexit 1\n')]), { detail: 'exit status 1: why' })
    t.match(await run([write('both', '#!/bin/sh\necho warning >&2\necho what\nexit 1\n')]), {
      detail: 'exit status 1: what',
    })
  })

  t.test('an option that is none', async (t) => {
    const wrong = (options: unknown, message: RegExp) => t.throws(() => script(options as ScriptOptions), { message })
    wrong({ command: 'id' }, /^options.command: expected an array of strings, found 'id'/)
    wrong({ command: [] }, /^options.command\[0\]: expected the absolute path of a program, found undefined/)
    wrong({ command: ['id'] }, /^options.command\[0\]: expected the absolute path of a program, found 'id'/)
    wrong({ command: ['/bin/id', 'a\0b'] }, /^options.command\[1\]: expected a text without the character 0/)
    wrong({ command: ['/bin/id', 7] }, /^options.command\[1\]/)
    wrong(
      { command: ['/bin/id', 'http://{address}/'] },
      /^options.command\[1\]: expected \{address\} and \{port\} as whole words/,
    )
    wrong({ command: ['/bin/id'], user: '-x' }, /^options.user: expected the name of a user/)
    wrong(
      { command: ['/bin/id'], environment: { LD_PRELOAD: '/x' } },
      /^options.environment: expected names of variables/,
    )
    wrong(
      { command: ['/bin/id'], environment: { IPVS_PORT: '1' } },
      /^options.environment: expected names of variables/,
    )
    wrong({ command: ['/bin/id'], environment: { A: 1 } }, /^options.environment.A: expected a text/)
    wrong({ command: ['/bin/id'], environment: 'A=1' }, /^options.environment: expected an object/)
    wrong({ command: ['/bin/id'], limit: 7 }, /^options.limit: expected what programLimit\(\) gives, found 7/)
    wrong({ command: ['/bin/id'], weightFromStatus: 1 }, /^options.weightFromStatus: expected true or false/)
    wrong({ command: ['/bin/id'], summary: 1 }, /^options.summary: expected true or false/)
    wrong({ command: ['/bin/id'], shell: true }, /^options: expected one of the fields command, .*found 'shell'/)
  })
}
