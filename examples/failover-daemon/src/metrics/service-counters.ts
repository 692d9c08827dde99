/** What is counted of each service as it happens. */
import type { Verdict } from 'ipvs/health'
import { Counter, Histogram } from 'prom-client'
import type { Registry } from 'prom-client'
import type { ServerEvent } from '../events.js'
import { configuredStates, prefix } from './state.js'

/** Seconds: a check in the same rack takes half a millisecond, and few timeouts are longer than ten seconds. */
const bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

const outcomes = ['pass', 'fail', 'inconclusive'] as const satisfies readonly Verdict['outcome'][]

/** The counters of one service: looked up once, not for each check. */
interface OfService {
  readonly checks: Readonly<Record<Verdict['outcome'], Counter.Internal>>
  readonly duration: Histogram.Internal<'service'>
}

export class ServiceCounters {
  readonly #checks: Counter<'service' | 'outcome'>
  readonly #duration: Histogram<'service'>
  readonly #transitions: Counter<'service' | 'to'>
  readonly #failovers: Counter<'service'>
  readonly #known = new Map<string, OfService>()

  constructor(registry: Registry) {
    const registers = [registry]
    this.#checks = new Counter({
      name: `${prefix}checks_total`,
      help: 'Checks of the servers of a service. An inconclusive one met trouble of this host and says nothing of the server.',
      labelNames: ['service', 'outcome'],
      registers,
    })
    this.#duration = new Histogram({
      name: `${prefix}check_duration_seconds`,
      help: 'What the checks of a service took that passed or failed.',
      labelNames: ['service'],
      buckets: bounds,
      registers,
    })
    this.#transitions = new Counter({
      name: `${prefix}transitions_total`,
      help: 'How often a server of a service went into a state.',
      labelNames: ['service', 'to'],
      registers,
    })
    this.#failovers = new Counter({
      name: `${prefix}failovers_total`,
      help: 'How often a server that was online failed its checks and was to be taken out.',
      labelNames: ['service'],
      registers,
    })
  }

  /** A check has ended. */
  verdict(service: string, { outcome }: Verdict, latencyMs: number): void {
    const { checks, duration } = this.#of(service)
    checks[outcome].inc()
    // What met trouble here has a duration that says nothing of the server either.
    if (outcome !== 'inconclusive') duration.observe(latencyMs / 1000)
  }

  /** A server is in another state, or has failed once more. */
  transition({ service, from, to }: ServerEvent): void {
    if (from === to) return
    this.#of(service)
    this.#transitions.inc({ service, to })
    if (from === 'online' && (to === 'failed' || to === 'offline')) this.#failovers.inc({ service })
  }

  /** Counts for these services, from zero where one is new, and forgets all others. */
  keep(services: readonly string[]): void {
    const kept = new Set(services)
    for (const service of this.#known.keys()) if (!kept.has(service)) this.#forget(service)
    for (const service of kept) this.#of(service)
  }

  /** With every counter at zero: what appears at one would be no increase. */
  #of(service: string): OfService {
    const known = this.#known.get(service)
    if (known !== undefined) return known
    for (const to of configuredStates) this.#transitions.inc({ service, to }, 0)
    this.#failovers.inc({ service }, 0)
    this.#duration.zero({ service })
    for (const outcome of outcomes) this.#checks.inc({ service, outcome }, 0)
    const countOf = (outcome: Verdict['outcome']) => this.#checks.labels({ service, outcome })
    const checks = { pass: countOf('pass'), fail: countOf('fail'), inconclusive: countOf('inconclusive') }
    const made = { checks, duration: this.#duration.labels({ service }) }
    this.#known.set(service, made)
    return made
  }

  #forget(service: string): void {
    this.#known.delete(service)
    for (const outcome of outcomes) this.#checks.remove({ service, outcome })
    for (const to of configuredStates) this.#transitions.remove({ service, to })
    this.#failovers.remove({ service })
    this.#duration.remove({ service })
  }
}
