/** What befalls the daemon's own process removes no healthy server. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { openSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import type { Test } from 'tap'
import { until } from '../held.js'
import { configOf, startDaemon } from './daemon.js'
import { role, startRole, tell } from './roles.js'

const count = 50
const timing = { intervalMs: 500, fastIntervalMs: 100, timeoutMs: 250, rise: 1, fall: 2 }
const stallMs = 5000
const stopMs = 30_000
const dayMs = 86_400_000

/** Real servers of the daemon's, in a process that nothing befalls. */
async function serve(): Promise<void> {
  const server = createServer((socket) => socket.on('error', () => {}).resume())
  await once(server.listen({ port: 0, host: '0.0.0.0' }), 'listening')
  tell({ port: (server.address() as AddressInfo).port })
}

const trouble: Record<string, () => Promise<void>> = {
  // Someone else stops this process meanwhile, or nobody does.
  async stopped() {
    tell({ ready: true })
    await once(process, 'message')
  },
  async stall() {
    const end = performance.now() + stallMs
    while (performance.now() < end);
    await Promise.resolve()
  },
  async clock() {
    const real = Date.now.bind(Date)
    for (const days of [1, -1, 0]) {
      Date.now = () => real() + days * dayMs
      await setTimeout(3 * timing.intervalMs)
    }
  },
  async descriptors() {
    const limit = 2000
    for (let opened = 0; opened < limit; opened++) {
      try {
        openSync('/dev/null', 'r')
      } catch {
        break
      }
    }
    await setTimeout(6 * timing.intervalMs)
  },
}

/** Tells how many servers were taken out at any time, and what the checks found. */
async function check(port: number, kind: string): Promise<void> {
  const targets = Array.from({ length: count }, (_, i) => ({ address: `127.3.0.${i + 1}`, port }))
  const found = { pass: 0, fail: 0, inconclusive: 0 }
  const daemon = await startDaemon(configOf(targets, { ...timing, tripwire: true }), {
    onVerdict: ({ outcome }) => void found[outcome]++,
  })
  await until('all servers are in the table', async () => (await daemon.servers()) === count, 30_000)
  await setTimeout(2 * timing.intervalMs)
  const { writes } = daemon.kernel
  const before = { ...found }
  await trouble[kind]?.()
  await setTimeout(4 * timing.intervalMs)
  const after = { inconclusive: found.inconclusive - before.inconclusive, passes: found.pass - before.pass }
  tell({ ...after, writes: daemon.kernel.writes - writes, servers: await daemon.servers() })
  await daemon.stop()
  process.disconnect()
}

if (role === 'serve') await serve()
else if (role === 'check') await check(Number(process.argv[3]), String(process.argv[4]))
else {
  const { default: t } = await import('tap')
  t.setTimeout(300_000)
  const { port } = await startRole(t, 'serve').next()
  const start = (kind: string, before?: readonly string[]) => startRole(t, 'check', [String(port), kind], before)

  const judge = (t: Test, what: string, found: Record<string, unknown>) => {
    const { writes, servers, passes, inconclusive } = found
    t.match({ writes, servers }, { writes: 0, servers: count }, 'nobody was taken out')
    t.comment(
      `measured: ${what}: ${count - Number(servers)} of ${count} healthy servers taken out, ${String(writes)} writes; ${String(passes)} checks passed, ${String(inconclusive)} were inconclusive`,
    )
  }
  void t.test(`a loop that stands still for ${stallMs} ms removes nobody`, async (t) => {
    const found = await start('stall').next()
    judge(t, `the event loop stood still for ${stallMs / 1000} s`, found)
    t.ok(Number(found['passes']) > 0, 'checks went on')
  })
  void t.test('a wall clock that goes a day ahead, and a day back, removes nobody', async (t) => {
    const found = await start('clock').next()
    judge(t, 'the wall clock went a day ahead, a day back, and right again', found)
    t.ok(Number(found['passes']) > 0, 'checks went on')
  })
  void t.test('exhausted descriptors remove nobody', async (t) => {
    const found = await start('descriptors', ['prlimit', '--nofile=200']).next()
    judge(t, 'no descriptors were left', found)
    t.ok(Number(found['inconclusive']) > 0, 'checks met the lack')
  })
  void t.test(`SIGSTOP for ${stopMs} ms removes nobody`, async (t) => {
    const { child, next } = start('stopped')
    t.match(await next(), { ready: true })
    child.kill('SIGSTOP')
    await setTimeout(stopMs)
    child.kill('SIGCONT')
    child.send('go on')
    const found = await next()
    judge(t, `SIGSTOP for ${stopMs / 1000} s`, found)
    t.ok(Number(found['passes']) > 0, 'checks went on')
  })
}
