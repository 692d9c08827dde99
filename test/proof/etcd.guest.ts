/** Two directors with their services from etcd: whatever becomes of that, their tables stand. */
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { emulationMs, openDirector, startDaemon, tableThat, writeConfig } from '../../rig/cluster.js'
import type { Daemon, LogLine } from '../../rig/cluster.js'
import { startEtcd } from '../../rig/etcd.js'
import { createLan, type Host } from '../../rig/lan.js'
import { ask as askDaemon } from '../../examples/failover-daemon/src/control/client.js'
import { leaseMs } from '../../examples/failover-daemon/src/etcd/sharing.js'
import { base64, prefixRange } from '../../examples/failover-daemon/src/etcd/wire.js'
import type { Status } from '../../examples/failover-daemon/src/status-schema.js'
import type { Ipvs, Table } from '../../lib/index.js'
import { kernelsTable, readsSent, traced, writesSent } from '../kernel/daemon-trace.js'
import { run } from '../kernel/namespace.js'

t.setTimeout(1_700_000)
// An emulated machine starts a node in seconds.
const patienceMs = 120_000
const outageMs = 60_000
/** Within which a change is in the table of each director: it settles for 0.1 s, is read, and is written. */
const promisedMs = 1000
/** What an emulated machine adds to that: two daemons under strace read all of their configuration. */
const readingMs = 3000
/** Within which a server is down for a director, as its check is configured here, and the other director knows. */
const downMs = 2000 + 3 * 1000 + 1000

const lan = await createLan({ reals: 3, directors: 2 })
t.teardown(() => lan.close())
await Promise.all(lan.reals.map((real) => lan.webServer(real, 80)))
const [first] = lan.reals as [Host, Host, Host]
const vip = lan.direct.vip.ipv4

const { ipv4: host, namespace: elsewhere } = lan.client
const folder = await mkdtemp(join(tmpdir(), 'etcd-'))
const startHere = () => startEtcd({ folder, host, port: 2379, spawn: (...command) => lan.spawn(elsewhere, ...command) })
let etcd = await startHere()
/** As operators do, by its JSON gateway: etcdctl takes some ten seconds to start in an emulated guest. */
async function ask(path: string, body: object): Promise<{ readonly header: { readonly revision: string } }> {
  const wget = ['busybox', 'wget', '-qO-', '--post-data', JSON.stringify(body), `http://${host}:2379/v3/${path}`]
  const { stdout } = await run('ip', ['netns', 'exec', elsewhere, ...wget])
  return JSON.parse(stdout) as { header: { revision: string } }
}
const put = (key: string, value: string) => ask('kv/put', { key: base64(key), value: base64(value) })
/** All at once: with one service after the other, some would be gone in between. */
const putAll = (values: Readonly<Record<string, string>>) => {
  const puts = Object.entries(values).map(([key, value]) => ({ key: base64(key), value: base64(value) }))
  return ask('kv/txn', { success: puts.map((put) => ({ request_put: put })) })
}
const remove = (prefix: string) => ask('kv/deleterange', prefixRange(prefix))

const service = (port: number, scheduler = 'rr') => `virtual: ${vip}:${port}
scheduler: ${scheduler}
forwarding: direct
servers: [${lan.reals.map(({ ipv4 }) => ipv4).join(', ')}]
agree: majority
check: { type: tcp, port: 80, interval: 2s, fastInterval: 500ms, timeout: 1s }
`
await putAll({ '/ipvs/services/web': service(80), '/ipvs/services/more': service(81) })

/** A director, its daemon, and what that wrote. */
interface Node {
  readonly name: string
  readonly host: Host
  readonly ipvs: Ipvs
  readonly config: string
  trace: string
  daemon: Daemon
}
let starts = 0
async function start({ host, config }: Pick<Node, 'host' | 'config'>): Promise<Pick<Node, 'trace' | 'daemon'>> {
  const trace = `${config}.strace${++starts}`
  const daemon = startDaemon(lan, host, config, traced(trace))
  await daemon.first(({ msg }) => msg === 'table found')
  return { trace, daemon }
}
const nodes = await Promise.all(
  lan.directors.map(async (host, i): Promise<Node> => {
    const [ipvs, config, name] = [await openDirector(host), await writeConfig(''), `lb${i + 1}`]
    t.teardown(() => ipvs.close())
    const here = `stateDirectory: ${dirname(config)}\ncontrolSocket: ${socketOf(config)}\nreconcile: 1s\npage: false\n`
    await writeFile(config, `${here}director: ${name}\nconfig: etcd://${lan.client.ipv4}:2379/ipvs\n`)
    return { name, host, ipvs, config, ...(await start({ host, config })) }
  }),
)
const [lb1, lb2] = nodes as [Node, Node]

