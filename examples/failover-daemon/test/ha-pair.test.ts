import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTestKernel } from 'ipvs/testing'
import t, { type Test } from 'tap'
import { systemClock } from '../src/clock.js'
import type { DirectorEvent } from '../src/events.js'
import { Fitness } from '../src/fitness.js'
import type { HaConfig } from '../src/ha/config.js'
import { Fifo } from '../src/ha/fifo.js'
import { Ha } from '../src/ha/ha.js'
import { keepalivedInclude } from '../src/ha/keepalived.js'
import { Pair } from '../src/ha/pair.js'
import type { Word } from '../src/ha/role.js'
import { recordingLog } from './recording-log.js'
import { until } from './until.js'
import { removeWatched } from './watched-folder.js'

const watcher = resolve('examples/failover-daemon/dist/ha/watcher.js')
const vip = '192.0.2.100'

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'pair-'))
  t.teardown(() => removeWatched(folder))
  return folder
}

/** keepalived's end of the FIFO. */
function keepalived(path: string) {
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  return {
    say: (word: Word, priority = 120) => writeSync(fd, `INSTANCE "ipvs_failover" ${word} ${priority}\n`),
    end: () => closeSync(fd),
  }
}

const haConfig = (runDirectory: string, change: Partial<HaConfig> = {}): HaConfig => ({
  interface: 'eth0',
  routerId: 51,
  priority: 120,
  vips: [vip],
  peers: ['192.0.2.2'],
  advertIntervalMs: 100,
  preempt: true,
  graceMs: 0,
  stallMs: 1000,
  sync: { interface: 'eth0', id: 51 },
  runDirectory,
  include: '/nowhere',
  ...change,
})

/** Does not let this process do anything else. */
function busy(ms: number): void {
  for (const began = performance.now(); performance.now() - began < ms;);
}

/** One of a pair, on an in-memory kernel; a test says what keepalived says. */
async function director(t: Test, change: Partial<HaConfig> = {}, program = watcher) {
  const runDirectory = join(folderOf(t), 'run')
  const ha = haConfig(runDirectory, change)
  const kernel = createTestKernel().open()
  const log = recordingLog()
  const events: DirectorEvent[] = []
  const situation = { working: true, ailments: [] as string[], addresses: new Set<string>() }
  const pair = new Pair({
    ha,
    ipvs: kernel,
    log,
    working: () => situation.working,
    ailments: () => situation.ailments,
    addresses: () => situation.addresses,
    onEvent: (event) => events.push(event),
    watcher: program,
  })
  await pair.start()
  t.teardown(() => pair.end())
  const standing = () => {
    const path = join(runDirectory, 'standing')
    return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined
  }
  const daemons = async () => (await kernel.syncDaemons()).map(({ role }) => role)
  return { pair, kernel, log, events, situation, standing, daemons, fifo: join(runDirectory, 'vrrp.fifo') }
}

t.test('the role follows keepalived, and the sync daemon the role', async (t) => {
  const { pair, events, standing, daemons, fifo, situation } = await director(t)
  t.match(pair.status(), { role: 'unknown' })
  t.match(pair.problems(), [/keepalived does not run/])
  const voice = keepalived(fifo)
  voice.say('BACKUP')
  await until(() => pair.status().role === 'backup')
  await until(() => pair.status().syncDaemon === 'backup')
  t.strictSame(await daemons(), ['backup'])
  await until(() => standing() === '0')
  t.strictSame(pair.problems(), [])
  situation.addresses.add(vip)
  voice.say('MASTER')
  await until(() => pair.status().syncDaemon === 'master')
  t.strictSame(await daemons(), ['master'], 'and the other one has ended')
  await until(() => pair.status().vipHere)
  t.strictSame(pair.problems(), [])
  voice.say('FAULT')
  await until(() => pair.status().syncDaemon === 'backup')
  await until(() => standing() === '-1')
  t.match(
    events,
    ['backup, was unknown', 'master, was backup', 'fault, was master'].map((text) => ({
      type: 'role',
      detail: `this director is ${text}`,
    })),
  )
  voice.end()
  await until(() => pair.status().role === 'master')
  t.match(pair.problems(), [/keepalived does not run/], 'it was killed, and the VIPs are here still')
  situation.addresses.clear()
  await until(() => pair.status().role === 'unknown')
})

