import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { type MonMonitorOptions, monMonitor } from '../../lib/health/index.js'
import { gone, lineOf, programFolder } from './programs.js'
import { refusing, startServer } from './servers.js'

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

  // rig/setup test unpacks it there.
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'ipvs-rig/mon/usr/lib/mon/mon.d')
  const debian = ['/usr/lib/mon/mon.d', cache].find((path) => existsSync(join(path, 'http.monitor')))
  const skip = debian !== undefined ? false : "Debian's package mon is not here: rig/setup test fetches it"
  const real = (monitor: string, port: number, args = ['-p', '{port}'], ms = 60_000) =>
    run({ monitor, args }, { address: '127.0.0.1', port }, [debian ?? folder], ms)
  const down = { outcome: 'fail', reason: 'exit', detail: 'exit status 1: 127.0.0.1' }
  const hung = { outcome: 'fail', reason: 'timeout' }

  async function site(t: Test): Promise<number> {
    const server = createServer((request, response) => response.writeHead(request.url === '/' ? 200 : 500).end('hello'))
    t.teardown(() => server.close())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return (server.address() as AddressInfo).port
  }

  t.test("Debian's monitors pass, fail and hang as they do with Mon", { skip }, async (t) => {
    const web = await site(t)
    const { port: closed } = await refusing(t)
    const { port: silent } = await startServer(t)
    const answer = (text: string) => (socket: { write: (text: string) => unknown }) => socket.write(text)
    const ftp = await startServer(
      t,
      (socket) => {
        socket.write('220 ftp\r\n')
        socket.once('data', () => socket.end('221 bye\r\n'))
      },
      { when: 'connection' },
    )
    const mail = await startServer(
      t,
      (socket) => {
        answer('220 mail ESMTP\r\n')(socket)
        socket.on('data', (data) => socket.write(data.toString().startsWith('QUIT') ? '221 bye\r\n' : '250 ok\r\n'))
      },
      { when: 'connection' },
    )

    t.same(await real('http.monitor', web), { outcome: 'pass' })
    t.same(await real('http.monitor', web, ['-p', '{port}', '-u', '/broken']), down)
    t.same(await real('http.monitor', web, ['-p', '{port}', '-u', '/broken', '-m', 'hello']), { outcome: 'pass' })
    t.same(await real('tcp.monitor', web), { outcome: 'pass' })
    t.same(await real('ftp.monitor', ftp.port), { outcome: 'pass' })
    t.same(await real('smtp3.monitor', mail.port, ['--port', '{port}']), { outcome: 'pass' })
    for (const [monitor, option] of [
      ['http.monitor', '-p'],
      ['tcp.monitor', '-p'],
      ['ftp.monitor', '-p'],
      ['smtp3.monitor', '--port'],
    ] as const) {
      t.match(await real(monitor, closed, [option, '{port}']), down, monitor)
      if (monitor !== 'tcp.monitor') t.same(await real(monitor, silent, [option, '{port}'], 1000), hung, monitor)
    }
  })

  t.test("Debian's http.monitor, killed: no success, as Mon has it, and no failure", { skip }, async (t) => {
    const pid = join(folder, 'pid')
    write('wrapped.monitor', `#!/bin/sh\necho $$ >${pid}\nexec ${debian}/http.monitor "$@"\n`)
    const { port } = await startServer(t)
    const verdict = run({ monitor: 'wrapped.monitor', args: ['-p', '{port}'] }, { address: '127.0.0.1', port })
    const running = Number(await lineOf(pid))
    process.kill(running, 'SIGKILL')
    t.same(await verdict, { outcome: 'inconclusive', reason: 'local', detail: 'killed by SIGKILL' })
    await gone(running)
  })
}
