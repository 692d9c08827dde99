/** The daemon on a real kernel: it takes dead servers out in time, forks nothing, and leaves the table alone. */
import t from 'tap'
import { daemonProgram, emulationMs, failoverYaml, openDirector, promisedMs } from '../../rig/cluster.js'
import { servers, startClient, startDaemon, tableThat, writeConfig } from '../../rig/cluster.js'
import { createLan, type Host } from '../../rig/lan.js'
import { commandsSent, executions, kernelsTable, readsSent, traced, writesSent } from './daemon-trace.js'
import { run } from './namespace.js'

// An emulated machine starts a node in seconds.
const patienceMs = 60_000

const check = { intervalMs: 1000, fastMs: 200, timeoutMs: 500, fall: 3 }
const refusedMs = promisedMs(check)
const silentMs = refusedMs + check.fall * check.timeoutMs

const lan = await createLan({ reals: 3 })
t.teardown(() => lan.close())
const [director] = lan.directors as [Host]
const [first, second] = lan.reals as [Host, Host, Host]
const web = await Promise.all(lan.reals.map((real) => lan.webServer(real, 80)))
const everyone = lan.reals.map(({ ipv4 }) => ipv4)
const without = (gone: Host) => everyone.filter((address) => address !== gone.ipv4)

const yaml = failoverYaml(lan, check, 300)
const config = await writeConfig(yaml)
const ipvs = await openDirector(director)
t.teardown(() => ipvs.close())
const same = (expected: readonly string[]) => (table: Parameters<typeof servers>[0]) =>
  servers(table).join() === expected.join()

const trace1 = `${config}.strace1`
const daemon = startDaemon(lan, director, config, traced(trace1))

t.test('it puts the real servers that answer into the table, as configured', async (t) => {
  const table = await tableThat(ipvs, same(everyone), patienceMs)
  t.match(table[0]?.service, { scheduler: 'rr', persistence: { timeoutSeconds: 300 } })
  const shown = await kernelsTable(director)
  t.match(shown, /rr +persistent 75000 FFFFFFFF/, 'persistence of 300 s in 250 ticks')
  t.equal(shown.match(/ Route /g)?.length, 3, 'direct routing')
})

t.test('a killed server is out of the table within the promise, and back when it answers again', async (t) => {
  const from = daemon.entries.length
  const killed = Date.now()
  await web[0]?.kill()
  const tookMs = (await daemon.removed(first, from)) - killed
  await tableThat(ipvs, same(without(first)), patienceMs)
  t.ok(
    tookMs <= refusedMs + emulationMs,
    `${tookMs} ms, promised ${refusedMs} ms and up to ${emulationMs} ms for emulation`,
  )
  t.match(await daemon.first(({ to }) => to === 'failed', from), { server: `${first.ipv4}:80`, reason: 'refused' })

  web[0] = await lan.webServer(first, 80)
  await tableThat(ipvs, same(everyone), patienceMs)
  t.match(await daemon.first(({ to }) => to === 'online', from), { server: `${first.ipv4}:80` })
})

t.test('a blackholed server takes fall times the timeout longer', async (t) => {
  const from = daemon.entries.length
  await lan.blackhole(second, 80)
  const started = Date.now()
  const tookMs = (await daemon.removed(second, from)) - started
  await tableThat(ipvs, same(without(second)), patienceMs)
  t.ok(
    tookMs <= silentMs + emulationMs,
    `${tookMs} ms, promised ${silentMs} ms and up to ${emulationMs} ms for emulation`,
  )
  t.match(await daemon.first(({ to }) => to === 'failed', from), { server: `${second.ipv4}:80`, reason: 'timeout' })
  await lan.heal(second)
  await tableThat(ipvs, same(everyone), patienceMs)
})

t.test('what a stranger removes comes back', async (t) => {
  await ipvs.flush()
  await tableThat(ipvs, same(everyone), patienceMs)
  t.ok(await daemon.first(({ msg }) => msg.includes('someone else')))
})

t.test('kill -9 leaves table and traffic, and a restart adopts it without a write', async (t) => {
  const before = await kernelsTable(director)
  t.equal(await daemon.end('SIGKILL'), 'SIGKILL')
  t.equal(await kernelsTable(director), before)
  const client = startClient(lan, `http://${lan.direct.vip.ipv4}/`, 250)
  await client.first(({ ok }) => ok)

  const trace2 = `${config}.strace2`
  const restarted = startDaemon(lan, director, config, traced(trace2))
  const found = await restarted.first(({ msg }) => msg === 'table found')
  t.equal(found.adopted?.length, 4, 'the service and its three servers')
  // Rounds of the daemon, told by the reads that they make.
  await readsSent(trace2, 2, patienceMs)
  t.equal(await restarted.end('SIGTERM'), 0, 'SIGTERM ends it')
  const commands = await commandsSent(trace2)
  t.ok(commands.length > 3, `${commands.length} messages were sent`)
  t.same(await writesSent(trace2), [], 'none of them a write')
  t.same(servers(await ipvs.table()), everyone, 'and the table stays')
  await client.stop()
  t.same(
    client.entries.filter(({ ok }) => !ok),
    [],
    `${client.entries.length} fetches through all of it, none failed`,
  )
})

t.test('it never forks: strace saw no execve but its own', async (t) => {
  t.equal(await executions(trace1), 1)
  const writes = await writesSent(trace1)
  t.ok(writes.length >= 8, `and the ${writes.length} writes of its life went by netlink`)
})

t.test('a wrong field is told by file, line and column; nothing is touched', async (t) => {
  const before = await kernelsTable(director)
  const wrong = await writeConfig(yaml.replace('forwarding: direct', 'forwarding: routed'))
  const refused = await run('ip', [
    'netns',
    'exec',
    director.namespace,
    process.execPath,
    daemonProgram,
    'run',
    '-c',
    wrong,
  ]).then(
    () => ({ code: 0, stderr: '' }),
    (error: { code: number; stderr: string }) => error,
  )
  t.equal(refused.code, 2)
  t.match(refused.stderr, new RegExp(`^${wrong}:5:17: .*forwarding: expected .*direct.*found .*routed`))
  t.equal(await kernelsTable(director), before)
})
