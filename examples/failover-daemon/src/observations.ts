/** What the daemon remembers of each server beside what its checks say now. */
import type { CheckState } from './checks.js'
import type { Config, ServiceConfig } from './config.js'
import type { Fact, Facts, Order } from './facts.js'
import { afterChange, calm } from './flapping.js'
import type { FlapHistory } from './flapping.js'
import { objectName } from './names.js'
import type { DestinationKey } from 'ipvs'

interface Observation {
  readonly since: number
  readonly history: FlapHistory
}

/** When each server's health changed. */
export class Observations {
  readonly #all = new Map<string, Observation>()

  /** A server's health has changed now. */
  note({ spec, policy: { flapping } }: ServiceConfig, server: DestinationKey, now: number): void {
    const name = objectName(spec, server)
    const { history = calm } = this.#all.get(name) ?? {}
    this.#all.set(name, { since: now, history: flapping ? afterChange(history, now, flapping) : calm })
  }

  /** Forgets those that are not configured any more. */
  prune(config: Config): void {
    const named = new Set(
      config.services.flatMap(({ spec, servers }) => servers.map((server) => objectName(spec, server))),
    )
    for (const name of this.#all.keys()) if (!named.has(name)) this.#all.delete(name)
  }

  /** All that is known. */
  facts(
    config: Config,
    states: ReadonlyMap<string, CheckState>,
    orders: ReadonlyMap<string, Order>,
    pings: ReadonlyMap<string, boolean>,
  ): Facts {
    const facts = new Map<string, Fact>()
    for (const { spec, servers } of config.services)
      for (const server of servers) {
        const name = objectName(spec, server)
        const { health, last } = states.get(name) ?? { health: 'unknown' }
        const { since, history } = this.#all.get(name) ?? {}
        facts.set(name, {
          health,
          since,
          heldUntil: history?.heldUntil,
          weight: last?.outcome === 'pass' ? last.weight : undefined,
          pings: pings.get(server.address),
          order: orders.get(name),
        })
      }
    return facts
  }
}
