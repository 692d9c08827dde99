/** A configuration whose services are in Debian's etcd: as it changes, goes wrong, and cannot be reached. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { cli } from '../src/cli.js'
import { openConfiguration } from '../src/configuration.js'
import type { Config } from '../src/config.js'
import { folderOf, freePort, member, until } from './etcd-members.js'
import { recordingLog } from './recording-log.js'

const web = (port: number, scheduler = 'wlc') =>
  `virtual: 192.0.2.100:${port}\nscheduler: ${scheduler}\nforwarding: direct\nservers: [192.0.2.11]\ncheck: { type: tcp }\n`
const ports = ({ services }: Config) => services.map(({ spec }) => `${spec.port} ${spec.scheduler}`)

/** A file that names that etcd. */
async function fileOf(t: Test, port: number, more = '') {
  const folder = await folderOf(t)
  const file = join(folder, 'failover.yaml')
  writeFileSync(file, `config: etcd://127.0.0.1:${port}\nstateDirectory: ${folder}\n${more}`)
  return { folder, file }
}

/** Opens it, and closes it when the test ends. */
async function opened(t: Test, file: string) {
  const log = recordingLog()
  const configuration = await openConfiguration(file, log)
  const { shared } = configuration
  if (shared === undefined) throw new Error('expected etcd')
  const ending = new AbortController()
  let changes = 0
  const following = shared.follow(() => changes++, ending.signal)
  const close = async () => {
    ending.abort()
    await following
    await shared.etcd.close()
  }
  t.teardown(close)
  return { configuration, shared, log, close, changed: (n: number) => until(`change ${n}`, () => changes >= n, 10_000) }
}

t.test('a put is heard, a bad value is told by its key, and what was taken outlives etcd', async (t) => {
  const etcd = await member(t)
  await etcd.put('/ipvs/services/web', web(80))
  const { file, folder } = await fileOf(t, etcd.port)
  const first = await opened(t, file)
  t.strictSame(ports(first.configuration.first), ['80 wlc'])
  await first.configuration.taken(first.configuration.first)
  await etcd.put('/ipvs/services/more', web(81))
  await first.changed(1)
  const taken = first.shared.again()
  t.strictSame(ports(taken), ['81 wlc', '80 wlc'])
  await first.configuration.taken(taken)
  await etcd.put('/ipvs/services/more', web(81).replace('tcp', 'script'))
  await first.changed(2)
  t.throws(() => first.shared.again(), {
    message: /^etcd:\/ipvs\/services\/more:5:16: check\.type: expected .*"script"$/,
  })
  t.throws(() => first.configuration.read(), { message: /services\/more:5:16/ })
  await first.close()

  const second = await opened(t, file)
  t.match(second.shared.refused, /services\/more:5:16/)
  t.strictSame(ports(second.configuration.first), ['81 wlc', '80 wlc'], 'what was taken last')
  await second.close()
  await etcd.stop('SIGKILL')

  const third = await opened(t, file)
  t.equal(third.shared.refused, undefined)
  t.strictSame(ports(third.configuration.first), ['81 wlc', '80 wlc'])
  t.match(third.shared.problems, [/^etcd cannot be read, the last configuration holds: http:\/\/127\.0\.0\.1/])
  await etcd.start()
  await third.changed(1)
  t.strictSame(third.shared.problems, [])
  await etcd.put('/ipvs/services/more', web(81, 'rr'))
  await third.changed(2)
  t.strictSame(ports(third.shared.again()), ['81 rr', '80 wlc'])
  await third.close()

  const damaged = readFileSync(join(folder, 'etcd.json'), 'utf8').replace('.100:80', '.100:90')
  writeFileSync(join(folder, 'etcd.json'), damaged)
  await etcd.stop('SIGKILL')
  await t.rejects(openConfiguration(file, recordingLog()), {
    message: /expected an answer of etcd, or what it had before/,
  })
})

