/** Tells what has changed: to the log, and to those who listen. */
import { inspect } from 'node:util'
import type { DestinationKey } from 'ipvs'
import type { HealthEvent, NoPass, Target, Verdict } from 'ipvs/health'
import type { Config, ServiceConfig } from './config.js'
import type { DirectorEvent } from './events.js'
import { factOf, isOut, serverState } from './facts.js'
import type { Facts, ServerState } from './facts.js'
import type { Log } from './log.js'
import { objectName, serverName, serviceName } from './names.js'
import type { Decision } from './policy.js'

/** What a server is, and since when, in milliseconds of the clock of the facts. */
interface State {
  readonly state: ServerState
  readonly since: number
}

/** Compares each decision with the one before. */
export class Transitions {
  readonly #log: Log
  readonly #onEvent: (event: DirectorEvent) => void
  /** By `objectName()`. */
  #states: ReadonlyMap<string, State> = new Map()
  /** Of the last check that failed, by the same. */
  readonly #failures = new Map<string, NoPass>()
  /** What the check took that changed a server's health since the last decision, by the same. */
  readonly #latencies = new Map<string, number>()
  #short: ReadonlyMap<string, boolean> = new Map()
  #suspect = false
  #kernelLost = false

  constructor(log: Log, onEvent: (event: DirectorEvent) => void) {
    this.#log = log
    this.#onEvent = onEvent
  }

  /** A server was found up or down. */
  health({ spec }: ServiceConfig, server: DestinationKey, { latencyMs }: HealthEvent<Target>): void {
    this.#latencies.set(objectName(spec, server), Math.round(latencyMs * 10) / 10)
  }

  /** A check has ended: those who count failures hear of each that a server that is out has, too. */
  verdict(service: ServiceConfig, server: DestinationKey, verdict: Verdict, latencyMs: number): void {
    const name = objectName(service.spec, server)
    if (verdict.outcome === 'pass') this.#failures.delete(name)
    if (verdict.outcome !== 'fail') return
    this.#failures.set(name, verdict)
    const state = this.#states.get(name)?.state
    if (state !== undefined && isOut(state)) this.#tell(service, server, state, state, latencyMs)
  }

  /** A decision was made on these facts. */
  decided(config: Config, facts: Facts, { memory, suspect }: Decision, now: number): void {
    const states = new Map<string, State>()
    for (const service of config.services) {
      for (const server of service.servers) {
        const name = objectName(service.spec, server)
        const to = serverState(factOf(facts, service, server), now)
        const from = this.#states.get(name) ?? { state: 'unknown', since: now }
        states.set(name, from.state === to ? from : { state: to, since: now })
        if (from.state !== to) this.#server(service, server, from.state, to, now - from.since)
      }
      this.#service(service, facts, memory.short.get(serviceName(service.spec)) ?? false, now)
    }
    this.#states = states
    for (const name of this.#failures.keys()) if (!states.has(name)) this.#failures.delete(name)
    this.#latencies.clear()
    this.#short = memory.short
    if (suspect !== this.#suspect) this.#guard(suspect)
  }

  /** The kernel's table could be read, or not. */
  kernel(error: unknown): void {
    const lost = error !== undefined
    if (lost === this.#kernelLost) return
    this.#kernelLost = lost
    const detail = error instanceof Error ? error.message : lost ? inspect(error) : 'the table can be read again'
    this.#onEvent({ type: 'kernel', at: Date.now(), ok: !lost, detail })
  }

  #server(service: ServiceConfig, server: DestinationKey, from: ServerState, to: ServerState, lastedMs: number): void {
    const name = objectName(service.spec, server)
    const { reason, detail } = this.#failures.get(name) ?? {}
    const latencyMs = this.#latencies.get(name)
    const fields = {
      service: serviceName(service.spec),
      server: serverName(server),
      name: service.about.get(serverName(server))?.name,
      from,
      to,
      reason,
      detail,
      latencyMs,
      durationMs: Math.round(lastedMs),
    }
    if (isOut(to)) this.#log.warn(fields, `server ${to}`)
    else this.#log.info(fields, `server ${to}`)
    this.#tell(service, server, from, to, latencyMs)
  }

  #tell(service: ServiceConfig, server: DestinationKey, from: ServerState, to: ServerState, latencyMs?: number): void {
    const failure = this.#failures.get(objectName(service.spec, server))
    this.#onEvent({
      type: 'server',
      at: Date.now(),
      service: serviceName(service.spec),
      server: serverName(server),
      name: service.about.get(serverName(server))?.name,
      from,
      to,
      reason: failure?.reason ?? '',
      detail: failure?.detail ?? '',
      latencyMs,
    })
  }

  #service(service: ServiceConfig, facts: Facts, short: boolean, now: number): void {
    const name = serviceName(service.spec)
    if (short === (this.#short.get(name) ?? false)) return
    const up = service.servers.filter((server) => serverState(factOf(facts, service, server), now) === 'online').length
    const needed = service.policy.quorum.up
    const { whenAllDown } = service.policy
    if (short) this.#log.error({ service: name, up, needed, whenAllDown }, 'service below its quorum')
    else this.#log.info({ service: name, up, needed }, 'service has its quorum again')
    const detail = `${up} of ${needed} servers are up`
    this.#onEvent({ type: 'quorum', at: Date.now(), service: name, ok: !short, detail })
  }

  #guard(suspect: boolean): void {
    this.#suspect = suspect
    const detail = suspect
      ? 'most hosts failed at once: this director is suspected, and they stay in for a while'
      : 'failures are believed again'
    if (suspect) this.#log.error({}, detail)
    else this.#log.info({}, detail)
    this.#onEvent({ type: 'guard', at: Date.now(), ok: !suspect, detail })
  }
}
