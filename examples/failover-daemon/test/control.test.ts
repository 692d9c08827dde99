import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { cli } from '../src/cli.js'
import { ask } from '../src/control/client.js'
import { commandHandler, reloads, serversCalled } from '../src/control/commands.js'
import { listenForCommands } from '../src/control/server.js'
import { ConfigError } from '../src/parse-config.js'
import { resolved } from '../src/sources.js'
import { directorBench } from './director-bench.js'
import { parseConfig } from './judged-config.js'
import { recordingLog } from './recording-log.js'
import { config } from './tables.js'

const web = 'tcp 192.0.2.100:80'
const conf = config(['192.0.2.11', '192.0.2.12'])

/** A folder with a short name: the path of a socket has 107 bytes. */
function shortFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'control-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

/** A running director that takes commands at a socket. */
async function commanded(t: Test, readConfig = () => conf, handOver = () => Promise.resolve()) {
  const bench = directorBench()
  const director = await bench.start(conf)
  await director.find('up', '192.0.2.11:80', '192.0.2.12:80')
  const path = join(shortFolder(t), 'run', 'control.sock')
  const refused: string[] = []
  const onReload = (error: Error | undefined) => void refused.push(error === undefined ? 'reloaded' : error.message)
  const handle = commandHandler({
    director: director.director,
    handOver,
    readConfig,
    reload: reloads(director.director, onReload),
  })
  const log = recordingLog()
  const listening = await listenForCommands(path, log, handle)
  t.teardown(async () => {
    listening.close()
    await director.stop()
  })
  /** The command as it is typed. */
  async function command(...args: string[]) {
    let [stdout, stderr] = ['', '']
    const output = {
      stdout: { write: (text: string) => (stdout += text) },
      stderr: { write: (text: string) => (stderr += text) },
    }
    const status = await cli([...args, '--socket', path], output)
    return { status, stdout, stderr }
  }
  return { bench, path, refused, log, command }
}

t.test('operators drain, disable and enable servers, and see what is so', async (t) => {
  const { bench, command, log } = await commanded(t)
  t.match(await command('status'), {
    status: 0,
    stdout: /^tcp 192\.0\.2\.100:80 {2}wlc, direct {2}2 of 2 online.*\n {2}192\.0\.2\.11:80 {2}online.* weight 1 .*\n/m,
  })
  t.match(await command('disable', '192.0.2.11'), { status: 0, stdout: `${web} > 192.0.2.11:80\n`, stderr: '' })
  t.strictSame(await bench.weights(), { [web]: { '192.0.2.12:80': 1 } })
  t.match((await command('status')).stdout, /192\.0\.2\.11:80 +disabled.* out +0 active/)
  t.match(JSON.parse((await command('status', '--json')).stdout), {
    version: 1,
    services: [{ service: web, online: 1 }],
  })
  t.match(await command('enable', '192.0.2.11:80', '--service', '192.0.2.100:80'), { status: 0 })
  t.strictSame(await bench.weights(), { [web]: { '192.0.2.11:80': 1, '192.0.2.12:80': 1 } })
  t.match(
    log.lines.map(({ fields }) => fields),
    [
      { command: 'disable', server: '192.0.2.11', by: { uid: process.getuid?.(), pid: process.pid } },
      { command: 'enable', server: '192.0.2.11:80', service: '192.0.2.100:80' },
    ],
    'what changes something is logged',
  )
})

t.test('a server or service that is not there is told, status 1', async (t) => {
  const { command } = await commanded(t)
  t.match(await command('drain', 'web7'), {
    status: 1,
    stdout: '',
    stderr:
      /^ipvs-failover: expected a server of the configuration, or its address, found "web7"; see ipvs-failover status\n$/,
  })
  t.match(await command('drain', '192.0.2.11', '--service', '192.0.2.1:1'), {
    status: 1,
    stderr: /expected a service of the configuration, found "192\.0\.2\.1:1"; there is tcp 192\.0\.2\.100:80\n$/,
  })
})

t.test('plan and reload read the file anew; a wrong one is refused with its places, and changes nothing', async (t) => {
  let next = () => config(['192.0.2.11'])
  const { bench, command, refused } = await commanded(t, () => next())
  t.match(await command('plan'), { status: 0, stdout: `updateDestination ${web} > 192.0.2.12:80\n` })
  t.match(await command('reload'), { status: 0, stdout: 'reloaded\n' })
  t.strictSame(await bench.weights(), { [web]: { '192.0.2.11:80': 1 } }, 'it had no clients')
  next = () => {
    throw new ConfigError(['f.yaml:1:1: services: expected a list', 'f.yaml:2:1: more'])
  }
  for (const name of ['plan', 'reload'])
    t.match(await command(name), {
      status: 1,
      stdout: '',
      stderr: /^ipvs-failover: f\.yaml:1:1: services: .*\nf\.yaml:2:1: more\n$/,
    })
  t.match(refused, ['reloaded', /^f\.yaml:1:1: services/])
})

