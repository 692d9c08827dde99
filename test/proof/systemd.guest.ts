/** The daemon as a service of a real systemd, by the unit as it is shipped: installed as the README says, with its drop-in. */
import { readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createLan, type Host } from '../../rig/lan.js'
import { openIn, run } from '../kernel/namespace.js'
import {
  eventually,
  holdConnections,
  journal,
  journalText,
  loadedModules,
  missing,
  serviceState,
  systemctl,
  writeCounter,
} from './systemd-host.js'
import {
  configFile,
  configuration,
  configured,
  failFile,
  fillTable,
  install,
  operators,
  stateFolder,
  unit,
  useOneFile,
} from './systemd-site.js'

t.setTimeout(3_500_000)

const root = join(import.meta.dirname, '..')
/** WatchdogSec= of the unit. */
const watchdogMs = 30_000
const connections = 20

const lan = await createLan({ reals: 2 })
t.teardown(() => lan.close())
const [director] = lan.directors as [Host]
const [first] = lan.reals as [Host, Host]
const vip = lan.direct.vip.ipv4
const yaml = configuration(lan)

const state = () => serviceState(unit)
/** Resolves once the service is another process than that, and ready; with 0, once it is ready: a start that failed is tried again. */
const another = (pid: number) =>
  eventually('another process of the service', async () => {
    const now = await state()
    return now.active === 'active' && now.pid !== 0 && now.pid !== pid ? now : undefined
  })
const allOnline = () =>
  eventually('all servers online', async () =>
    (await state()).text.includes('5 of 5 servers online') ? true : undefined,
  )
/** What a program wrote into the state directory. */
const told = (name: string) => eventually(name, () => readFile(join(stateFolder, name), 'utf8').catch(() => undefined))
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
const took: string[] = []

const modulesBefore = await loadedModules()
await run('cp', [
  `${root}/examples/failover-daemon/systemd/modules-load.conf`,
  '/etc/modules-load.d/ipvs-failover.conf',
])
await systemctl('start', 'sysinit.target')
const modulesAfter = await loadedModules()

const written = await writeCounter()
const ipvs = await openIn(t, director.namespace)
await fillTable(ipvs, lan)
await Promise.all(lan.reals.map((real) => lan.echoServer(real, 80)))
const held = await holdConnections(lan, vip, 80, connections)
const before = await configured(ipvs)
/** All is checked and found, the table is as before without a write since, and the connections are answered. */
async function untouched(t: Test, count: number): Promise<void> {
  await allOnline()
  t.strictSame(await configured(ipvs), before)
  t.equal(await written(), count, '0 writes to the table')
  await held.answeredAgain()
}

t.test('systemd, as process 1, loads the modules of modules-load.conf before any service', async (t) => {
  t.equal(await readlink('/proc/1/exe'), '/usr/lib/systemd/systemd')
  t.strictSame(modulesBefore, [])
  for (const module of ['ip_vs', 'ip_vs_rr', 'ip_vs_wrr', 'ip_vs_lc', 'ip_vs_wlc', 'ip_vs_sh', 'ip_vs_mh'])
    t.ok(modulesAfter.includes(module), module)
})

