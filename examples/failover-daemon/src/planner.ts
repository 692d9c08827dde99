/** What the table should be, from all that is known; remembers what the next decision needs. */
import { diff } from 'ipvs'
import type { Change, DestinationKey, ObjectKey, Table } from 'ipvs'
import type { Votes } from './agreement.js'
import type { CheckState } from './checks.js'
import type { Clock } from './clock.js'
import type { Config, ServiceConfig } from './config.js'
import type { Facts } from './facts.js'
import { keyName, objectNames } from './names.js'
import { Observations } from './observations.js'
import type { Orders } from './orders.js'
import { decide, noMemory, owned } from './policy.js'
import type { Decision, Memory } from './policy.js'
import { canRest, stands } from './rest.js'
import type { Rest } from './rest.js'
import type { Ledger } from './state.js'
import { created } from './writes.js'

export interface PlannerParts {
  readonly ledger: Ledger
  readonly orders: Orders
  readonly clock: Clock
  /** What the checks say, by `objectName()`. */
  readonly checks: () => ReadonlyMap<string, CheckState>
  /** Which hosts answer pings, by address. */
  readonly pings: () => ReadonlyMap<string, boolean>
  /** What other directors find. */
  readonly votes: () => Votes
}

/** A decision beside what it was made of. */
export interface Plan {
  readonly facts: Facts
  readonly decision: Decision
  readonly changes: readonly Change[]
  /** What the ledger is to name before they are made, so that a crash leaves nothing without an owner. */
  readonly ledger: readonly ObjectKey[]
}

export class Planner {
  readonly #parts: PlannerParts
  readonly #observations = new Observations()
  #memory: Memory = noMemory
  #suspect = false
  #rest: Rest | undefined

  constructor(parts: PlannerParts) {
    this.#parts = parts
  }

  /** The services that are below their quorum. */
  get short(): ReadonlyMap<string, boolean> {
    return this.#memory.short
  }

  /** Most hosts failed at once: this director is suspected first. */
  get suspect(): boolean {
    return this.#suspect
  }

  /** A server's health has changed now. */
  note(service: ServiceConfig, server: DestinationKey): void {
    this.#observations.note(service, server, this.#parts.clock.now())
  }

  /** Forgets the servers that this configuration does not name. */
  prune(config: Config): void {
    this.#observations.prune(config)
  }

  facts(config: Config, checks = this.#parts.checks()): Facts {
    return this.#observations.facts(config, checks, this.#parts.orders.all, this.#parts.pings())
  }

  /** What would be done; remembers nothing of it. */
  look(config: Config, table: Table): Plan {
    const { ledger, clock, votes } = this.#parts
    const own = owned(config, table, ledger.keys)
    const facts = this.facts(config)
    const situation = {
      config,
      facts,
      current: table,
      owned: own,
      memory: this.#memory,
      votes: votes(),
      now: clock.now(),
    }
    const decision = decide(situation)
    const wanted = new Set(decision.table.flatMap(({ service, destinations }) => objectNames(service, destinations)))
    // Who owns what stays is not asked.
    const { changes } = diff(table, decision.table, { owned: own.filter((key) => !wanted.has(keyName(key))) })
    const more = changes.flatMap(created)
    return { facts, decision, changes, ledger: more.length === 0 ? own : [...own, ...more] }
  }

  /** What is to be done. */
  plan(config: Config, table: Table): Plan {
    const plan = this.look(config, table)
    this.#memory = plan.decision.memory
    this.#suspect = plan.decision.suspect
    const rests = plan.changes.length === 0 && canRest(config, this.#memory)
    this.#rest = rests ? { table, config, since: this.#parts.clock.now() } : undefined
    return plan
  }

  /** Whether what was planned last still holds, and nothing is to be done, if nothing has changed but perhaps the table. */
  stands(config: Config, table: Table): boolean {
    const rest = this.#rest
    if (rest === undefined || !stands(rest, config, table, this.#parts.clock.now())) return false
    // The same, and the older one can be forgotten.
    this.#rest = { ...rest, table }
    return true
  }
}
