/** What operators tell the running daemon, and what clients notice of it. */
import { chmod, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { daemonProgram, openDirector, startClient, startDaemon, tableThat, writeConfig } from '../../rig/cluster.js'
import { holdConnections } from '../../rig/held.js'
import { createLan, type Host } from '../../rig/lan.js'
import type { Table } from '../../lib/index.js'
import { kernelsTable, traced, writesSent } from '../kernel/daemon-trace.js'
import { run } from '../kernel/namespace.js'

t.setTimeout(1_700_000)
// An emulated machine starts a node in seconds.
const patienceMs = 60_000
const heldCount = 90

const lan = await createLan({ reals: 3 })
t.teardown(() => lan.close())
const [director] = lan.directors as [Host]
const [first, second, third] = lan.reals as [Host, Host, Host]
await Promise.all(lan.reals.flatMap((real) => [lan.webServer(real, 80), lan.echoServer(real, 81)]))
const vip = lan.direct.vip.ipv4
const reals = lan.reals.map(({ ipv4 }) => ipv4)
const ipvs = await openDirector(director)
t.teardown(() => ipvs.close())
// A connection that was reset is forgotten soon: otherwise a drained server would wait for it.
await run('ip', ['netns', 'exec', director.namespace, 'ipvsadm', '--set', '900', '2', '300'])

const config = await writeConfig('')
const folder = dirname(config)
const socket = join(folder, 'run', 'control.sock')
// So that what keeps others out is the daemon's own folder.
await chmod(folder, 0o755)
/** Web servers, of which the third says that it is sorry, and echo servers. */
const yaml = (quorum = 1) => `stateDirectory: ${folder}
controlSocket: ${socket}
reconcile: 1s
services:
  - virtual: ${vip}:80
    scheduler: rr
    forwarding: direct
    quorum: { up: ${quorum} }
    whenAllDown: sorry
    sorry: ${third.ipv4}
    servers: [${first.ipv4}, ${second.ipv4}]
    check: &check { type: tcp, interval: 1s, fastInterval: 200ms, timeout: 500ms, tripwire: false }
  - virtual: ${vip}:81
    scheduler: rr
    forwarding: direct
    servers: [${reals.join(', ')}]
    check: *check
`
await writeFile(config, yaml())
const trace = `${config}.strace`
const daemon = startDaemon(lan, director, config, traced(trace))

/** What a command did, given by that user. */
async function operate(words: readonly string[], as: readonly string[] = []) {
  const command = [...as, process.execPath, daemonProgram, ...words, '--socket', socket]
  return run('ip', ['netns', 'exec', director.namespace, ...command]).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  )
}
const somebody = (group: number) => ['setpriv', '--reuid=65534', `--regid=${group}`, '--clear-groups']

/** The weights of the servers of a service, by address. */
const weights = (table: Table, port: number) =>
  Object.fromEntries(
    (table.find(({ service }) => service.port === port)?.destinations ?? []).map(
      ({ address, weight }) => [address, weight] as const,
    ),
  )
/** Resolves when they are these. */
async function weighted(port: number, expected: Readonly<Record<string, number>>): Promise<void> {
  const text = (of: Readonly<Record<string, number>>) => JSON.stringify(Object.entries(of).sort())
  await tableThat(ipvs, (table) => text(weights(table, port)) === text(expected), patienceMs)
}
const all = Object.fromEntries(reals.map((address) => [address, 1] as const))
/** To which real servers new connections come. */
async function reached(): Promise<readonly string[]> {
  const held = await holdConnections(lan, vip, 81, 12)
  await held.stop()
  return Object.keys(held.servers)
}

await weighted(80, { [first.ipv4]: 1, [second.ipv4]: 1 })
await weighted(81, all)

t.test('the socket is the group’s; others are refused', async (t) => {
  const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)
  t.strictSame([await mode(socket), await mode(dirname(socket))], ['660', '750'])
  t.match(await operate(['status'], somebody(65534)), { code: 1, stdout: '', stderr: /control\.sock: connect EACCES/ })
  t.match(await operate(['status'], somebody(0)), { code: 0, stdout: /2 of 2 online/ })
})

t.test('status says what is so, plan that nothing is to do', async (t) => {
  const { stdout } = await operate(['status'])
  t.match(stdout, new RegExp(`^tcp ${vip}:80 {2}rr, direct {2}2 of 2 online\n {2}${first.ipv4}:80 +online`))
  t.match(JSON.parse((await operate(['status', '--json'])).stdout), {
    version: 1,
    services: [{ online: 2 }, { service: `tcp ${vip}:81`, online: 3, servers: { length: 3 } }],
  })
  t.match(await operate(['plan']), { code: 0, stdout: 'nothing to do\n' })
})