t.test('systemctl start returns when the table was adopted, and nothing is written', async (t) => {
  t.ok((await written()) >= 9, 'what the test wrote was counted')
  await install(root, lan, director)
  const { stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', unit])
  t.equal(stdout + stderr, '', 'systemd-analyze verify has nothing to say')
  // What a start costs here without systemd and sandbox.
  const bareAt = performance.now()
  await run('ipvs-failover', ['check-config', '-c', configFile])
  took.push(`check-config, a bare start of npm's package ${seconds(performance.now() - bareAt)}`)

  const count = await written()
  const startedAt = performance.now()
  await systemctl('start', unit).catch(async (error: unknown) => {
    throw new Error((await journalText(unit)).slice(-2000), { cause: error })
  })
  took.push(`start of it ${seconds(performance.now() - startedAt)}`)
  const { active, text } = await state()
  t.equal(active, 'active')
  t.match(text, /^4 services, \d of 5 servers online/, 'the first round is complete')
  const found = await eventually('the table found', async () =>
    (await journal(unit)).find(({ msg }) => msg === 'table found'),
  )
  t.equal(found.adopted?.length, 9, 'four services, five servers')
  const since = await systemctl('show', '--timestamp=us+utc', '--property=ActiveEnterTimestamp', '--value', unit)
  const [, day = '', time = ''] = since.split(' ')
  t.ok(Date.parse(found.time) <= Date.parse(`${day}T${time}Z`), `adopted at ${found.time}, ready at ${since}`)
  await untouched(t, count)
  // npm's package has been seen to start. Its hundreds of files take an emulated machine half a minute each time.
  await useOneFile()
})

t.test('the daemon has two capabilities, and is what the unit and its drop-in say', async (t) => {
  const { pid } = await state()
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb'])
    t.match(status, new RegExp(`^Cap${set}:\t0000000000003000$`, 'm'), `Cap${set} is CAP_NET_ADMIN and CAP_NET_RAW`)
  t.match(status, /^NoNewPrivs:\t1$/m)
  t.match(status, /^Seccomp:\t2$/m)
  t.notMatch(status, /^Uid:.*\t0\b/m, 'not root')
  t.match(status, new RegExp(`^Gid:(\t${operators}){4}$`, 'm'), 'the group of its operators')
  t.equal((await run('ip', ['netns', 'identify', String(pid)])).stdout.trim(), director.namespace)
  const modeOf = async (path: string) => {
    const { mode, gid } = await stat(path)
    return [(mode & 0o7777).toString(8), gid]
  }
  t.strictSame(await modeOf('/run/ipvs-failover'), ['750', operators])
  t.strictSame(await modeOf('/run/ipvs-failover/control.sock'), ['660', operators])
  t.strictSame(await modeOf('/var/lib/private/ipvs-failover'), ['750', operators])
  const node = `/cluster/online/${first.ipv4}`
  const online = async () => ((await readFile(node, 'utf8').catch(() => '')) === '1\n' ? true : undefined)
  await eventually('a node online, for other scripts', online)
  t.strictSame(await modeOf(node), ['644', operators])
  t.equal(Number((await readFile(`/proc/${pid}/oom_score_adj`, 'utf8')).trim()), -900)
  t.match(await readFile(`/proc/${pid}/limits`, 'utf8'), /^Max open files +65536 +65536/m)
})

t.test('members of its group give it commands, others do not', async (t) => {
  const as = (group: number) => ['--reuid=65534', `--regid=${group}`, '--clear-groups', 'ipvs-failover', 'status']
  t.match((await run('setpriv', as(operators))).stdout, /online/)
  await t.rejects(run('setpriv', as(65534)), /EACCES/)
})

t.test('a script check runs in the sandbox, without any capability', async (t) => {
  t.strictSame(JSON.parse(await told('probe')), {
    capabilities: Array(4).fill('0000000000000000'),
    noNewPrivileges: '1',
    seccomp: '2',
    root: false,
    'packet socket': 'EAFNOSUPPORT',
    'vsock socket': 'EAFNOSUPPORT',
    'netlink socket': 'done',
    'raw socket': 'EPERM',
    'user namespace': 'EPERM',
    ptrace: 'EPERM',
    personality: 'EPERM',
    'write /etc': 'EROFS',
    'write /usr': 'EROFS',
    'write /cluster': 'EROFS',
    'write /proc/sys': 'EROFS',
    'write state': 'done',
    'write /tmp': 'done',
    setuid: 'EPERM',
    '/tmp': ['made'],
    home: 'EACCES',
    '/proc/1': 'ENOENT',
    other: [true],
    '/dev/kmsg': 'ENOENT',
    '/dev/null': 'done',
  })
  t.ok(await missing('/tmp/made'), 'its /tmp is its own')
})

t.test("a monitor of Mon's and an alert run in the sandbox, without any capability", async (t) => {
  const confined = (text: string) => {
    for (const set of ['Inh', 'Prm', 'Eff', 'Amb']) t.match(text, new RegExp(`^Cap${set}:\t0{16}$`, 'm'))
    t.match(text, /^NoNewPrivs:\t1$/m)
    t.notMatch(text, /^Uid:.*\t0\b/m)
  }
  const monitor = await told('monitor')
  t.equal(monitor.split('\n')[0], first.ipv4)
  confined(monitor)
  await writeFile(failFile, '')
  const alert = await told(`alert.${vip}:82.failure`)
  t.match(alert, /^-s \S+ -g \S+ -h .* root$/m, "Mon's arguments")
  confined(alert)
  await rm(failFile)
  await allOnline()
  t.strictSame(await configured(ipvs), before)
})

t.test('systemctl reload waits until it is done, and fails for a wrong file', async (t) => {
  const [{ pid }, count] = [await another(0), await written()]
  const from = (await journal(unit)).length
  await writeFile(configFile, yaml.replace('interval: 5s', 'interval: 6s'))
  const startedAt = performance.now()
  await systemctl('reload', unit)
  took.push(`reload ${seconds(performance.now() - startedAt)}`)
  t.ok((await journal(unit)).slice(from).some(({ msg }) => msg === 'configuration reloaded'))
  await writeFile(configFile, yaml.replace('forwarding: direct', 'forwarding: routed'))
  await t.rejects(systemctl('reload', unit), { code: 1 })
  t.match(await journalText(unit), /failover\.yaml:8:17: .*forwarding: expected .*direct.*routed/)
  await writeFile(configFile, yaml)
  const now = await state()
  t.strictSame([now.active, now.pid], ['active', pid], 'the same process goes on')
  await untouched(t, count)
})

t.test('systemctl restart, here of another version of the command, writes nothing', async (t) => {
  const [{ pid }, count] = [await another(0), await written()]
  const bareAt = performance.now()
  await run('ipvs-failover', ['check-config', '-c', configFile])
  took.push(`check-config, a bare start of the program in one file ${seconds(performance.now() - bareAt)}`)
  const startedAt = performance.now()
  await systemctl('restart', unit)
  took.push(`restart ${seconds(performance.now() - startedAt)}`)
  await another(pid)
  await untouched(t, count)
})

t.test('kill -9: it is back, and nothing is written', async (t) => {
  const [{ pid }, count] = [await another(0), await written()]
  const killedAt = performance.now()
  process.kill(pid, 'SIGKILL')
  const { activeSinceMs } = await another(pid)
  took.push(`kill -9 to ready again ${seconds(activeSinceMs - killedAt)}`)
  await untouched(t, count)
})

t.test('killed while its file is wrong, it tries until the file is right', async (t) => {
  const [{ pid, restarts }, count] = [await another(0), await written()]
  await writeFile(configFile, 'services: 1\n')
  process.kill(pid, 'SIGKILL')
  await eventually('a second try', async () => ((await state()).restarts >= restarts + 2 ? true : undefined))
  await writeFile(configFile, yaml)
  await another(pid)
  await untouched(t, count)
})

t.test('a process that is stopped is killed by the watchdog and replaced', async (t) => {
  const [{ pid }, count, answered] = [await another(0), await written(), [...held.answers]]
  const stoppedAt = performance.now()
  process.kill(pid, 'SIGSTOP')
  await eventually('its end', () => missing(`/proc/${pid}`))
  const killedMs = performance.now() - stoppedAt
  t.ok(killedMs <= watchdogMs + 5000, `killed after ${seconds(killedMs)}`)
  t.ok(
    held.answers.every((count, i) => count > (answered[i] ?? 0)),
    'connections went on meanwhile',
  )
  const { activeSinceMs } = await another(pid)
  took.push(
    `SIGSTOP to its end by the watchdog ${seconds(killedMs)}, to ready again ${seconds(activeSinceMs - stoppedAt)}`,
  )
  t.match(await journalText(unit), /Watchdog timeout \(limit 30s\)/)
  await untouched(t, count)
})

t.test('systemctl stop ends it in time and leaves the table', async (t) => {
  const count = await written()
  const startedAt = performance.now()
  await systemctl('stop', unit)
  took.push(`stop ${seconds(performance.now() - startedAt)}`)
  const { active, result } = await state()
  t.strictSame([active, result], ['inactive', 'success'])
  t.ok(await missing('/run/ipvs-failover'), 'its runtime directory is gone')
  t.strictSame(await configured(ipvs), before)
  t.equal(await written(), count, '0 writes to the table')
  await held.answeredAgain()
  t.strictSame(held.broken, [], `${connections} connections went on through all of it`)
  for (const line of took) t.comment(`measured: ${line}`)
})
