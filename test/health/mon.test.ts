import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type MonMonitorOptions, monMonitor } from '../../lib/health/index.js'
import { programFolder } from './programs.js'

const here = { address: '127.0.0.1', port: 8080 }
if (!existsSync('/usr/bin/setpriv')) t.test('programs', { skip: 'setpriv of util-linux is missing' }, () => {})
else {
  const { folder, write } = programFolder(t)
  const run = (options: Omit<MonMonitorOptions, 'directories'>, target = here, directories = [folder], ms = 60_000) =>
    monMonitor({ directories, ...options })(target, AbortSignal.timeout(ms))

  t.test('a monitor gets its words and one host, and what Mon gives it in its environment', async (t) => {
    const out = join(folder, 'out')
    write('echo.monitor', `#!/bin/sh\necho "$#:$*:$MON_STATEDIR:$MON_LOGDIR:$MON_CFBASEDIR:$MON_GROUP:$PATH" >${out}\n`)
    const seen = async (options: Partial<MonMonitorOptions>) => {
      t.same(await run({ monitor: 'echo.monitor', ...options }), { outcome: 'pass' })
      return readFileSync(out, 'utf8').trim()
    }
    const rest = '/var/lib/mon:/var/log/mon:/etc/mon::/usr/bin:/bin'
    t.equal(await seen({}), `1:127.0.0.1:${rest}`)
    t.equal(await seen({ args: ['-p', '{port}', 'a b'] }), `4:-p 8080 a b 127.0.0.1:${rest}`)
    t.equal(await seen({ args: ['-x', ';;'] }), `1:-x:${rest}`, ';; and no host follows')
    const environment = { MON_GROUP: 'web', MON_LOGDIR: '/log' }
    t.equal(await seen({ environment }), '1:127.0.0.1:/var/lib/mon:/log:/etc/mon:web:/usr/bin:/bin')
  })

  t.test('a failure tells the summary, death by signal and a monitor that is missing are inconclusive', async (t) => {
    write('bad.monitor', '#!/bin/sh\necho 127.0.0.1\necho HOST 127.0.0.1: what the server said\nexit 9\n')
    t.same(await run({ monitor: 'bad.monitor' }), {
      outcome: 'fail',
      reason: 'exit',
      detail: 'exit status 9: 127.0.0.1',
    })
    t.match(await run({ monitor: 'bad.monitor', summary: false }), { detail: 'exit status 9' })
    write('dies.monitor', '#!/bin/sh\nkill -KILL $$\n')
    t.match(await run({ monitor: 'dies.monitor' }), { outcome: 'inconclusive', detail: 'killed by SIGKILL' })
    t.match(await run({ monitor: 'none.monitor' }), {
      outcome: 'inconclusive',
      detail: `none.monitor is in none of ${folder}`,
    })
    t.match(await run({ monitor: 'bad.monitor' }, here, ['/none', folder]), { outcome: 'fail' })
  })

  t.test('an option that is none', async (t) => {
    const wrong = (options: unknown, message: RegExp) =>
      t.throws(() => monMonitor(options as MonMonitorOptions), { message })
    for (const monitor of ['../x', '/bin/id', '-x', '.x', '', 7]) {
      wrong({ monitor }, /^options.monitor: expected the name of a monitor, without a folder/)
    }
    wrong({ monitor: 'x', args: '-p' }, /^options.args: expected an array/)
    wrong({ monitor: 'x', directories: [] }, /^options.directories: expected at least one absolute path/)
    wrong({ monitor: 'x', directories: ['mon.d'] }, /^options.directories\[0\]: expected an absolute path/)
    wrong({ monitor: 'x', directories: '/x' }, /^options.directories: expected an array/)
  })
}
