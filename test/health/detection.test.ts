import fc from 'fast-check'
import t from 'tap'
import { createMonitorWith } from '../../lib/health/monitor.js'
import { type Check, type Monitor, type Target, createMonitor, http, tcp } from '../../lib/health/index.js'
import { dispose, fakeCheck, never, pass, refused, target } from './fake-check.js'
import { FakeClock } from './fake-clock.js'
import { startServer } from './servers.js'

const timing = { intervalMs: 100, fastIntervalMs: 20, timeoutMs: 100, rise: 1, fall: 3 }

/** Milliseconds from the kill, which is when all are up, to the event that each of the targets is down. */
async function timesToDown(monitor: Monitor<Target>, count: number, kill: () => void): Promise<number[]> {
  const times: number[] = []
  let killedAt = Infinity
  for await (const { state } of monitor) {
    if (state === 'down') times.push(performance.now() - killedAt)
    if (times.length === count) break
    const states = [...monitor.states().values()]
    if (killedAt === Infinity && states.every(({ state }) => state === 'up')) {
      killedAt = performance.now()
      kill()
    }
  }
  return times
}

t.test('whenever a target dies, it is down within the promised time', async (t) => {
  const fraction = fc.double({ min: 0.1, max: 0.9, noNaN: true })
  const property = fc.asyncProperty(
    fc.integer({ min: 100, max: 3000 }),
    fc.record({ fast: fraction, jitter: fraction, chance: fraction }),
    fc.integer({ min: 1, max: 2000 }),
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 0, max: 3000 }),
    fc.boolean(),
    async (intervalMs, { fast, jitter, chance }, timeoutMs, fall, diesAt, silent) => {
      const clock = new FakeClock()
      clock.chance = chance
      const { check } = fakeCheck(clock, () => (clock.now() < diesAt ? pass : silent ? never : refused))
      const options = { intervalMs, timeoutMs, fall, jitterMs: intervalMs * jitter, initial: (): 'up' => 'up' }
      const fastIntervalMs = Math.max(1, intervalMs * fast)
      const monitor = createMonitorWith(clock, [target(1)], { ...options, fastIntervalMs, check })
      const promise = intervalMs + (fall - 1) * fastIntervalMs + (silent ? fall * timeoutMs : 0)
      await clock.advance(diesAt + promise + 0.001)
      const { state } = [...monitor.states().values()][0] ?? {}
      await dispose(clock, monitor)
      return state === 'down'
    },
  )
  await t.resolves(fc.assert(property, { numRuns: 50 }))
})

t.test('real servers that are killed are down within interval + (fall - 1) * fast interval + 50 ms', async (t) => {
  const promiseMs = timing.intervalMs + (timing.fall - 1) * timing.fastIntervalMs + 50
  const checks: Record<string, Check> = { tcp: tcp(), http: http() }
  for (const [name, check] of Object.entries(checks)) {
    const serve = (socket: { end(text: string): void }): void => socket.end('HTTP/1.1 200 OK\r\n\r\n')
    const servers = await Promise.all(Array.from({ length: 10 }, () => startServer(t, serve)))
    const monitor = createMonitor<Target>(servers, { ...timing, check })
    const times = await timesToDown(monitor, servers.length, () => servers.forEach((server) => void server.kill()))
    await monitor[Symbol.asyncDispose]()
    const worst = Math.max(...times)
    t.ok(worst <= promiseMs, `${name}: ${worst.toFixed(1)} ms of ${promiseMs} ms`)
  }
})

t.test('real servers that accept and never answer: fall * timeout more', async (t) => {
  const promiseMs = timing.intervalMs + (timing.fall - 1) * timing.fastIntervalMs + timing.fall * timing.timeoutMs + 50
  let silent = false
  const serve = (socket: { end(text: string): void }): void => {
    if (!silent) socket.end('HTTP/1.1 200 OK\r\n\r\n')
  }
  const servers = await Promise.all(Array.from({ length: 10 }, () => startServer(t, serve)))
  const monitor = createMonitor<Target>(servers, { ...timing, check: http() })
  const times = await timesToDown(monitor, servers.length, () => (silent = true))
  t.match([...monitor.states().values()][0], { state: 'down', last: { outcome: 'fail', reason: 'timeout' } })
  await monitor[Symbol.asyncDispose]()
  const worst = Math.max(...times)
  t.ok(worst <= promiseMs, `${worst.toFixed(1)} ms of ${promiseMs} ms`)
})
