import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type ScriptOptions, programLimit, script } from '../../lib/health/index.js'
import { gone, lineOf, programFolder, until } from './programs.js'

const here = { address: '127.0.0.1', port: 8080 }
if (!existsSync('/usr/bin/setpriv')) t.test('programs', { skip: 'setpriv of util-linux is missing' }, () => {})
else {
  const { folder, write } = programFolder(t)
  const seconds = 60
  const run = (command: readonly string[], options: Partial<ScriptOptions> = {}, ms = seconds * 1000, target = here) =>
    script({ command, summary: true, ...options })(target, AbortSignal.timeout(ms))
  const status = write('status', '#!/bin/sh\necho word "$1"\nexit "$1"\n')

  t.test('at the deadline the whole group ends, whatever it ignores, while the check has settled', async (t) => {
    for (const [name, leader] of [
      ['obedient', ''],
      ['stubborn', "trap '' TERM"],
    ] as const) {
      const pids = join(folder, `${name}.pids`)
      const program = write(
        name,
        `#!/bin/sh\n${leader}\n(trap '' TERM; exec sleep 1000) &\necho $$ $! >${pids}\nwhile :; do wait; done\n`,
      )
      const controller = new AbortController()
      const verdict = script({ command: [program], summary: true })(here, controller.signal)
      const [first = '', second = ''] = (await lineOf(pids)).split(' ')
      controller.abort(new DOMException('', 'TimeoutError'))
      t.same(await verdict, { outcome: 'fail', reason: 'timeout' })
      if (name === 'stubborn') t.ok(process.kill(Number(first), 0), 'settled before its end')
      await Promise.all([gone(Number(first)), gone(Number(second))])
    }
  })

  t.test('what a program leaves behind in its group is killed', async (t) => {
    const pid = join(folder, 'left.pid')
    const program = write('leaves', `#!/bin/sh\n(trap '' TERM HUP; exec sleep 1000) &\necho $! >${pid}\nexit 1\n`)
    t.same(await run([program]), { outcome: 'fail', reason: 'exit', detail: 'exit status 1' })
    await gone(Number(await lineOf(pid)))
  })

  t.test('who leaves the group and holds the output open delays no verdict', async (t) => {
    const pid = join(folder, 'away.pid')
    const program = write(
      'away',
      `#!/bin/sh\nsetsid sh -c 'echo $$ >${pid}; exec sleep 1000' &\nuntil [ -s ${pid} ]; do :; done\nexit 4\n`,
    )
    t.match(await run([program]), { outcome: 'fail', detail: 'exit status 4' })
    process.kill(Number(await lineOf(pid)), 'SIGKILL')
  })

  const root = process.getuid?.() === 0 ? false : 'only root has privileges to lose'
  const privileges = write(
    'privileges',
    `#!/bin/sh\necho $(grep -E '^(Cap|NoNew|Groups)' /proc/self/status | tr -d '\\t')\nexit 1\n`,
  )
  const none = '0{16}'
  const nothing = `Groups: CapInh:${none} CapPrm:${none} CapEff:${none} CapBnd:${none} CapAmb:${none} NoNewPrivs:1$`

  t.test('no capability is left to a program of root, nor is one in its bounding set', { skip: root }, async (t) => {
    t.match(await run([privileges]), { detail: new RegExp(nothing.replace('Groups:', 'Groups:.*')) })
    t.match(await run([privileges], { user: 'nobody' }), { detail: new RegExp(nothing) })
    t.match(await run([write('id', '#!/bin/sh\necho $(id -u) $(id -g)\nexit 1\n')], { user: 'nobody' }), {
      detail: /: 65534 65534$/,
    })
  })

  t.test('no capability is left to a program of a user who has ambient ones', { skip: root }, async (t) => {
    const code = `import { script } from 'ipvs/health'
      const run = (options) => script({ command: ['${privileges}'], summary: true, ...options })({ address: '::1', port: 1 }, AbortSignal.timeout(60000))
      console.log(JSON.stringify([await run({}), await run({ user: 'nobody' }), await run({ user: 'daemon' })]))`
    const caps = '+net_admin,+net_raw'
    const user = ['--reuid=65534', '--regid=65534', '--clear-groups', `--inh-caps=${caps}`, `--ambient-caps=${caps}`]
    const child = spawnSync('setpriv', [...user, process.execPath, '--input-type=module', '-e', code], {
      encoding: 'utf8',
    })
    t.equal(child.stderr, '')
    const [same, named, other] = JSON.parse(child.stdout) as unknown[]
    const empty = { detail: new RegExp(nothing.replace(`CapBnd:${none}`, 'CapBnd:[\\da-f]{16}')) }
    t.match(same, empty)
    t.match(named, empty, 'to name oneself changes nothing')
    t.match(other, { outcome: 'inconclusive', detail: /^setpriv failed: .*not permitted/ })
  })

  t.test('a program does not outlive us, even if we are killed', async () => {
    const pid = join(folder, 'orphan.pid')
    const program = write('orphan', `#!/bin/sh\necho $$ >${pid}\nexec sleep 1000\n`)
    const code = `import { script } from 'ipvs/health'
      await script({ command: ['${program}'] })({ address: '::1', port: 1 }, new AbortController().signal)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' })
    const orphan = Number(await lineOf(pid))
    child.kill('SIGKILL')
    await once(child, 'exit')
    await gone(orphan)
  })

  t.test('no more programs run at once than may, over all checks that share a limit', async (t) => {
    const log = join(folder, 'log')
    const program = write('logs', `#!/bin/sh\necho + >>${log}\nsleep 0.1\necho - >>${log}\n`)
    const limit = programLimit(2)
    const checks = [script({ command: [program], limit }), script({ command: [program, 'other'], limit })]
    await Promise.all(
      [...checks, ...checks, ...checks].map((check) => check(here, AbortSignal.timeout(seconds * 1000))),
    )
    let running = 0
    const counts = readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((sign) => (running += sign === '+' ? 1 : -1))
    t.equal(counts.length, 12)
    t.equal(Math.max(...counts), 2)
  })

  t.test('a check that waits for others for too long is no failure of its target', async (t) => {
    const limit = programLimit(1)
    const asleep = [write('asleep', '#!/bin/sh\nexec sleep 1000\n')]
    const begun = join(folder, 'begun')
    const signs = write('signs', '#!/bin/sh\necho >$1\nexec sleep 1000\n')
    const holder = new AbortController()
    const held = script({ command: asleep, limit })(here, holder.signal)
    const late = new AbortController()
    const second = script({ command: [signs, begun], limit })(here, late.signal)
    t.match(await run(asleep, { limit }, 500), {
      outcome: 'inconclusive',
      detail: /^not begun: 1 programs run at once/,
    })
    holder.abort()
    t.match(await held, { outcome: 'inconclusive', detail: 'the check was withdrawn' })
    await lineOf(begun)
    late.abort(new DOMException('', 'TimeoutError'))
    t.match(await second, { outcome: 'inconclusive', detail: /^begun late: 1 programs/ })
    t.match(await run([status, '0'], { limit }), { outcome: 'pass' }, 'and then there is room again')
  })

  t.test('200 runs leave no process and no descriptor', async (t) => {
    const pids = join(folder, 'pids')
    const program = write(
      'litter',
      `#!/bin/sh\n(trap '' TERM; exec sleep 1000) &\necho $$ $! >>${pids}\nexit $(($$ % 2))\n`,
    )
    const check = script({ command: [program], summary: true })
    await check(here, AbortSignal.timeout(seconds * 1000))
    const descriptors = () => readdirSync('/proc/self/fd').length
    const before = descriptors()
    await Promise.all(Array.from({ length: 200 }, () => check(here, AbortSignal.timeout(seconds * 1000))))
    const left = readFileSync(pids, 'utf8').trim().split(/\s/).map(Number)
    t.equal(left.length, 402)
    await Promise.all(left.map(gone))
    t.equal(await until(() => (descriptors() <= before ? descriptors() : undefined)), before)
  })

  const prlimit = (...options: string[]): string | null =>
    spawnSync('prlimit', ['--pid', String(process.pid), ...options], { encoding: 'utf8' }).stdout
  const most = prlimit('--nofile', '--noheadings', '--raw', '--output', 'SOFT')?.trim()

  t.test('no free file descriptor is inconclusive', { skip: most ? false : 'prlimit is missing' }, async (t) => {
    const check = script({ command: [status, '1'], summary: true })
    await check(here, AbortSignal.timeout(seconds * 1000))
    prlimit('--nofile=256:')
    const taken: number[] = []
    try {
      for (;;) taken.push(openSync('/dev/null', 'r'))
    } catch {
      t.match(await check(here, AbortSignal.timeout(seconds * 1000)), { outcome: 'inconclusive', detail: /EMFILE/ })
      t.match(await run([status, '1']), { outcome: 'inconclusive' })
    } finally {
      for (const descriptor of taken) closeSync(descriptor)
      prlimit(`--nofile=${most}:`)
    }
    t.match(await check(here, AbortSignal.timeout(seconds * 1000)), {
      outcome: 'fail',
      detail: 'exit status 1: word 1',
    })
  })
}
