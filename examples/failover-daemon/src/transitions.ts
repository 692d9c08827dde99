/** Tells what has changed: to the log, and to those who listen. */
import { inspect } from 'node:util'
import type { DestinationKey } from 'ipvs'
import type { HealthEvent, Target } from 'ipvs/health'
import type { Config, ServiceConfig } from './config.js'
import type { DirectorEvent } from './events.js'
import { factOf, serverState } from './facts.js'
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
  #reasons = new Map<string, { reason: string | undefined; detail: string | undefined }>()
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
    this.#reasons.set(objectName(spec, server), { reason, detail })
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
    this.#onEvent({ at: Date.now(), kind: 'kernel', ok: !lost, detail })
  }

  #server(service: ServiceConfig, server: DestinationKey, from: ServerState, to: ServerState): void {
    if (from === to) return
    const names = { service: serviceName(service.spec), server: serverName(server) }
    const { reason, detail } = this.#reasons.get(objectName(service.spec, server)) ?? {}
    // What the checks find has its line already.
    if (to !== 'online' && to !== 'failed') this.#log.info({ ...names, from, to }, `server ${to}`)
    const name = service.about.get(serverName(server))?.name
    this.#onEvent({ at: Date.now(), kind: 'server', ...names, name, from, to, reason, detail })
  }

  #service(service: ServiceConfig, facts: Facts, short: boolean, now: number): void {
    const name = serviceName(service.spec)
    if (short === (this.#short.get(name) ?? false)) return
    const up = service.servers.filter((server) => serverState(factOf(facts, service, server), now) === 'online').length
    const needed = service.policy.quorum.up
    const { whenAllDown } = service.policy
    if (short) this.#log.error({ service: name, up, needed, whenAllDown }, 'service below its quorum')
    else this.#log.info({ service: name, up, needed }, 'service has its quorum again')
    this.#onEvent({ at: Date.now(), kind: 'service', service: name, quorum: short ? 'lost' : 'gained', up, needed })
  }

  #guard(suspect: boolean): void {
    this.#suspect = suspect
    const detail = suspect
      ? 'most hosts failed at once: this director is suspected, and they stay in for a while'
      : 'failures are believed again'
    if (suspect) this.#log.error({}, detail)
    else this.#log.info({}, detail)
    this.#onEvent({ at: Date.now(), kind: 'guard', ok: !suspect, detail })
  }
}
