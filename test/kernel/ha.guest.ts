/** One of two directors on a real kernel: its sync daemons follow the role, and the track file says how it is. keepalived is the test. */
import { closeSync, constants, existsSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { failoverYaml, openDirector, startDaemon, writeConfig } from '../../rig/cluster.js'
import { createLan, type Host } from '../../rig/lan.js'
import { run } from './namespace.js'

const lan = await createLan({ reals: 1 })
t.teardown(() => lan.close())
const [director] = lan.directors as [Host]
const check = { intervalMs: 1000, fastMs: 200, timeoutMs: 500, fall: 3 }
const stallMs = 3000
const { stdout } = await run('ip', ['-n', director.namespace, '-o', 'address', 'show', 'to', director.ipv4])
const [, device = ''] = /^\d+: (\S+)/.exec(stdout) ?? []

const config = await writeConfig(failoverYaml(lan, check))
const folder = dirname(config)
const runDirectory = join(folder, 'run')
const yaml = `${readFileSync(config, 'utf8')}
controlSocket: ${folder}/control.sock
page: false
ha: { interface: ${device}, routerId: 51, grace: 2s, stall: ${stallMs}ms, runDirectory: ${runDirectory} }
`
const file = await writeConfig(yaml.replace(/^stateDirectory: .*\n/, ''))
const ipvs = await openDirector(director)
t.teardown(() => ipvs.close())

/** Waits for it, and gives the milliseconds that it took. */
async function until(what: () => unknown, withinMs = 60_000): Promise<number> {
  const began = performance.now()
  while (!(await what())) {
    if (performance.now() - began > withinMs) throw new Error(`not within ${withinMs} ms: ${what.toString()}`)
    await sleep(20)
  }
  return performance.now() - began
}

const standing = () => {
  const path = join(runDirectory, 'standing')
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined
}
const daemons = async () =>
  (await ipvs.syncDaemons()).map(({ role, interface: on, syncId }) => `${role} ${on} ${syncId}`)
const [master, backup] = [`master ${device} 51`, `backup ${device} 51`]
const runs = (expected: string) => async () => (await daemons()).join() === expected

let daemon = startDaemon(lan, director, file)
const fifo = join(runDirectory, 'vrrp.fifo')
await until(() => existsSync(fifo))
const end = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK)
t.teardown(() => closeSync(end))
const say = (word: string) => writeSync(end, `INSTANCE "ipvs_failover" ${word} 120\n`)

t.test('a backup receives, and a master sends', async (t) => {
  say('BACKUP')
  await until(runs(backup))
  await until(() => standing() === '-1')
  await until(() => standing() === '0')
  t.pass('after the grace time it is ready')
  say('MASTER')
  const tookMs = await until(runs(master))
  t.ok(tookMs < 2000, `${Math.round(tookMs)} ms`)
})

t.test('a sync daemon that somebody stops, or makes another one of, is as it should be again', async (t) => {
  await ipvs.stopSyncDaemon('master')
  await until(runs(master))
  await ipvs.stopSyncDaemon('master')
  await ipvs.startSyncDaemon({ role: 'master', interface: 'lo', syncId: 7 }).catch(() => {})
  await until(runs(master))
  t.pass('again')
})

t.test("a mixed tunnel of somebody else's is a problem with a name", async (t) => {
  const service = { protocol: 'tcp', address: '198.51.100.7', port: 80 } as const
  const destination = { address: '2001:db8::7', port: 80, forwarding: 'tunnel' } as const
  const from = daemon.entries.length
  await ipvs.addService({ ...service, scheduler: 'rr' })
  // The kernel refuses this while a daemon runs, and ours comes back within a second.
  await until(async () => {
    await ipvs.stopSyncDaemon('master').catch(() => {})
    return ipvs.addDestination(service, destination).then(
      () => true,
      () => false,
    )
  })
  t.match(await daemon.first(({ msg }) => msg.includes('sync daemon cannot run'), from), { msg: /other family\?$/ })
  await ipvs.removeService(service)
  await until(runs(master))
})

t.test('a daemon that is stopped is sick within stall, and well again when it goes on', async (t) => {
  await until(() => standing() === '0')
  process.kill(daemon.pid, 'SIGSTOP')
  const tookMs = await until(() => standing() === '-2')
  t.ok(tookMs < stallMs + 1500, `${Math.round(tookMs)} ms`)
  process.kill(daemon.pid, 'SIGCONT')
  await until(() => standing() === '0')
})

t.test('kill -9, and a start anew, change nothing: neither the file nor the sync daemon', async (t) => {
  const seen = new Set<string | undefined>()
  let running = true
  const watching = (async () => {
    while (running) {
      seen.add(standing())
      for (const name of await daemons()) seen.add(name)
      await sleep(20)
    }
  })()
  // Its VIP is what tells the next one, before keepalived says anything.
  const vip = `${lan.direct.vip.ipv4}/32`
  await run('ip', ['-n', director.namespace, 'address', 'replace', vip, 'dev', device])
  await daemon.end('SIGKILL')
  daemon = startDaemon(lan, director, file)
  await daemon.first(({ msg }) => msg === 'director is master')
  await daemon.first(({ msg }) => msg === 'standing changed')
  running = false
  await watching
  t.strictSame([...seen].sort(), ['0', master].sort())
})

t.test('its end leaves both', async (t) => {
  await daemon.end('SIGTERM')
  t.equal(standing(), '0')
  t.strictSame(await daemons(), [master])
})