t.test('the file counts as it was taken, until it is read anew; another etcd needs a restart', async (t) => {
  const etcd = await member(t)
  await etcd.put('/ipvs/services/web', web(80))
  const { file, folder } = await fileOf(t, etcd.port)
  const { configuration, shared } = await opened(t, file)
  const head = `config: etcd://127.0.0.1:${etcd.port}\nstateDirectory: ${folder}\n`
  writeFileSync(file, `${head}reconcile: 1s\n`)
  t.equal(shared.again().reconcileMs, 5000)
  const anew = configuration.read()
  t.equal(anew.reconcileMs, 1000)
  t.equal(shared.again().reconcileMs, 5000, 'what was read may be refused')
  await configuration.taken(anew)
  t.equal(shared.again().reconcileMs, 1000)
  writeFileSync(file, head.replace(/:\d+\n/, ':1\n'))
  t.throws(() => configuration.read(), { message: /config: expected the same as at the start of the daemon/ })
})

t.test('check-config: what etcd has, and what is to be put there', async (t) => {
  const etcd = await member(t)
  const { file, folder } = await fileOf(t, etcd.port)
  const service = join(folder, 'web.yaml')
  writeFileSync(service, web(80))
  async function check(...words: readonly string[]) {
    let [stdout, stderr] = ['', '']
    const output = {
      stdout: { write: (text: string) => (stdout += text) },
      stderr: { write: (text: string) => (stderr += text) },
    }
    const status = await cli(['check-config', '-c', file, ...words], output)
    return { status, stdout: stdout.replace(file, 'FILE'), stderr: stderr.replace(service, 'SERVICE') }
  }
  t.match(await check('--service', `web=${service}`), { status: 0, stdout: 'FILE: ok, 1 service, 1 server\n' })
  await etcd.put('/ipvs/services/web', web(80))
  t.match(await check(), { status: 0, stdout: 'FILE: ok, 1 service, 1 server\n', stderr: '' })
  t.match(await check('--service', `web=${service}`), { status: 0 }, 'in place of what is there')
  t.match(await check('--service', `other=${service}`), {
    status: 2,
    stderr: /^SERVICE:1:10: virtual: expected each service once/,
  })
  writeFileSync(service, web(80).replace('direct', 'drect'))
  t.match(await check('--service', `web=${service}`), {
    status: 2,
    stderr: /^SERVICE:3:13: forwarding: expected direct/,
  })
  t.match(await check('--service', 'web'), { status: 2, stderr: /--service: expected NAME=FILE/ })
  await etcd.put('/ipvs/services/web', 'x')
  t.match(await check(), { status: 2, stderr: /^etcd:\/ipvs\/services\/web:1:1: / })
  await etcd.stop()
  t.match(await check(), { status: 1, stderr: /expected an answer of etcd/ })
})

t.test('without etcd there is the file alone', async (t) => {
  const folder = await folderOf(t)
  const file = join(folder, 'failover.yaml')
  writeFileSync(file, `services:\n  - ${web(80).trim().replaceAll('\n', '\n    ')}\n`)
  const configuration = await openConfiguration(file, recordingLog())
  t.equal(configuration.shared, undefined)
  t.strictSame(ports(configuration.read()), ['80 wlc'])
  writeFileSync(file, `config: etcd://127.0.0.1:${await freePort()}\n`)
  t.throws(() => configuration.read(), { message: /config: expected the same as at the start/ })
})

t.test('who names no etcd loads nothing that asks it', async (t) => {
  const built = resolve('examples/failover-daemon/dist/commands/run.js')
  const program = `import { createRequire } from 'node:module'
    await import(process.argv[1])
    const loaded = Object.keys(createRequire(import.meta.url).cache)
    console.log(loaded.some((file) => file.includes('/pino/')), loaded.some((file) => file.includes('/undici/')))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program, built], {
    encoding: 'utf8',
  })
  t.equal(stdout, 'true false\n', stderr)
})
