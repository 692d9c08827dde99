/** Nothing that is done to the daemon costs a connection, and it writes nothing where nothing is to be done. */
import { cp, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { daemonProgram, emulationMs, openDirector, startDaemon, tableThat, writeConfig } from '../../rig/cluster.js'
import type { Daemon } from '../../rig/cluster.js'
import { holdConnections } from '../../rig/held.js'
import { createLan, type Host } from '../../rig/lan.js'
import type { Table } from '../../lib/index.js'
import { kernelsTable, readsSent, traced, writesSent } from '../kernel/daemon-trace.js'
import { run } from '../kernel/namespace.js'

t.setTimeout(1_700_000)
// An emulated machine starts a node in seconds.
const patienceMs = 60_000
const count = 1000
/** The daemon's default, for the last part. */
const reconcileMs = 5000

const lan = await createLan({ reals: 3 })
t.teardown(() => lan.close())
const [director] = lan.directors as [Host]
await Promise.all(lan.reals.map((real) => lan.echoServer(real, 80)))
const vip = lan.direct.vip.ipv4
const reals = lan.reals.map(({ ipv4 }) => ipv4)
const ipvs = await openDirector(director)
t.teardown(() => ipvs.close())

/** A service whose real servers are checked at port 80, whatever its own is. */
const service = (port: number, scheduler = 'rr') => `  - virtual: ${vip}:${port}
    scheduler: ${scheduler}
    forwarding: direct
    servers: [${reals.join(', ')}]
    check: { type: tcp, port: 80, interval: 1s, fastInterval: 200ms, timeout: 500ms }
`
const config = await writeConfig('')
const folder = dirname(config)
const socket = join(folder, 'run', 'control.sock')
const configure = (text: string) => writeFile(config, `stateDirectory: ${folder}\ncontrolSocket: ${socket}\n${text}`)
await configure(`reconcile: 1s\nservices:\n${service(80)}${service(81)}`)

const inDirector = (...command: readonly string[]) => run('ip', ['netns', 'exec', director.namespace, ...command])
const operate = (...words: readonly string[]) =>
  inDirector(process.execPath, daemonProgram, ...words, '--socket', socket)

/** The ports of the services, each with how many servers it has. */
const shape = (table: Table) =>
  Object.fromEntries(table.map(({ service, destinations }) => [String(service.port), destinations.length] as const))
const shaped = (expected: Record<number, number>) => (table: Table) =>
  JSON.stringify(shape(table)) === JSON.stringify(expected)

let starts = 0
let trace = ''
/** Starts it under strace, and lets it do some rounds. */
async function start(program = daemonProgram): Promise<Daemon> {
  trace = `${config}.strace${++starts}`
  const daemon = startDaemon(lan, director, config, traced(trace), program)
  await daemon.first(({ msg }) => msg === 'table found')
  await readsSent(trace, 4, patienceMs)
  return daemon
}

let daemon = await start()
await tableThat(ipvs, shaped({ 80: 3, 81: 3 }), patienceMs)
const held = await holdConnections(lan, vip, 80, count)
t.teardown(() => held.stop())
/** Whether all of the connections still stand. */
async function standing(t: Test, after: string): Promise<void> {
  const { answered, lost, slowestMs } = await held.exchange()
  t.equal(lost, 0)
  t.comment(`measured: ${after}: ${answered} of ${count} connections answered, within ${slowestMs} ms, ${lost} lost`)
}
/** Does something that is not to write, and tells how many writes it made. */
async function unwritten(t: Test, what: string, work: () => Promise<unknown>): Promise<void> {
  const [before, table] = [(await writesSent(trace)).length, await kernelsTable(director)]
  await work()
  await readsSent(trace, 4, patienceMs)
  const writes = (await writesSent(trace)).length - before
  t.equal(writes, 0)
  t.comment(`measured: ${what}: ${writes} netlink writes`)
  t.equal(await kernelsTable(director), table, 'the table is the same')
}
/** A start that is not to write. */
async function restarted(t: Test, what: string, program = daemonProgram): Promise<void> {
  const table = await kernelsTable(director)
  daemon = await start(program)
  const writes = await writesSent(trace)
  t.equal(writes.length, 0)
  t.comment(`measured: ${what}: ${writes.length} netlink writes`)
  t.equal(await kernelsTable(director), table, 'the table is the same')
  await standing(t, what)
}

t.test(`${count} connections stand`, async (t) => {
  t.strictSame(Object.values(held.servers).sort(), [333, 333, 334], 'the scheduler has spread them')
  await standing(t, 'at first')
  // By hand, beside the daemon's: a service, and a real server of a service of the daemon's.
  await inDirector('ipvsadm', '-A', '-t', `${vip}:8080`, '-s', 'lc')
  await inDirector('ipvsadm', '-a', '-t', `${vip}:8080`, '-r', `${reals[0]}:8080`, '-g', '-w', '3')
  await inDirector('ipvsadm', '-a', '-t', `${vip}:81`, '-r', '192.0.2.77:81', '-g', '-w', '7')
})
const foreign = async () =>
  (await inDirector('ipvsadm', '-Sn')).stdout.split('\n').filter((line) => /:8080 |192\.0\.2\.77/.test(line))
let foreigners: readonly string[] = []

t.test('kill -9 and a new start cost none of them, and write nothing', async (t) => {
  foreigners = await foreign()
  t.equal(foreigners.length, 3, 'what somebody made by ipvsadm stands beside it')
  t.equal(await daemon.end('SIGKILL'), 'SIGKILL')
  await standing(t, 'kill -9')
  await restarted(t, 'a start after kill -9')
})

t.test('nor do a stop and a start', async (t) => {
  t.equal(await daemon.end('SIGTERM'), 0)
  await standing(t, 'a stop')
  await restarted(t, 'a start after a stop')
})

t.test('nor does a reload without a change', async (t) => {
  const from = daemon.entries.length
  await unwritten(t, 'SIGHUP', async () => {
    process.kill(daemon.pid, 'SIGHUP')
    await daemon.first(({ msg }) => msg === 'configuration reloaded', from)
  })
  await standing(t, 'SIGHUP')
  await unwritten(t, 'ipvs-failover reload', async () => t.match(await operate('reload'), { stdout: 'reloaded\n' }))
  await standing(t, 'ipvs-failover reload')
})

t.test('a reload with a change elsewhere writes that, and costs none of them', async (t) => {
  const from = daemon.entries.length
  await configure(`reconcile: 1s\nservices:\n${service(80)}${service(81, 'wlc')}`)
  await operate('reload')
  const { written } = await daemon.first(({ written }) => written !== undefined, from)
  t.strictSame(written, [`updateService tcp ${vip}:81`])
  await standing(t, 'a reload with a change elsewhere')
})

t.test('nor does an upgrade: another copy of the program goes on where the first one stopped', async (t) => {
  const place = await mkdtemp(join(tmpdir(), 'upgrade-'))
  const original = dirname(dirname(daemonProgram))
  await cp(original, join(place, 'ipvs-failover'), { recursive: true })
  await symlink(join(original, '../../node_modules'), join(place, 'node_modules'))
  const about = join(place, 'ipvs-failover/package.json')
  await writeFile(about, (await readFile(about, 'utf8')).replace(/"version": ".*"/, '"version": "99.0.0"'))
  t.equal(await daemon.end('SIGTERM'), 0)
  await restarted(t, 'an upgrade', join(place, 'ipvs-failover/bin/ipvs-failover.js'))
  t.match(await daemon.first(({ msg }) => msg === 'started'), { version: '99.0.0' })
})

t.test('a second daemon in the namespace is refused, status 75, and changes nothing', async (t) => {
  await unwritten(t, 'a second daemon', async () => {
    const refused = await inDirector(process.execPath, daemonProgram, 'run', '-c', config).then(
      () => ({ code: 0 }),
      (error: { code: number; stderr: string }) => error,
    )
    t.match(refused, { code: 75, stderr: /another ipvs-failover runs in this network namespace/ })
  })
})

t.test('what left the configuration while it was down goes at the next start, what is not its own stays', async (t) => {
  t.equal(await daemon.end('SIGTERM'), 0)
  await configure(`services:\n${service(80)}`)
  daemon = await start()
  const table = await tableThat(ipvs, (table) => !servesAny(table, 81), patienceMs)
  t.strictSame(shape(table), { 80: 3, 81: 1, 8080: 1 }, 'the service goes but for the server that is not ours')
  t.strictSame(await foreign(), foreigners, 'what somebody made by ipvsadm is as it was')
  await standing(t, 'a service that left while the daemon was down')
})
/** Whether the service has one of the LAN's servers. */
const servesAny = (table: Table, port: number) =>
  table.some(
    ({ service, destinations }) => service.port === port && destinations.some(({ address }) => reals.includes(address)),
  )

t.test('ipvsadm -C behind its back is undone within the reconcile interval', async (t) => {
  const from = daemon.entries.length
  const cleared = Date.now()
  await inDirector('ipvsadm', '-C')
  const { time } = await daemon.first(({ msg }) => msg.includes('someone else'), from)
  await tableThat(ipvs, shaped({ 80: 3 }), patienceMs)
  const tookMs = Date.parse(time) - cleared
  t.ok(tookMs <= reconcileMs + emulationMs)
  t.comment(`measured: ipvsadm -C: repaired in ${tookMs} ms, every ${reconcileMs} ms the daemon looks`)
  await standing(t, 'ipvsadm -C')
})
