/** Two directors with keepalived itself, in network namespaces of this machine; the kernel's table is in memory. */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createTestKernel } from 'ipvs/testing'
import t, { type Test } from 'tap'
import type { HaConfig } from '../src/ha/config.js'
import { keepalivedInclude } from '../src/ha/keepalived.js'
import { Pair } from '../src/ha/pair.js'
import { recordingLog } from './recording-log.js'
import { until as untilWithin } from './until.js'
import { removeWatched } from './watched-folder.js'

const [vip, vip6] = ['192.0.2.100', '2001:db8:0:2::100'] as const
const watcher = resolve('examples/failover-daemon/dist/ha/watcher.js')

const succeeds = (command: string, ...args: readonly string[]) => spawnSync(command, args).status === 0
const run = (...args: readonly string[]) => {
  const { status, stderr, stdout } = spawnSync('ip', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`)
  return stdout
}
const names = [1, 2].map((n) => `ha-${process.pid}-${n}`) as [string, string]
const canTry = succeeds('keepalived', '--version') && succeeds('ip', 'netns', 'add', names[0])

/** keepalived takes its time. */
const until = (what: () => boolean, withinMs = 15_000): Promise<number> => untilWithin(what, withinMs)

/** A link between two hosts. */
function link(t: Test): void {
  run('netns', 'add', names[1])
  t.teardown(() => names.forEach((name) => run('netns', 'delete', name)))
  run('link', 'add', 'eth0', 'netns', names[0], 'type', 'veth', 'peer', 'name', 'eth0', 'netns', names[1])
  for (const [index, name] of names.entries()) {
    run('-n', name, 'address', 'add', `192.0.2.${index + 1}/24`, 'dev', 'eth0')
    for (const device of ['lo', 'eth0']) run('-n', name, 'link', 'set', device, 'up')
  }
}

async function director(t: Test, index: 0 | 1, priority: number) {
  const runDirectory = mkdtempSync(join(tmpdir(), 'ha-'))
  const name = names[index]
  const ha: HaConfig = {
    interface: 'eth0',
    routerId: 51,
    priority,
    vips: [vip, vip6],
    peers: [`192.0.2.${2 - index}`],
    advertIntervalMs: 100,
    preempt: true,
    graceMs: 1500,
    stallMs: 1000,
    sync: { interface: 'eth0', id: 51 },
    runDirectory,
    include: '/nowhere',
  }
  const file = join(runDirectory, 'keepalived.conf')
  writeFileSync(file, keepalivedInclude(ha))
  const situation = { ailments: [] as string[] }
  const addresses = () =>
    new Set([...run('-n', name, '-o', 'address').matchAll(/inet6? ([\d.a-f:]+)/g)].map(([, address = '']) => address))
  const pair = new Pair({
    ha,
    ipvs: createTestKernel().open(),
    log: recordingLog(),
    working: () => true,
    ailments: () => situation.ailments,
    addresses,
    onEvent: () => {},
    watcher,
  })
  let daemon: ChildProcess | undefined
  const stop = async () => {
    if (daemon?.exitCode !== null) return
    daemon.kill()
    await once(daemon, 'exit')
  }
  t.teardown(async () => {
    await stop()
    pair.end()
    await removeWatched(runDirectory)
  })
  return {
    pair,
    situation,
    stop,
    start() {
      const files = ['--pid', '--vrrp_pid'].flatMap((option) => [option, join(runDirectory, option)])
      const options = ['--vrrp', '--dont-fork', '--log-console', '--use-file', file]
      daemon = spawn('ip', ['netns', 'exec', name, 'keepalived', ...options, ...files], { stdio: 'ignore' })
    },
    standing: () => {
      const path = join(runDirectory, 'standing')
      return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined
    },
    role: () => pair.status().role,
    has: () => [vip, vip6].every((address) => addresses().has(address)),
  }
}

t.test('two directors', { skip: !canTry && 'needs root and keepalived', timeout: 90_000 }, async (t) => {
  link(t)
  const [a, b] = await Promise.all([director(t, 0, 150), director(t, 1, 120)])
  await Promise.all([a.pair.start(), b.pair.start()])
  a.start()
  b.start()
  const roles = (ofA: string, ofB: string) => () => a.role() === ofA && b.role() === ofB
  const settled = () => a.has() !== b.has()

  await until(roles('master', 'backup'))
  await until(() => a.standing() === '0' && b.standing() === '0')
  await until(settled)
  t.ok(a.has(), 'the one of the higher priority has the VIPs, of both families')
  t.strictSame([a.pair.status().syncDaemon, b.pair.status().syncDaemon], ['master', 'backup'])
  t.strictSame([...a.pair.problems(), ...b.pair.problems()], [])

  a.situation.ailments = ['EPERM']
  a.pair.changed()
  const sickMs = await until(roles('backup', 'master'))
  t.ok(sickMs < 1500, `one that is sick loses them, ${Math.round(sickMs)} ms`)
  await until(() => b.has() && !a.has())

  b.situation.ailments = ['EPERM']
  b.pair.changed()
  await until(roles('master', 'backup'))
  t.pass('when both are sick, the best of them has them')

  b.situation.ailments = []
  b.pair.changed()
  await until(roles('backup', 'master'))
  a.situation.ailments = []
  a.pair.changed()
  const graceMs = await until(roles('master', 'backup'))
  t.ok(graceMs > 1200, `one that is well again waits for the grace time, ${Math.round(graceMs)} ms`)

  await until(() => b.standing() === '0')
  const began = performance.now()
  const [handedMs] = await Promise.all([until(b.has), a.pair.handOver()])
  t.ok(handedMs < 1000, `handed over after ${Math.round(handedMs)} ms`)
  t.equal(a.role(), 'backup')
  await until(roles('master', 'backup'))
  t.ok(performance.now() - began > 1200, 'and does not take them back before the grace time')

  run('-n', names[0], 'link', 'set', 'eth0', 'down')
  await until(() => a.role() === 'fault')
  t.match(a.pair.status().standing, { word: 'willing' })
  run('-n', names[0], 'link', 'set', 'eth0', 'up')
  await until(roles('master', 'backup'))

  await a.stop()
  await until(roles('unknown', 'master'))
  t.match(a.pair.problems(), [/keepalived does not run/])
  await t.rejects(a.pair.handOver(), /this one is unknown/)
  await until(() => b.standing() === '0')
  await t.rejects(b.pair.handOver(), { message: 'no other director took the VIPs: this one has them again' })
  a.start()
  await until(roles('master', 'backup'))
})
