/** What machines read: metrics in the text format of Prometheus. docs/metrics.md has them all. */
import { readFile } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Table } from 'ipvs'
import type { Verdict } from 'ipvs/health'
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import type { DirectorEvent } from './events.js'
import { familyText } from './metrics/family.js'
import type { Family } from './metrics/family.js'
import { parseIpVsStats } from './metrics/ip-vs-stats.js'
import { nodeExporterFamilies } from './metrics/node-exporter.js'
import { ServiceCounters } from './metrics/service-counters.js'
import { prefix, stateFamilies } from './metrics/state.js'
import type { Status } from './status-schema.js'
import { version } from './version.js'

/** What metrics are made of. */
export interface MetricsParts {
  /** The snapshot. */
  readonly status: () => Status
  /** As it was last read. */
  readonly table: () => Table
  /** The text of /proc/net/ip_vs_stats. @default read from there */
  readonly readStats?: (() => Promise<string>) | undefined
}

/** Seconds. */
const roundBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Of prom-client's default metrics: gauges with names of counters, and it lists every socket to count them. */
const unwanted = ['active_resources', 'active_handles', 'active_requests'].flatMap((name) => [
  `nodejs_${name}`,
  `nodejs_${name}_total`,
])

/** What is made of the state at each scrape. The registry has the rest, which is counted as it happens. */
export const families: readonly Family[] = [...stateFamilies, ...nodeExporterFamilies]

const readSystemStats = () => readFile('/proc/net/ip_vs_stats', 'utf8')

/** Counts what happens, and tells what is so. Nothing but text() waits or throws. */
export class Metrics {
  readonly registry = new Registry()
  readonly #parts: MetricsParts
  readonly #services: ServiceCounters
  readonly #repairs: Counter
  readonly #rounds: Counter
  readonly #roundDuration: Histogram
  readonly #lastRound: Gauge
  readonly #daemon: Readonly<Record<'kernel' | 'config' | 'guard', Gauge>>
  #scrape: Promise<string> | undefined

  constructor(parts: MetricsParts) {
    this.#parts = parts
    const registers = [this.registry]
    new Gauge({
      name: `${prefix}build_info`,
      help: 'Always 1; its label is the version of the daemon.',
      labelNames: ['version'],
      registers,
    }).set({ version: version() }, 1)
    this.#services = new ServiceCounters(this.registry)
    this.#repairs = new Counter({
      name: `${prefix}repairs_total`,
      help: 'Changes of the table that nobody here had asked for: what others had done to it.',
      registers,
    })
    this.#rounds = new Counter({ name: `${prefix}rounds_total`, help: 'Full rounds that were completed.', registers })
    this.#roundDuration = new Histogram({
      name: `${prefix}round_duration_seconds`,
      help: 'What a full round took: reading the table, deciding, writing.',
      buckets: roundBounds,
      registers,
    })
    this.#lastRound = new Gauge({
      name: `${prefix}last_round_timestamp_seconds`,
      help: 'When the last full round was completed; 0 before the first.',
      registers,
    })
    const daemonGauge = (name: string, help: string) => new Gauge({ name: prefix + name, help, registers })
    this.#daemon = {
      kernel: daemonGauge('kernel_up', "1 while the kernel's table can be read."),
      config: daemonGauge('config_ok', '1 unless the last configuration that was offered was refused.'),
      guard: daemonGauge('guard_suspect', '1 while most hosts failed at once and this director is suspected.'),
    }
    this.#daemon.kernel.set(1)
    this.#daemon.config.set(1)
    collectDefaultMetrics({ register: this.registry })
    for (const name of unwanted) this.registry.removeSingleMetric(name)
  }

  /** A check has ended. */
  verdict(service: string, verdict: Verdict, latencyMs: number): void {
    this.#services.verdict(service, verdict, latencyMs)
  }

  /** Something happened. */
  event(event: DirectorEvent): void {
    if (event.type === 'server') this.#services.transition(event)
    else if (event.type === 'guard') this.#daemon.guard.set(Number(!event.ok))
    else if (event.type !== 'quorum' && event.type !== 'role') this.#daemon[event.type].set(Number(event.ok))
  }

  /** A round wrote so many changes that no transition had asked for. */
  repaired(changes: number): void {
    this.#repairs.inc(changes)
  }

  /** A full round is complete. @param at milliseconds since 1970 */
  round(durationMs: number, at: number): void {
    this.#rounds.inc()
    this.#roundDuration.observe(durationMs / 1000)
    this.#lastRound.set(at / 1000)
  }

  /** The media type of text(). */
  get contentType(): string {
    return this.registry.contentType
  }

  /** All of it, as it is now. Who asks at the same time gets the same. */
  text(): Promise<string> {
    return (this.#scrape ??= this.#text().finally(() => (this.#scrape = undefined)))
  }

  async #text(): Promise<string> {
    const { status, table, readStats = readSystemStats } = this.#parts
    // Missing where the kernel has no IPVS, or does not tell.
    const totals = parseIpVsStats(await readStats().catch(() => ''))
    const view = { status: status(), table: table(), totals }
    this.#services.keep(view.status.services.map(({ service }) => service))
    const texts: string[] = []
    for (const family of families) texts.push(await familyText(family, view))
    for (const { name } of this.registry.getMetricsAsArray()) {
      texts.push(await this.registry.getSingleMetricAsString(name))
      // Checks do not wait for all of them.
      await nextTurn()
    }
    return `${texts.join('\n\n')}\n`
  }
}
