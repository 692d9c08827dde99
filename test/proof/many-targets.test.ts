/** 10,000 targets, each checked by TCP every 2 s, in one process. */
import '../../examples/failover-daemon/src/heap.js'
import { setTimeout } from 'node:timers/promises'
import { until } from '../held.js'
import { accept } from './acceptor.js'
import { configOf, lateClock, quantile, startDaemon } from './daemon.js'
import { role, startRole, tell } from './roles.js'

const count = 10_000
const seconds = 30

async function check(port: number): Promise<void> {
  const targets = Array.from({ length: count }, (_, i) => ({ address: `127.1.${i >> 8}.${i & 255}`, port }))
  const clock = lateClock()
  let verdicts = 0
  const config = configOf(targets, { rise: 1 })
  const daemon = await startDaemon(config, {
    clock,
    onVerdict: () => void verdicts++,
  })
  const started = performance.now()
  // Reading ten thousand rows all the time would be work that no daemon has.
  await until(
    'all services and servers are written',
    () => daemon.kernel.writes >= config.services.length + count,
    60_000,
  )
  const ready = performance.now() - started
  await setTimeout(5000)
  clock.late = []
  verdicts = 0
  const { writes } = daemon.kernel
  const [wall, before] = [performance.now(), process.cpuUsage()]
  let rss = 0
  const sampling = setInterval(() => (rss = Math.max(rss, process.memoryUsage.rss())), 500)
  await setTimeout(seconds * 1000)
  clearInterval(sampling)
  const { user, system } = process.cpuUsage(before)
  const cpu = (user + system) / 1000 / (performance.now() - wall)
  tell({
    ready,
    cpu,
    late: quantile(clock.late, 0.99),
    most: quantile(clock.late, 1),
    rate: verdicts / seconds,
    rss: rss / 1e6,
    servers: await daemon.servers(),
    writes: daemon.kernel.writes - writes,
  })
  await daemon.stop()
  process.disconnect()
}

if (role === 'serve') accept()
else if (role === 'check') await check(Number(process.argv[3]))
else {
  const { default: t } = await import('tap')
  t.setTimeout(600_000)
  void t.test(`${count} targets every 2 s`, { timeout: 180_000 }, async (t) => {
    const { port } = await startRole(t, 'serve').next()
    const found = (await startRole(t, 'check', [String(port)]).next()) as Record<string, number>
    const { cpu = NaN, late = NaN, rss = NaN, rate = NaN, most = NaN, ready = NaN } = found
    t.comment(
      `measured: ${count} targets every 2 s: ${(cpu * 100).toFixed(0)} % of a processor, starts late by ${late.toFixed(1)} ms at p99 and ${most.toFixed(0)} ms at most, ${rss.toFixed(0)} MB; all in the table ${(ready / 1000).toFixed(1)} s after the start`,
    )
    t.ok(rate >= count / 2, `at least ${count / 2} starts a second: ${rate.toFixed(0)}`)
    t.ok(cpu < 0.6, `below 60 % of a core: ${(cpu * 100).toFixed(1)} %`)
    t.ok(late < 10, `start lateness below 10 ms at p99: ${late.toFixed(2)} ms`)
    t.ok(rss < 200, `below 200 MB: ${rss.toFixed(0)} MB`)
    t.equal(found['servers'], count, 'nobody was taken out')
    t.equal(found['writes'], 0)
  })
}
