/** The guard against our own faults: when most hosts fail at once, the likeliest culprit is this one. Pure. */
import type { Config } from './config.js'
import { factOf } from './facts.js'
import type { Fact, Facts } from './facts.js'

/** When to doubt ourselves. */
export interface Guard {
  /** More than this share of the hosts, from 0 to 1; of three hosts at least. */
  readonly share: number
  /** For so many milliseconds after its failure a server stays in. */
  readonly holdMs: number
}

/** Fewer hosts than this may well fail together. */
const fewestHosts = 3

/** Whether so many hosts failed lately that the failures are not believed yet. */
export function isSuspect(config: Config, facts: Facts, now: number): boolean {
  const { guard } = config
  if (guard === undefined) return false
  const failed = new Map<string, boolean>()
  for (const service of config.services)
    for (const server of service.servers) {
      const fact = factOf(facts, service, server)
      if (fact.health === 'unknown' || fact.order !== undefined) continue
      const recent = failedLately(fact, guard, now)
      // One that has been down for long says nothing about now.
      if (fact.health === 'down' && !recent) continue
      failed.set(server.address, recent || failed.get(server.address) === true)
    }
  const suspicious = [...failed.values()].filter(Boolean).length
  return failed.size >= fewestHosts && suspicious > guard.share * failed.size
}

/** Whether it went down less than `holdMs` ago. */
export const failedLately = ({ health, since }: Fact, { holdMs }: Guard, now: number): boolean =>
  health === 'down' && since !== undefined && now - since < holdMs