function socketOf(config: string): string {
  return join(dirname(config), 'run', 'control.sock')
}
/** By its socket, which is in no network namespace: a command would take node's time to start. */
async function statusOf({ config }: Node): Promise<Status> {
  const answer = await askDaemon(socketOf(config), { command: 'status' })
  if (!answer.ok || answer.status === undefined) throw new Error('expected a status')
  return answer.status
}

/** The ports of the services, with their schedulers and how many servers each has. */
const shape = (table: Table) =>
  Object.fromEntries(
    table.map(({ service, destinations }) => [String(service.port), `${service.scheduler} ${destinations.length}`]),
  )
const shaped = (expected: Record<number, string>) => (table: Table) =>
  JSON.stringify(shape(table)) === JSON.stringify(expected)
const everywhere = (expected: Record<number, string>) =>
  Promise.all(nodes.map(({ ipvs }) => tableThat(ipvs, shaped(expected), patienceMs)))

/** Does something that is not to change a table, and tells how many writes the daemons made. */
async function unwritten(t: Test, what: string, work: () => Promise<unknown>): Promise<void> {
  const tables = () => Promise.all(nodes.map(({ host }) => kernelsTable(host)))
  const writes = async () => (await Promise.all(nodes.map(({ trace }) => writesSent(trace)))).flat().length
  const [before, written] = [await tables(), await writes()]
  await work()
  await Promise.all(nodes.map(({ trace }) => readsSent(trace, 4, patienceMs)))
  const more = (await writes()) - written
  t.equal(more, 0)
  t.comment(`measured: ${what}: ${more} netlink writes`)
  t.strictSame(await tables(), before, 'the tables are the same')
}

/** Puts a value, and tells after how long both tables are so. */
async function taken(t: Test, what: string, key: string, value: string, expected: Record<number, string>) {
  const from = nodes.map(({ daemon }) => daemon.entries.length)
  const began = Date.now()
  await put(key, value)
  const isUpdate = ({ written = [] }: LogLine) => written.some((change) => change.startsWith('updateService'))
  const lines = nodes.map(({ daemon }, i) => daemon.first(isUpdate, from[i]))
  const tookMs = Math.max(...(await Promise.all(lines)).map(({ time }) => Date.parse(time) - began))
  t.ok(
    tookMs <= promisedMs + readingMs,
    `${tookMs} ms, promised ${promisedMs} ms and up to ${readingMs} ms for emulation`,
  )
  t.comment(`measured: ${what}: in both tables after ${tookMs} ms`)
  await everywhere(expected)
}
const refusedAt = (from: readonly number[]) =>
  Promise.all(nodes.map(({ daemon }, i) => daemon.first(({ msg }) => msg.startsWith('configuration refused'), from[i])))
const marks = () => nodes.map(({ daemon }) => daemon.entries.length)

t.test('what etcd has is in both tables', () => everywhere({ 80: 'rr 3', 81: 'rr 3' }))

t.test('one put reaches both directors', (t) =>
  taken(t, 'one put', '/ipvs/services/web', service(80, 'wlc'), { 80: 'wlc 3', 81: 'rr 3' }),
)

t.test('a bad value is refused with its key path, and hides no table', async (t) => {
  const from = marks()
  await unwritten(t, 'a bad value', async () => {
    await put('/ipvs/services/bad', service(82).replace('type: tcp', 'type: script'))
    await refusedAt(from)
  })
  for (const node of nodes)
    t.match((await statusOf(node)).problems, [
      /refused.*etcd:\/ipvs\/services\/bad:6:16: check\.type: expected .*, found "script"$/,
    ])
  const again = marks()
  await remove('/ipvs/services/bad')
  await Promise.all(nodes.map(({ daemon }, i) => daemon.first(({ msg }) => msg === 'configuration reloaded', again[i])))
})

