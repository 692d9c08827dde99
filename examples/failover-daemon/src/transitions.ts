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

/** Compares each decision with the one before. */
export class Transitions {
  readonly #log: Log
  readonly #onEvent: (event: DirectorEvent) => void
  /** By `objectName()`. */
  #states: ReadonlyMap<string, ServerState> = new Map()
  /** Of the last check that failed, by the same. */
  readonly #failures = new Map<string, NoPass>()
  #short: ReadonlyMap<string, boolean> = new Map()
  #suspect = false
  #kernelLost = false

  constructor(log: Log, onEvent: (event: DirectorEvent) => void = () => {}) {
    this.#log = log
    this.#onEvent = onEvent
  }

  /** A server was found up or down. */
  health({ spec }: ServiceConfig, server: DestinationKey, { state, verdict, latencyMs }: HealthEvent<Target>): void {
    const { reason, detail } = verdict.outcome === 'pass' ? {} : verdict
    const fields = {
      service: serviceName(spec),
      server: serverName(server),
      state,
      reason,
      latencyMs: Math.round(latencyMs * 10) / 10,
      detail,
    }
    if (state === 'up') this.#log.info(fields, 'server up')
    else this.#log.warn(fields, 'server down')
  }

  /** A check has ended: those who count failures hear of each that a server that is out has, too. */
  verdict(service: ServiceConfig, server: DestinationKey, verdict: Verdict, latencyMs: number): void {
    const name = objectName(service.spec, server)
    if (verdict.outcome === 'pass') this.#failures.delete(name)
    if (verdict.outcome !== 'fail') return
    this.#failures.set(name, verdict)
    const state = this.#states.get(name)
    if (state !== undefined && isOut(state)) this.#tell(service, server, state, state, latencyMs)
  }

  /** A decision was made on these facts. */
  decided(config: Config, facts: Facts, { memory, suspect }: Decision, now: number): void {
    const states = new Map<string, ServerState>()
    for (const service of config.services) {
      for (const server of service.servers) {
        const name = objectName(service.spec, server)
        const to = serverState(factOf(facts, service, server), now)
        states.set(name, to)
        this.#server(service, server, this.#states.get(name) ?? 'unknown', to)
      }
      this.#service(service, facts, memory.short.get(serviceName(service.spec)) ?? false, now)
    }
    this.#states = states
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

  #server(service: ServiceConfig, server: DestinationKey, from: ServerState, to: ServerState): void {
    if (from === to) return
    const names = { service: serviceName(service.spec), server: serverName(server) }
    // What the checks find has its line already.
    if (to !== 'online' && to !== 'failed') this.#log.info({ ...names, from, to }, `server ${to}`)
    this.#tell(service, server, from, to)
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