t.test('a sync daemon that somebody stops runs again; one that cannot run is a problem, not the end', async (t) => {
  const { pair, kernel, log, fifo, standing } = await director(t)
  const voice = keepalived(fifo)
  voice.say('BACKUP')
  await until(() => standing() === '0')
  await kernel.stopSyncDaemon('backup')
  await until(() => log.lines.filter(({ message }) => message === 'sync daemon started').length === 2)
  await kernel.stopSyncDaemon('backup')
  const service = { protocol: 'tcp', address: vip, port: 80 } as const
  await kernel.addService({ ...service, scheduler: 'rr' })
  await kernel.addDestination(service, { address: '2001:db8::1', port: 80, forwarding: 'tunnel' })
  await until(() => pair.problems().length > 0)
  t.match(pair.problems(), [/^the backup sync daemon cannot run, connections would not survive: .* other family\?$/])
  t.match(pair.status(), { syncDaemon: 'none', standing: { word: 'willing' } }, 'it takes over, but not back')
  await kernel.removeDestination(service, { address: '2001:db8::1', port: 80 })
  await until(() => pair.problems().length === 0)
  t.equal(pair.status().syncDaemon, 'backup')
  voice.end()
})

t.test('ailments are told at once, and are told of', async (t) => {
  const { pair, fifo, situation, standing } = await director(t)
  const voice = keepalived(fifo)
  voice.say('MASTER')
  await until(() => standing() === '0')
  situation.ailments = ['EPERM']
  pair.changed()
  await until(() => standing() === '-2', 500)
  t.ok(pair.problems().includes('this director is not fit for the VIPs: EPERM'))
  situation.ailments = []
  pair.changed()
  await until(() => standing() === '0', 500)
  voice.end()
})

t.test('a kernel that refuses, or does not answer, is lost although no round has noticed', async (t) => {
  for (const how of ['refuses', 'hangs'] as const) {
    const { pair, kernel, fifo, standing } = await director(t)
    const voice = keepalived(fifo)
    voice.say('MASTER')
    await until(() => standing() === '0')
    kernel.syncDaemons = () =>
      how === 'refuses' ? Promise.reject(new Error('not permitted (EPERM)')) : new Promise(() => {})
    await until(() => standing() === '-2')
    t.match(pair.status().standing, { word: 'sick', reason: /EPERM|does not answer/ })
    voice.end()
    pair.end()
  }
})

t.test('a kernel is not lost because the daemon itself stood still, nor silent before the first round', async (t) => {
  const { pair, kernel, fifo, log, standing, situation } = await director(t)
  const voice = keepalived(fifo)
  t.teardown(() => voice.end())
  voice.say('MASTER')
  await until(() => standing() === '0')
  const answer = kernel.syncDaemons.bind(kernel)
  let asked = 0
  kernel.syncDaemons = async () => {
    if (++asked === 1) busy(1500)
    await sleep(20)
    return answer()
  }
  await until(() => asked === 3)
  t.notOk(log.lines.some(({ fields }) => fields['to'] === 'sick'))
  situation.working = false
  kernel.syncDaemons = () => new Promise(() => {})
  await sleep(2500)
  t.match(pair.status().standing, { word: 'undecided' })
  situation.working = true
  pair.changed()
  t.match(pair.status().standing, { word: 'sick', reason: 'the kernel does not answer' })
})

t.test('a daemon that stood still while its director lost the VIPs does not take them back at once', async (t) => {
  const told = join(folderOf(t), 'told')
  const recorder = join(folderOf(t), 'recorder.mjs')
  writeFileSync(told, '')
  writeFileSync(
    recorder,
    `import { createWriteStream } from 'node:fs'\nprocess.stdin.pipe(createWriteStream('${told}'))\n`,
  )
  const values = () => readFileSync(told, 'utf8').trim().split('\n')
  const { pair, fifo } = await director(t, { graceMs: 60_000 }, recorder)
  const voice = keepalived(fifo)
  t.teardown(() => voice.end())
  voice.say('MASTER')
  await until(() => values().at(-1) === '0')
  const before = values().length
  voice.say('BACKUP')
  busy(1500)
  await until(() => values().length > before + 3)
  t.match(pair.status(), { role: 'backup', standing: { word: 'willing' } })
  t.strictSame(new Set(values().slice(before)), new Set(['-1']))
})

