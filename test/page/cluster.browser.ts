/**
 * The page of a daemon on a real kernel: in the rig's guest the cluster of cluster.program.ts, here the browser. What happens to the real
 * servers shows by itself.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { Status } from '../../examples/failover-daemon/src/status-schema.js'
import { axe, launch, openPage, photograph, shown } from '../../examples/failover-daemon/test/page/browser.js'

/** A guest boots, and a node starts in it, in seconds. */
const patienceMs = 120_000
/** From the verdict, which the daemon logs, to the document. */
const promisedMs = 1000

const program = (file: string) => join(process.cwd(), '.bundle', file.replaceAll('/', '-').replace(/ts$/, 'mjs'))
const cluster = 'test/page/cluster.program.ts'
const daemon = 'test/proof/failover.program.ts'
for (const file of [cluster, daemon])
  await promisify(execFile)(process.execPath, ['rig/bundle.mjs', file, program(file)])

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

const [pagePort, deedPort] = [await freePort(), await freePort()]
const forward = `${pagePort}:8080,${deedPort}:8081`
const guest = spawn(
  'rig/vm',
  ['--timeout', '280', '--forward', forward, '--', process.execPath, program(cluster), program(daemon)],
  { stdio: ['ignore', 'inherit', 'inherit'] },
)
t.teardown(() => guest.kill('SIGTERM'))
// By this name, which it always knows: at the daemon's end of the forwarding is a Unix socket.
const origin = `http://localhost:${pagePort}`

const deed = async (...words: readonly string[]): Promise<unknown> => {
  const response = await fetch(`http://127.0.0.1:${deedPort}/${words.map(encodeURIComponent).join('/')}`)
  if (!response.ok) throw new Error(await response.text())
  return response.json()
}
async function snapshot(): Promise<Status> {
  return Status.parse(await (await fetch(`${origin}/status.json`)).json())
}
/** The snapshot, once it fits. */
async function snapshotThat(fits: (status: Status) => boolean): Promise<Status> {
  for (const deadline = performance.now() + patienceMs; ; await sleep(200)) {
    const status = await snapshot().catch(() => undefined)
    if (status !== undefined && fits(status)) return status
    if (performance.now() > deadline || guest.exitCode !== null)
      throw new Error(`expected another snapshot, found ${JSON.stringify(status)}`)
  }
}

const browser = await launch(t)
const { page, complaints } = await openPage(t, browser)
const start = await snapshotThat(({ services }) => services[0]?.online === 3)
const [first = '', second = ''] = start.services[0]?.servers.map(({ server }) => server) ?? []
await page.goto(origin)
await shown(page)
const row = (server: string) => page.getByRole('row', { name: server })
/** When it stands in the row. */
const standsIn = async (server: string, state: string) => {
  await row(server).first().getByText(state, { exact: true }).first().waitFor()
  return Date.now()
}
/** When the daemon's log says so, by its machine's clock. */
const saidOf = async (server: string, state: string) => Date.parse(String(await deed('transition', server, state)))
/** How far that clock is ahead of this one, and by how much that may be wrong. */
async function clockOffset() {
  const asked = Date.now()
  const there = Date.parse(String(await deed('now')))
  const answered = Date.now()
  return { aheadMs: there - (asked + answered) / 2, errorMs: (answered - asked) / 2 }
}

t.test('the page shows what is', async (t) => {
  for (const { server } of start.services[0]?.servers ?? []) await standsIn(server, 'online')
  t.match(await page.locator('main').innerText(), /192\.0\.2\.100[^]*rr[^]*direct/)
  t.same(await axe(page), [])
  await photograph(page, 'cluster-online')
})

t.test('a server that is killed is failed on the page within a second of the verdict, and back as soon', async (t) => {
  await page.evaluate(() => Object.assign(globalThis, { sameDocument: true }))
  const { aheadMs, errorMs } = await clockOffset()
  /** From the line of the log to the document, at most. */
  const tookMs = async (said: Promise<number>, stands: Promise<number>) =>
    (await stands) + aheadMs + errorMs - (await said)
  const failed = [saidOf(first, 'failed'), standsIn(first, 'failed')] as const
  await deed('kill', '0')
  const failedMs = await tookMs(...failed)
  t.ok(failedMs > 0 && failedMs < promisedMs, `failed: ${failedMs.toFixed(0)} ms`)
  await row(first).first().getByText('out', { exact: true }).waitFor()
  t.match(await page.locator('#events').innerText(), /online → failed[^]*refused/)
  t.match((await snapshot()).services[0]?.servers[0], { state: 'failed', lastTransition: { to: 'failed' } })
  await photograph(page, 'cluster-failed')

  const back = [saidOf(first, 'online'), standsIn(first, 'online')] as const
  await deed('start', '0')
  const backMs = await tookMs(...back)
  t.ok(backMs > 0 && backMs < promisedMs, `online: ${backMs.toFixed(0)} ms`)
  t.comment(`from the log to the page: failed after ${failedMs.toFixed(0)} ms, online after ${backMs.toFixed(0)} ms`)
  t.equal(await page.evaluate(() => 'sameDocument' in globalThis), true, 'without reload')
})

t.test('what a check says is text, whatever it says', async (t) => {
  const card = page.getByRole('article').filter({ hasText: '192.0.2.100:81' })
  await card.getByText('failed', { exact: true }).first().waitFor()
  t.match((await snapshot()).services[1]?.servers[0], { state: 'failed', detail: /<svg onload=alert\(1\)>/ })
  t.match(await page.locator('#events').innerText(), /<svg onload=alert\(1\)>/)
  t.equal(await page.locator('svg[onload]').count(), 0)
})

t.test('a daemon that starts anew has its page back by itself', async (t) => {
  const notice = page.getByRole('alert').filter({ hasText: 'The connection is lost' })
  const lost = notice.waitFor()
  await deed('restart')
  await lost
  await notice.waitFor({ state: 'hidden', timeout: patienceMs })
  await standsIn(second, 'online')
  t.equal(await page.evaluate(() => 'sameDocument' in globalThis), true, 'without reload')
})

t.test('metrics are what Prometheus expects, and the daemon is well', async (t) => {
  const metrics = await fetch(`${origin}/metrics`)
  t.match(metrics.headers.get('content-type'), /^text\/plain; version=0\.0\.4/)
  const text = await metrics.text()
  t.match(text, /^node_ipvs_connections_total \d+$/m, "of the kernel's own counters")
  t.match(text, /^node_ipvs_backend_weight\{.*remote_address="192\.0\.2\.\d+".*\} 1$/m)
  t.match(text, /^ipvs_failover_service_servers_online\{service="tcp 192\.0\.2\.100:80"\} 3$/m)
  t.same(await (await fetch(`${origin}/healthz`)).json(), { ok: true, problems: [] })
  t.same(
    complaints.filter((text) => !text.includes('net::ERR_')),
    [],
    'the browser complains of nothing but the time without daemon',
  )
})
