/** The daemon's director and checks on an in-memory kernel, with real connections, and what they measure. */
import { join } from 'node:path'
import { mkdtemp, rm } from 'node:fs/promises'
import { openSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { tmpdir } from 'node:os'
import { createMonitorWith } from '../../lib/health/monitor.js'
import { type Clock, systemClock } from '../../lib/health/clock.js'
import { memoryOrders } from '../../examples/failover-daemon/test/director-bench.js'
import { config as tableConfig } from '../../examples/failover-daemon/test/tables.js'
import { startMonitorWith } from '../../examples/failover-daemon/src/checks.js'
import type { CheckConfig, Config } from '../../examples/failover-daemon/src/config.js'
import { Director } from '../../examples/failover-daemon/src/director.js'
import { openLog } from '../../examples/failover-daemon/src/log.js'
import { Metrics } from '../../examples/failover-daemon/src/metrics.js'
import { Rates } from '../../examples/failover-daemon/src/rates.js'
import { noneKnown, withServers } from '../../examples/failover-daemon/src/sources.js'
import { openLedger } from '../../examples/failover-daemon/src/state.js'
import type { Target, Verdict } from 'ipvs/health'
import { createTestKernel } from 'ipvs/testing'

/** The clock of the process, that keeps how late each of its timers was, in milliseconds. */
export function lateClock(): Clock & { late: number[] } {
  const clock = {
    ...systemClock,
    late: [] as number[],
    after(delayMs: number, callback: () => void) {
      const due = performance.now() + delayMs
      return systemClock.after(delayMs, () => {
        clock.late.push(Math.max(0, performance.now() - due))
        callback()
      })
    },
  }
  return clock
}

/** Services of a hundred servers each, all checked at this port in this way. */
export function configOf(targets: readonly Target[], check: Partial<CheckConfig> = {}): Config {
  const base = tableConfig([])
  const [first] = base.services
  if (first === undefined) throw new Error('expected a service')
  const services = []
  for (let from = 0; from < targets.length; from += 100)
    services.push(
      withServers(
        {
          ...first,
          spec: { ...first.spec, address: `192.0.2.${1 + from / 100}` },
          sources: targets
            .slice(from, from + 100)
            .map((target) => ({ kind: 'address' as const, ...target, weight: 1, checkAddress: undefined })),
          forwarding: 'masquerade',
          check: { ...first.check, tripwire: false, ...check } as CheckConfig,
        },
        noneKnown,
      ),
    )
  return { ...base, services }
}

interface DaemonOptions {
  readonly clock?: Clock
  readonly onVerdict?: (verdict: Verdict) => void
}

/** A director that keeps an in-memory table right, its ledger on disk, and what page and metrics show of it. */
export async function startDaemon(config: Config, { clock = systemClock, onVerdict }: DaemonOptions = {}) {
  // As with a real one, which a thread asks, other work goes on before an answer.
  const kernel = createTestKernel({ pause: setImmediate })
  const { log } = openLog(openSync('/dev/null', 'w'))
  const folder = await mkdtemp(join(tmpdir(), 'ipvs-proof-'))
  const ending = new AbortController()
  const start = startMonitorWith((targets, options) => createMonitorWith(clock, targets, options))
  const rates = new Rates()
  const metrics = new Metrics({ status: () => director.status(), table: () => director.table })
  let changed = () => {}
  const director: Director = new Director({
    config,
    ipvs: kernel.open(),
    ledger: await openLedger(folder, log),
    orders: memoryOrders(),
    log,
    rates,
    onEvent(event) {
      metrics.event(event)
      changed()
    },
    onVerdict: (service, verdict, latencyMs) => metrics.verdict(service, verdict, latencyMs),
    onTable: () => changed(),
    startMonitor: (check, hooks) =>
      start(check, {
        ...hooks,
        onVerdict(target, verdict, latencyMs) {
          onVerdict?.(verdict)
          hooks.onVerdict(target, verdict, latencyMs)
        },
      }),
  })
  const ended = director.run(ending.signal)
  const outside = kernel.open()
  return {
    kernel,
    director,
    metrics,
    samples: () => rates.samples,
    /** Who hears of each change, and of each round. */
    onChange: (hear: () => void) => (changed = hear),
    /** How many servers the table has. */
    servers: async () => (await outside.table()).reduce((sum, { destinations }) => sum + destinations.length, 0),
    async stop() {
      ending.abort()
      await ended
      await rm(folder, { recursive: true })
    },
  }
}

/** The value below which this share lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}