t.test('drain: connections finish, new ones go elsewhere; enable takes it back', async (t) => {
  const held = await holdConnections(lan, vip, 81, heldCount)
  const from = daemon.entries.length
  t.match(await operate(['drain', `${first.ipv4}:81`], somebody(0)), {
    code: 0,
    stdout: `tcp ${vip}:81 > ${first.ipv4}:81\n`,
  })
  t.match(
    await daemon.first(({ msg }) => msg === 'command of an operator', from),
    {
      command: 'drain',
      by: { uid: 65534 },
    },
    'the log has who gave it',
  )
  await weighted(81, { ...all, [first.ipv4]: 0 })
  t.match(
    (await operate(['status'])).stdout,
    new RegExp(`${first.ipv4}:81 +draining.* weight 0 of 1 +${heldCount / 3} active`),
  )
  const { answered, lost, servers } = await held.exchange()
  t.equal(lost, 0)
  t.strictSame(servers, held.servers, 'they are where they were')
  t.strictSame(await reached(), ['real2', 'real3'], 'new ones go elsewhere')
  await held.stop()
  await weighted(81, { [second.ipv4]: 1, [third.ipv4]: 1 })
  t.comment(
    `measured: drain: ${answered} of ${heldCount} connections went on, ${lost} lost; out when the last had gone`,
  )
  t.match(await operate(['enable', first.ipv4]), { code: 0 })
  await weighted(81, all)
  t.strictSame(await reached(), ['real1', 'real2', 'real3'])
})

t.test('disable: out at once; enable takes it back', async (t) => {
  t.match(await operate(['disable', second.ipv4, '--service', `${vip}:81`]), { code: 0 })
  t.strictSame(weights(await ipvs.table(), 81), { [first.ipv4]: 1, [third.ipv4]: 1 }, 'when the command ends it is out')
  t.strictSame(weights(await ipvs.table(), 80), { [first.ipv4]: 1, [second.ipv4]: 1 }, 'of that service alone')
  t.match((await operate(['status'])).stdout, new RegExp(`${second.ipv4}:81 +disabled.* out `))
  t.match(await operate(['enable', second.ipv4]), { code: 0 })
  await weighted(81, all)
})

t.test('a wrong file is told by place, with what may be meant, and reloading it changes nothing', async (t) => {
  const [table, writes, from] = [await kernelsTable(director), (await writesSent(trace)).length, daemon.entries.length]
  await writeFile(config, yaml().replace('whenAllDown:', 'whenAlDown:'))
  const place = new RegExp(`${config}:9:5: .*whenAlDown.*whenAllDown`)
  const checked = await run(process.execPath, [daemonProgram, 'check-config', '-c', config]).catch(
    (error: unknown) => error,
  )
  t.match(checked, { code: 2, stderr: place })
  t.match(await operate(['reload']), { code: 1, stderr: place })
  t.match(await operate(['plan']), { code: 1, stderr: place })
  t.match(await daemon.first(({ msg }) => msg.startsWith('configuration refused'), from), { error: place })
  t.equal((await writesSent(trace)).length - writes, 0, 'nothing was written')
  t.equal(await kernelsTable(director), table, 'the table is the same')
  await writeFile(config, yaml())
  t.match(await operate(['reload']), { code: 0, stdout: 'reloaded\n' })
})

/**
 * Blackholes servers until the sorry server is there, and heals them. A packet that the dead swallow is a timeout; one that no service or
 * server takes is a refusal: none may be.
 */
async function switched(t: Test, what: string, dead: readonly Host[], during: () => Promise<void>): Promise<void> {
  // Not before: in an emulated guest it would slow everything down.
  const client = startClient(lan, `http://${vip}/`, 250, 3000)
  await client.first(({ body }) => body === 'real1')
  await client.first(({ body }) => body === 'real2')
  const [from, log] = [client.entries.length, daemon.entries.length]
  for (const host of dead) await lan.blackhole(host, 80)
  await weighted(80, { [third.ipv4]: 1 })
  const atSorry = client.entries.length
  t.match(await client.first(({ ok }) => ok, atSorry), { body: 'real3' }, 'the sorry server answers')
  const written = daemon.entries.slice(log).flatMap(({ written = [] }) => written)
  const added = written.indexOf(`addDestination tcp ${vip}:80 > ${third.ipv4}:80`)
  const emptied = written.findLastIndex((change) => change.startsWith(`removeDestination tcp ${vip}:80 `))
  t.ok(added >= 0 && added < emptied, 'it is there before the last of them goes')
  await during()
  for (const host of dead) await lan.heal(host)
  await weighted(80, { [first.ipv4]: 1, [second.ipv4]: 1 })
  const back = client.entries.length
  await client.first(({ body }) => body === 'real1', back)
  await client.first(({ body }) => body === 'real2', back)
  await client.stop()
  const failed = client.entries.slice(from).filter(({ ok }) => !ok)
  const swallowed = failed.filter(({ error = '' }) => error.startsWith('no answer in'))
  t.equal(failed.length - swallowed.length, 0, 'no request failed but by the dead')
  t.comment(
    `measured: ${what}: ${client.entries.length - from} requests, ${swallowed.length} swallowed by the dead, ${failed.length - swallowed.length} failed otherwise`,
  )
}
t.test('when all are down, the sorry server is there before they go, and goes after they are back', async (t) => {
  await switched(t, 'all down', [first, second], async () => {
    t.match((await operate(['status'])).stdout, /0 of 2 online, BELOW QUORUM 1\n/)
  })
})

t.test('a service below its quorum is handed to the sorry server, too', async (t) => {
  await writeFile(config, yaml(2))
  t.match(await operate(['reload']), { code: 0 })
  const from = daemon.entries.length
  await switched(t, 'below the quorum', [first], async () => {
    t.match((await operate(['status'])).stdout, /1 of 2 online, BELOW QUORUM 2\n/)
    t.match(await daemon.first(({ msg }) => msg === 'service below its quorum', from), { up: 1, needed: 2 })
  })
  t.ok(await daemon.first(({ msg }) => msg === 'service has its quorum again', from))
})