t.test('a handover is FAULT until keepalived says so, and nobody else is asked', async (t) => {
  const { pair, fifo, standing } = await director(t, { graceMs: 60_000 })
  const voice = keepalived(fifo)
  voice.say('BACKUP')
  await until(() => pair.status().role === 'backup')
  await t.rejects(pair.handOver(), { message: 'expected the director that has the VIPs: this one is backup' })
  voice.say('MASTER')
  await until(() => standing() === '0')
  const done = pair.handOver()
  await until(() => standing() === '-6')
  voice.say('FAULT')
  await until(() => standing() === '-1')
  voice.say('BACKUP')
  await done
  t.match(pair.status(), { role: 'backup', standing: { word: 'willing' } }, 'it does not take them back at once')
  voice.say('MASTER')
  await until(() => standing() === '0')
  const nobody = pair.handOver()
  await until(() => standing() === '-6')
  voice.say('FAULT')
  await until(() => standing() === '-1')
  voice.say('BACKUP')
  voice.say('MASTER')
  await t.rejects(nobody, { message: 'no other director took the VIPs: this one has them again' })
  const deaf = pair.handOver()
  await t.rejects(deaf, { message: /keepalived did not let go of the VIPs/ })
  await until(() => standing() === '0')
  voice.end()
})

t.test('a FIFO is found, made, followed to another one, and nothing else is read', async (t) => {
  const path = join(folderOf(t), 'vrrp.fifo')
  const heard: string[] = []
  const fifo = new Fifo(path, { onWord: (word) => heard.push(word), onGone: () => heard.push('gone') })
  t.teardown(() => fifo.close())
  t.throws(() => fifo.look(), { code: 'ENOENT' })
  appendFileSync(path, 'INSTANCE "ipvs_failover" MASTER 150\n')
  t.throws(() => fifo.look(), /expected a FIFO at .*, found another file/)
  rmSync(path)
  spawnSync('mkfifo', [path])
  const early = keepalived(path)
  early.say('BACKUP')
  fifo.look()
  t.strictSame(heard, ['BACKUP'], 'what waited there')
  t.ok(fifo.running)
  early.end()
  await until(() => heard.includes('gone'))
  t.notOk(fifo.running)
  fifo.look()
  t.notOk(fifo.running)
  const quiet = keepalived(path)
  fifo.close()
  fifo.look()
  t.ok(fifo.running, 'somebody is there who says nothing')
  quiet.end()
  await until(() => !fifo.running)
  rmSync(path)
  spawnSync('mkfifo', [path])
  fifo.look()
  const other = keepalived(path)
  other.say('FAULT')
  await until(() => heard.includes('FAULT'))
  other.end()
})

t.test('another configuration of ha changes no role: keepalived has said it once', async (t) => {
  const folder = folderOf(t)
  const include = join(folder, 'keepalived.conf')
  const config = haConfig(join(folder, 'run'), { include })
  writeFileSync(include, keepalivedInclude(config))
  const events: DirectorEvent[] = []
  const kernel = createTestKernel().open()
  const fitness = new Fitness(systemClock)
  const ha = new Ha({ ipvs: kernel, log: recordingLog(), fitness, onEvent: (event) => events.push(event), watcher })
  t.teardown(() => ha.end())
  t.match(ha.director(), { role: 'alone' })
  await t.rejects(ha.handOver(), { message: /this director is alone/ })
  await ha.configure({ ha: config, reconcileMs: 5000 })
  fitness.round(true)
  ha.changed()
  const voice = keepalived(join(config.runDirectory, 'vrrp.fifo'))
  t.teardown(() => voice.end())
  voice.say('MASTER')
  await until(() => ha.director().role === 'master' && ha.director().syncDaemon === 'master')
  t.notOk(ha.problems().some((problem) => problem.includes(include)))

  await ha.configure({ ha: { ...config, vips: ['192.0.2.99', vip] }, reconcileMs: 5000 })
  t.match(ha.director(), { role: 'master', standing: 'preferred' })
  t.ok(ha.problems().some((problem) => problem.startsWith(`${include} is not what ha: says`)))
  await until(() => ha.director().syncDaemon === 'master')
  t.notOk(
    events.some(({ detail }) => detail.includes('backup')),
    'nor did it for a moment',
  )

  fitness.event({ type: 'kernel', at: 0, ok: false, detail: 'EPERM' })
  ha.changed()
  t.match(ha.director(), { standing: 'sick', standingReason: 'EPERM' })
  await ha.configure({ ha: undefined, reconcileMs: 5000 })
  t.match(ha.director(), { role: 'alone' })
  t.strictSame(ha.problems(), [])
  t.strictSame(
    (await kernel.syncDaemons()).map(({ role }) => role),
    ['master'],
    'which stays',
  )
})