t.test('no daemon, status 1 and where it was looked for', async (t) => {
  let stderr = ''
  const output = { stdout: { write: () => {} }, stderr: { write: (text: string) => (stderr += text) } }
  t.equal(await cli(['status', '--socket', '/nowhere/control.sock'], output), 1)
  t.match(stderr, /^ipvs-failover: no daemon answers at \/nowhere\/control\.sock: connect ENOENT/)
})

t.test('the socket is its group’s and nobody else’s, and replaces one that was left behind', async (t) => {
  const { path } = await commanded(t)
  t.equal((statSync(path).mode & 0o777).toString(8), '660')
  t.equal((statSync(join(path, '..')).mode & 0o777).toString(8), '750')
  const left = join(shortFolder(t), 'control.sock')
  // As by a daemon that was killed.
  const bind = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['-e', bind, left])
  t.ok(statSync(left).isSocket())
  const listening = await listenForCommands(left, recordingLog(), () => Promise.resolve({ ok: true, lines: ['here'] }))
  t.match(await ask(left, { command: 'plan' }), { lines: ['here'] })
  listening.close()
  const precious = join(shortFolder(t), 'failover.yaml')
  writeFileSync(precious, 'precious')
  await t.rejects(
    listenForCommands(precious, recordingLog(), () => Promise.reject(new Error())),
    /expected a socket at .*failover\.yaml, or nothing/,
  )
  t.equal(readFileSync(precious, 'utf8'), 'precious')
  await t.rejects(
    listenForCommands(`/tmp/${'x'.repeat(108)}`, recordingLog(), () => Promise.reject(new Error())),
    /107 bytes/,
  )
})

t.test('a stranger’s words are refused, however they come', async (t) => {
  const { path } = await commanded(t)
  const said = async (text: string) => {
    const socket = createConnection(path)
    socket.write(text)
    let answer = ''
    for await (const more of socket.setEncoding('utf8')) answer += String(more)
    return answer
  }
  for (const words of [
    '\n',
    '{}\n',
    '[]\n',
    '{"command":"run"}\n',
    '{"command":"drain"}\n',
    '{"command":"plan","x":1}\n',
  ])
    t.match(JSON.parse(await said(words)), { ok: false, error: /^expected a command that this version knows/ }, words)
  t.match(JSON.parse(await said('x'.repeat(5000))), { ok: false, error: /at most 4096 bytes/ })
  const silent = createConnection(path)
  await once(silent, 'connect')
  t.match(await ask(path, { command: 'plan' }), { ok: true }, 'one that says nothing is in nobody’s way')
  silent.destroy()
})

t.test('a server is called by endpoint, address or name, in all services or in one', async (t) => {
  const given = parseConfig(
    `services:
  - { virtual: 192.0.2.100:80, forwarding: masquerade, servers: [web1, 192.0.2.12:8080], check: &check { type: tcp } }
  - { virtual: 192.0.2.100:80, protocol: udp, forwarding: masquerade, servers: [web1], check: *check }
`,
    'f.yaml',
  )
  const all = resolved(given, { names: new Map([['web1', ['192.0.2.11']]]), files: new Map() })
  const [tcp, udp] = ['tcp 192.0.2.100:80', 'udp 192.0.2.100:80']
  t.strictSame(serversCalled(all, 'web1', undefined), [`${tcp} > 192.0.2.11:80`, `${udp} > 192.0.2.11:80`])
  t.strictSame(serversCalled(all, '192.0.2.11', udp), [`${udp} > 192.0.2.11:80`])
  t.strictSame(serversCalled(all, '192.0.2.12:8080', '192.0.2.100:80'), [`${tcp} > 192.0.2.12:8080`])
  t.throws(
    () => serversCalled(all, '192.0.2.12', udp),
    /expected a server of udp 192\.0\.2\.100:80, found "192\.0\.2\.12"/,
  )
})

t.test('an operator hands the VIPs over, or hears why not', async (t) => {
  const { command } = await commanded(t)
  t.strictSame(await command('handover'), { status: 0, stdout: 'handed over\n', stderr: '' })
  const refused = () => Promise.reject(new Error('expected the director that has the VIPs: this one is backup'))
  const { command: refusedCommand } = await commanded(t, undefined, refused)
  t.strictSame(await refusedCommand('handover'), {
    status: 1,
    stdout: '',
    stderr: 'ipvs-failover: expected the director that has the VIPs: this one is backup\n',
  })
})
