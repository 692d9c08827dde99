/** Two directors and a thousand connections by each version of IP: what befalls one of them, or its daemon, costs none. */
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { openDirector } from '../../rig/cluster.js'
import { startPair } from '../../rig/pair.js'
import { clientsOf, killDaemon } from '../kernel/pair-clients.js'
import { run } from '../kernel/namespace.js'

t.setTimeout(1_700_000)
const count = Number(process.env['NODE_IPVS_CONNECTIONS'] ?? 1000)
/** Promised. */
const [crashMs, handoverMs] = [1000, 200]
/** `stall`, as it is by default, and what an emulated machine may add. */
const [stallMs, emulationMs] = [3000, 3000]
/** Longer than an emulated machine takes to ask all connections: what has no packet in it is not known after a crash. */
const graceMs = 60_000
/** The daemon's default: so often it reads the kernel's table. */
const reconcileMs = 5000
/** An old connection is told again within that time, if it has a packet. The kernel's default is never. */
const refreshSeconds = 10

const pair = await startPair({ advertMs: 100, graceMs })
t.teardown(() => pair.close())
const { faults } = pair
const [first, second] = pair.members
const clients = await clientsOf(t, pair, count)
const inHost = (namespace: string, ...command: string[]) => run('ip', ['netns', 'exec', namespace, ...command])

t.test('kill -9 of the daemon, and its new start, change nothing for clients', (t) => killDaemon(t, first, clients))

t.test('a sync daemon that somebody stops runs again', async (t) => {
  const ipvs = await openDirector(first.host)
  t.teardown(() => ipvs.close())
  const roles = async () => (await ipvs.syncDaemons()).map(({ role }) => role).join()
  t.equal(await roles(), 'master')
  const at = Date.now()
  await ipvs.stopSyncDaemon('master')
  while ((await roles()) !== 'master') await sleep(50)
  t.comment(`measured: a sync daemon that was stopped ran again after ${Date.now() - at} ms`)
})

// Each time the first one takes them back after its grace, and the connections survive that, too.
interface Trouble {
  /** May give the time at which it has begun. */
  readonly begin: () => unknown
  readonly end: () => unknown
  /** So long nobody answers, at most. */
  readonly promisedMs: number
  /** So long it takes until the other one has the addresses: a program that is to be started first takes longer. */
  readonly noticedMs: number
}
/** A daemon that gives up what root may do when it is told to: as if somebody had taken its capability. */
const mortal = join(await mkdtemp(join(tmpdir(), 'mortal-')), 'mortal.mjs')
await writeFile(mortal, "process.on('SIGUSR2', () => process.setuid(65534))\n")
async function replaceDaemon(prefix: readonly string[]): Promise<void> {
  await first.daemon().end('SIGKILL')
  first.startDaemon(prefix)
  await first.daemon().first(({ msg }) => msg === 'table found')
}
async function loseCapability(): Promise<number> {
  await replaceDaemon(['env', `NODE_OPTIONS=--import=${mortal}`])
  const at = Date.now()
  process.kill(first.daemon().pid, 'SIGUSR2')
  return at
}
const troubles: Readonly<Record<string, Trouble>> = {
  'ipvs-failover handover': {
    begin: () => first.operate('handover'),
    end: () => {},
    promisedMs: handoverMs,
    noticedMs: 60_000,
  },
  'keepalived stopped': {
    begin: () => first.keepalived().stop(),
    end: () => first.startKeepalived(),
    promisedMs: handoverMs,
    noticedMs: 1000,
  },
  'SIGSTOP of the daemon': {
    begin: () => process.kill(first.daemon().pid, 'SIGSTOP'),
    end: () => process.kill(first.daemon().pid, 'SIGCONT'),
    promisedMs: handoverMs,
    noticedMs: stallMs + crashMs,
  },
  'the daemon loses CAP_NET_ADMIN': {
    begin: loseCapability,
    end: () => replaceDaemon([]),
    promisedMs: handoverMs,
    noticedMs: reconcileMs + crashMs,
  },
  'link down': {
    begin: () => faults.unplug(first.host),
    end: () => faults.plug(first.host),
    promisedMs: crashMs,
    noticedMs: crashMs,
  },
}
for (const [name, { begin, end, promisedMs, noticedMs }] of Object.entries(troubles)) {
  t.test(`${name}: the other director takes over, and gives back`, async (t) => {
    const called = Date.now()
    const [begun, taken] = await Promise.all([begin(), pair.moved(second, true, called)])
    const at = typeof begun === 'number' ? begun : called
    t.ok(taken - at <= noticedMs + emulationMs, `after ${taken - at} ms`)
    t.comment(`measured: ${name}: taken over after ${taken - at} ms`)
    await clients.served(t, name, at, taken, promisedMs)
    await clients.stand(t, name)
    const ended = Date.now()
    await end()
    const back = await pair.moved(first, true, ended)
    t.ok(back - taken >= graceMs, `and is told of connections first, for ${back - taken} ms`)
    t.comment(`measured: ${name}: taken back ${back - ended} ms after its end, grace ${graceMs} ms`)
    await clients.served(t, `taken back after ${name}`, back - graceMs, back, handoverMs)
    await clients.stand(t, `taken back after ${name}`)
  })
}

t.test('a crash: connections are there still, and when the one that crashed is back, too', async (t) => {
  const at = Date.now()
  await faults.crash(first.host)
  const taken = await pair.moved(second, true, at)
  await clients.served(t, 'a crash', at, taken, crashMs)
  await clients.stand(t, 'a crash', 0.99)

  // What it is told in its grace is all that it knows.
  await inHost(
    second.host.namespace,
    ...['sysctl', '-q', '-w', `net.ipv4.vs.sync_refresh_period=${refreshSeconds}`, 'net.ipv4.vs.sync_threshold=3 0'],
  )
  await faults.reboot(first.host)
  const booted = Date.now()
  await first.watch()
  first.startDaemon()
  first.startKeepalived()
  // Now it is told of connections.
  await first.daemon().first(({ msg }) => msg === 'sync daemon started')
  await clients.stand(t, 'while the one that crashed starts', 0.99)
  const back = await pair.moved(first, true, booted)
  t.ok(back - booted >= graceMs, `it took them back ${back - booted} ms after its start`)
  t.comment(
    `measured: the director that crashed took the addresses back ${back - booted} ms after its start, grace ${graceMs} ms`,
  )
  await clients.served(t, 'taken back after a crash', back - graceMs, back, handoverMs)
  await clients.stand(t, 'taken back after a crash', 0.99)
})