t.test('an emptied prefix empties no table', async (t) => {
  const from = marks()
  await unwritten(t, 'an emptied prefix', async () => {
    await remove('/ipvs/services/')
    await refusedAt(from)
  })
  t.match((await statusOf(lb1)).problems, [/refused.*found 2 gone; if that is meant, force it/])
  const again = marks()
  await unwritten(t, 'what was there is put back', async () => {
    await putAll({ '/ipvs/services/web': service(80, 'wlc'), '/ipvs/services/more': service(81) })
    await Promise.all(
      nodes.map(({ daemon }, i) => daemon.first(({ msg }) => msg === 'configuration reloaded', again[i])),
    )
  })
})

t.test('etcd is stopped for a minute, a director restarts meanwhile, etcd comes back and is compacted', async (t) => {
  const table = await kernelsTable(lb1.host)
  await unwritten(t, `etcd stopped for ${outageMs / 1000} s`, async () => {
    await etcd.stop()
    await sleep(outageMs)
  })
  t.match((await statusOf(lb1)).problems, [/^etcd cannot be read, the last configuration holds: /])
  await lb1.daemon.end('SIGKILL')
  Object.assign(lb1, await start(lb1))
  await readsSent(lb1.trace, 4, patienceMs)
  const writes = (await writesSent(lb1.trace)).length
  t.equal(writes, 0)
  t.comment(`measured: a director restarts while etcd is down: ${writes} netlink writes`)
  t.equal(await kernelsTable(lb1.host), table, 'its table is the same')
  const from = marks()
  await unwritten(t, 'etcd starts again, and is compacted', async () => {
    etcd = await startHere()
    for (let i = 0; i < 9; i++) await put('/ipvs/other', String(i))
    const { header } = await put('/ipvs/other', 'the last')
    await ask('kv/compaction', { revision: header.revision, physical: true })
    await Promise.all(
      nodes.map(({ daemon }, i) => daemon.first(({ msg }) => msg === 'etcd can be read again', from[i])),
    )
  })
  await taken(t, 'one put after that', '/ipvs/services/more', service(81, 'wlc'), { 80: 'wlc 3', 81: 'wlc 3' })
})

t.test('a server goes when both directors find it down', async (t) => {
  const rules = `add table inet rig
    add chain inet rig output { type filter hook output priority 0; }
    add rule inet rig output ip daddr ${first.ipv4} tcp dport 80 drop`
  const from = marks()
  await unwritten(t, 'a server that one of two directors finds down', async () => {
    await run('ip', ['netns', 'exec', lb1.host.namespace, 'nft', rules])
    await lb1.daemon.first(({ to }) => to === 'failed', from[0])
  })
  const [seen] = (await statusOf(lb1)).services[0]?.servers ?? []
  t.match(seen, { state: 'failed', weight: 1, others: { up: 1, down: 0 } })
  const since = marks()
  await lan.blackhole(first, 80)
  const { time } = await lb2.daemon.first(({ to }) => to === 'failed', since[1])
  const gone = await Promise.all(nodes.map(({ daemon }, i) => daemon.removed(first, since[i] ?? 0)))
  const tookMs = Math.max(...gone) - Date.parse(time)
  t.ok(tookMs <= promisedMs + emulationMs, `${tookMs} ms`)
  t.comment(`measured: out of both tables ${tookMs} ms after the second director found it down`)
  await everywhere({ 80: 'wlc 2', 81: 'wlc 2' })
})

t.test('the vote of a director that stands still runs out', async (t) => {
  await lan.heal(first)
  await run('ip', ['netns', 'exec', lb1.host.namespace, 'nft', 'delete table inet rig'])
  await everywhere({ 80: 'wlc 3', 81: 'wlc 3' })
  process.kill(lb2.daemon.pid, 'SIGSTOP')
  const began = Date.now()
  await lan.blackhole(first, 80)
  await tableThat(lb1.ipvs, shaped({ 80: 'wlc 2', 81: 'wlc 2' }), patienceMs)
  const tookMs = Date.now() - began
  t.ok(tookMs <= leaseMs + downMs + emulationMs, `${tookMs} ms`)
  t.comment(
    `measured: out of the table ${tookMs} ms after the other director stood still, and a lease has ${leaseMs} ms`,
  )
  process.kill(lb2.daemon.pid, 'SIGCONT')
  await everywhere({ 80: 'wlc 2', 81: 'wlc 2' })
})

t.test('the end', async () => {
  await Promise.all(nodes.map(({ daemon }) => daemon.end('SIGTERM')))
  await etcd.stop()
})
