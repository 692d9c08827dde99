/** What befalls the director itself takes no healthy server out, with real traffic on real links. */
import { access, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { openDirector, promisedMs, servers, silentServer } from '../../rig/cluster.js'
import { startClient, startDaemon, tableThat, writeConfig } from '../../rig/cluster.js'
import { createLan, type Host } from '../../rig/lan.js'
import { kernelsTable, readsSent, traced, writesSent } from '../kernel/daemon-trace.js'
import { run } from '../kernel/namespace.js'

t.setTimeout(1_700_000)
// An emulated machine starts a node in seconds.
const patienceMs = 60_000
const clockMs = 5000
const stoppedMs = 30_000
const exhaustedMs = 20_000
const downMs = 15_000
const hangingMs = 20_000
/** The shortest deadline of an alert. A busy emulated machine sees a failure late, but not as late as one who waits for that. */
const hungMs = 60_000
/** What the daemon's unit gives it (TimeoutStopSec). */
const endedMs = 15_000
/** Links that come and go: the check that runs at that moment is the one in danger. */
const flaps = 5
const flapMs = 2000
const check = { intervalMs: 1000, fastMs: 200, timeoutMs: 500, fall: 3 }

const lan = await createLan({ reals: 3 })
t.teardown(() => lan.close())
const [director] = lan.directors as [Host]
const [first, second, third] = lan.reals as [Host, Host, Host]
const web = await Promise.all(lan.reals.map((real) => lan.webServer(real, 80)))
const everyone = lan.reals.map(({ ipv4 }) => ipv4)
const ipvs = await openDirector(director)
t.teardown(() => ipvs.close())

// Receivers of alerts that take what they are given and are never done.
const [mailPort, webPort] = [25, 8080]
const receivers = await silentServer(lan, lan.client, mailPort, webPort)
const alertProgram = join(await mkdtemp(join(tmpdir(), 'alert-')), 'hanging.alert')
await writeFile(alertProgram, '#!/bin/sh\n: > "$0.ran"\nexec sleep 600\n', { mode: 0o755 })

// Without what would keep the servers in although they are thought dead: that the verdicts are right is to be seen.
const config = await writeConfig(`reconcile: 1s
guard: false
alerts:
  - webhook: { url: 'http://${lan.client.ipv4}:${webPort}/', timeout: ${hungMs}ms }
  - mail: { to: [ops@example.net], server: 'smtp://${lan.client.ipv4}:${mailPort}', digest: 0s, timeout: 10m }
  - exec: { command: ${alertProgram}, timeout: 10m }
services:
  - virtual: ${lan.direct.vip.ipv4}:80
    scheduler: rr
    forwarding: direct
    whenAllDown: none
    flapping: false
    servers: [${everyone.join(', ')}]
    check:
      type: http
      interval: ${check.intervalMs}ms
      fastInterval: ${check.fastMs}ms
      timeout: ${check.timeoutMs}ms
      fall: ${check.fall}
`)
const trace = `${config}.strace`
const daemon = startDaemon(lan, director, config, traced(trace, 'execve,sendto,socket'))
const isWhole = (table: Parameters<typeof servers>[0]) => servers(table).join() === everyone.join()
await tableThat(ipvs, isWhole, patienceMs)
const client = startClient(lan, `http://${lan.direct.vip.ipv4}/`, 250, 5000)
t.teardown(() => client.stop())
await client.first(({ ok }) => ok)

/** Does something to the director; nothing may be written then, or for some rounds after. */
async function untouched(t: Test, what: string, trouble: () => Promise<void>): Promise<void> {
  const [from, fetchesFrom] = [daemon.entries.length, client.entries.length]
  const [before, table] = [(await writesSent(trace)).length, await kernelsTable(director)]
  await trouble()
  const after = client.entries.length
  await readsSent(trace, 4, patienceMs)
  const down = daemon.entries.slice(from).filter(({ to }) => to === 'failed' || to === 'offline')
  const writes = (await writesSent(trace)).length - before
  t.strictSame(down, [], 'no server was thought dead')
  t.equal(writes, 0, 'nothing was written')
  t.equal(await kernelsTable(director), table, 'the table is the same')
  t.ok(await client.first(({ ok }) => ok, after), 'clients are served')
  const fetches = client.entries.slice(fetchesFrom)
  const failed = fetches.filter(({ ok }) => !ok).length
  t.comment(
    `measured: ${what}: ${down.length} healthy servers taken out, ${writes} netlink writes, ${failed} of ${fetches.length} requests failed`,
  )
}
const failedSince = (from: number) => client.entries.slice(from).filter(({ ok }) => !ok)

t.test(`SIGSTOP for ${stoppedMs} ms`, async (t) => {
  const from = client.entries.length
  await untouched(t, `SIGSTOP for ${stoppedMs / 1000} s`, async () => {
    process.kill(daemon.pid, 'SIGSTOP')
    await sleep(stoppedMs)
    process.kill(daemon.pid, 'SIGCONT')
  })
  t.strictSame(failedSince(from), [], 'and no request failed')
})

t.test('no descriptors left', async (t) => {
  const from = client.entries.length
  const refused = async () => (await readFile(trace, 'utf8')).match(/socket\(.*EMFILE/g)?.length ?? 0
  t.equal(await refused(), 0)
  await untouched(t, `no descriptors for ${exhaustedMs / 1000} s`, async () => {
    const limit = (most: string) => run('prlimit', ['--pid', String(daemon.pid), `--nofile=${most}`])
    const { stdout } = await run('prlimit', [
      '--pid',
      String(daemon.pid),
      '--nofile',
      '--output=SOFT,HARD',
      '--noheadings',
    ])
    // Below those that it has: none can be added, whichever it closes.
    await limit('4:')
    await sleep(exhaustedMs)
    await limit(stdout.trim().split(/ +/).join(':'))
  })
  const met = await refused()
  t.ok(met >= everyone.length, `${met} sockets were refused to it`)
  t.strictSame(failedSince(from), [], 'and no request failed')
})

// This machine's own clock is left alone.
const inGuest = process.env['RIG'] === 'guest' ? {} : { skip: 'the clock of a guest only is set' }
t.test('the wall clock goes a day ahead, a day back, and right again', inGuest, async (t) => {
  const from = client.entries.length
  const setClock = (seconds: number) => run('date', ['-u', '-s', `@${Math.round(Date.now() / 1000 + seconds)}`])
  const daySeconds = 86_400
  await untouched(t, 'the wall clock a day ahead, a day back, and right again', async () => {
    for (const seconds of [daySeconds, -2 * daySeconds, daySeconds]) {
      const before = Date.now()
      await setClock(seconds)
      t.ok(Math.abs(Date.now() - before - seconds * 1000) < 60_000, 'it is set')
      await sleep(clockMs)
    }
  })
  t.strictSame(failedSince(from), [], 'and no request failed')
})

/** By ip(8), of an interface. */
const set = (namespace: string, link: string, state: 'up' | 'down') =>
  run('ip', ['-n', namespace, 'link', 'set', link, state])

t.test('the director’s link is set down, and up again', async (t) => {
  await untouched(t, `its link set down for ${downMs / 1000} s`, async () => {
    await set(director.namespace, 'eth0', 'down')
    await sleep(downMs)
    await set(director.namespace, 'eth0', 'up')
  })
})

t.test('the director’s link loses its carrier', async (t) => {
  // As if the cable was pulled: the other end of it is at the switch.
  const pull = async (ms: number) => {
    await set(`${lan.name}-switch`, 'director1', 'down')
    await sleep(ms)
    await set(`${lan.name}-switch`, 'director1', 'up')
  }
  await untouched(t, `its carrier lost for ${downMs / 1000} s`, () => pull(downMs))
  await untouched(t, `its carrier lost ${flaps} times for ${flapMs / 1000} s`, async () => {
    for (let i = 0; i < flaps; i++) {
      await pull(flapMs)
      // Each time at another moment between two checks.
      await sleep(flapMs + i * 170)
    }
  })
})

/** Kills its web server; resolves when it is out of the table, with the milliseconds that this took. */
async function die(place: number, host: Host): Promise<number> {
  const from = daemon.entries.length
  const killed = Date.now()
  await web[place]?.kill()
  const tookMs = (await daemon.removed(host, from)) - killed
  await tableThat(ipvs, (table) => !servers(table).includes(host.ipv4), patienceMs)
  return tookMs
}

/** Resolves once the file is there. */
async function appears(file: string): Promise<void> {
  const there = () =>
    access(file).then(
      () => true,
      () => false,
    )
  for (const end = Date.now() + patienceMs; !(await there()); await sleep(200))
    if (Date.now() > end) throw new Error(`expected ${file} in ${patienceMs} ms`)
}

t.test('after all that it still sees a server die, and alerts that hang hold up nothing', async (t) => {
  const aloneMs = await die(0, first)
  // An alert of that is on its way by each.
  for (const port of [mailPort, webPort]) await receivers.first((line) => line === String(port))
  await appears(`${alertProgram}.ran`)
  const from = client.entries.length
  await untouched(t, `webhook, mail server and program of alerts hanging for ${hangingMs / 1000} s`, () =>
    sleep(hangingMs),
  )
  t.strictSame(failedSince(from), [], 'and no request failed')

  const tookMs = await die(1, second)
  t.ok(tookMs < hungMs / 4, `another one is out in ${tookMs} ms: nobody waited for a receiver`)
  t.strictSame(servers(await ipvs.table()), [third.ipv4])
  t.notOk(receivers.entries.includes(`${mailPort} ended`), 'all that time the mail was not taken')
  t.comment(
    `measured: a server that died was out in ${aloneMs} ms, another one while alerts hung in ${tookMs} ms; promised ${promisedMs(check)} ms`,
  )
})

t.test('nor do they hold up its end for long', async (t) => {
  const asked = Date.now()
  t.equal(await daemon.end('SIGTERM'), 0)
  const tookMs = Date.now() - asked
  t.ok(tookMs < endedMs, `${tookMs} ms`)
  t.comment(`measured: SIGTERM while alerts hung: ended after ${tookMs} ms`)
})
