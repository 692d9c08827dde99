/** One server that swallows everything does not hold up the checks of the others. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { systemClock } from '../../lib/health/clock.js'
import { createMonitorWith } from '../../lib/health/monitor.js'
import { http } from 'ipvs/health'
import type { Target } from 'ipvs/health'
import { quantile } from './daemon.js'

t.setTimeout(120_000)
// The check that is swallowed waits for its deadline almost all the time.
const timing = { intervalMs: 200, timeoutMs: 190, jitterMs: 200, rise: 1, fall: 3 }
const phases = 10
const phaseMs = 2000

t.test('one blackholed host of 50 delays the checks of the others by no more than 10 ms at p99', async (t) => {
  let swallows = false
  let swallowed = 0
  const targets: readonly Target[] = Array.from({ length: 50 }, (_, i) => ({ address: `127.2.0.${i + 1}`, port: 0 }))
  const victim = targets[0]?.address
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      if (swallows && socket.localAddress === victim) swallowed++
      else socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
    })
  })
  await once(server.listen(0, '0.0.0.0'), 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo

  // Without chance a check starts one interval after the last one: what it starts later is its lateness.
  const clock = { ...systemClock, random: () => 0 }
  const lastStart = new Map<string, number>()
  let late: number[] = []
  let failed = 0
  const check = http()
  const monitor = createMonitorWith<Target>(
    clock,
    targets.map(({ address }) => ({ address, port })),
    {
      ...timing,
      check(target, signal) {
        const now = performance.now()
        const last = lastStart.get(target.address)
        if (last !== undefined && target.address !== victim) late.push(now - last - timing.intervalMs)
        lastStart.set(target.address, now)
        return check(target, signal)
      },
      onVerdict: ({ address }, { outcome }) => {
        if (outcome !== 'pass' && address !== victim) failed++
      },
    },
  )
  t.teardown(() => monitor[Symbol.asyncDispose]())
  /** How late checks start in one phase. */
  async function phase(swallow: boolean): Promise<readonly number[]> {
    swallows = swallow
    // The first check that meets it begins.
    await setTimeout(timing.intervalMs)
    late = []
    await setTimeout(phaseMs)
    return late
  }
  // Warm, so that what comes first is not slower for being the first.
  await phase(false)
  const [without, with_]: [number[], number[]] = [[], []]
  for (let i = 0; i < phases; i++) {
    without.push(...(await phase(false)))
    with_.push(...(await phase(true)))
  }
  const [usual, delayed] = [quantile(without, 0.99), quantile(with_, 0.99)]
  t.comment(
    `measured: start lateness of the other 49, p99: ${usual.toFixed(2)} ms without, ${delayed.toFixed(2)} ms with a blackhole; ${with_.length} starts`,
  )
  t.ok(swallowed >= phases * (phaseMs / timing.intervalMs - 2), `${swallowed} checks were swallowed`)
  t.equal(failed, 0, 'the others pass')
  t.ok(with_.length > 0.9 * 49 * phases * (phaseMs / timing.intervalMs), 'the others are checked as often as ever')
  t.ok(delayed - usual <= 10, `${(delayed - usual).toFixed(2)} ms more`)
})
