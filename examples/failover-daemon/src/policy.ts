/** What the kernel's table should be: a pure function of configuration, what is known of the servers, and what is there. */
import type { DesiredTable, Destination, DestinationSpec, ObjectKey, ServiceKey, Table } from 'ipvs'
import { admit } from './admission.js'
import type { Admission } from './admission.js'
import { alone } from './agreement.js'
import type { Votes } from './agreement.js'
import type { Config, ServiceConfig } from './config.js'
import type { Facts } from './facts.js'
import { isSuspect } from './guard.js'
import { keyName, objectKey, objectName, objectNames, serverName, serviceName } from './names.js'
import { keepsPlaces } from './places.js'

/** What one decision hands on to the next. */
export interface Memory {
  /** Since when servers are leaving, by `objectName()`. */
  readonly leaving: ReadonlyMap<string, number>
  /** Whether a service is short of its quorum, by `serviceName()`. */
  readonly short: ReadonlyMap<string, boolean>
}

export const noMemory: Memory = { leaving: new Map(), short: new Map() }

/** What is to be done, and when to look again. */
export interface Decision {
  readonly table: DesiredTable
  readonly memory: Memory
  /** So many hosts failed at once that this one is suspected, and they stay in for a while. */
  readonly suspect: boolean
  /** When time alone will change the decision. @default never */
  readonly nextAt: number | undefined
}

/** What there is to decide on. */
export interface Situation {
  readonly config: Config
  readonly facts: Facts
  /** The kernel's table. */
  readonly current: Table
  /** What is ours. */
  readonly owned: readonly ObjectKey[]
  readonly memory: Memory
  /** What other directors find. @default there are none */
  readonly votes?: Votes
  /** Milliseconds, of the clock of the facts. */
  readonly now: number
}

/**
 * Decides.
 * - A server that is up is as configured; one that is down is absent (or at weight 0, `onFailure: quiesce`); one of unknown
 *   health stays as the kernel has it, and so does one that is down for us alone where a majority of the directors is to say so.
 * - One of our own that leaves although it is healthy (out of the configuration, drained by an operator, replaced by the sorry
 *   server) is at weight 0 while it has connections, or until its deadline, then absent; so is a service of our own, which goes when
 *   its last server has gone.
 * - Where places in a hash table are kept (`places.ts`), a configured server never goes: it is at weight 0 instead.
 * - What others made is left out, or stays as it is where a service of ours holds it.
 *
 * A table is never emptied for want of knowledge.
 */
export function decide({ config, facts, current, owned, memory, votes = alone, now }: Situation): Decision {
  const ours = new Set(owned.map(keyName))
  const present = new Map(current.map((entry) => [serviceName(entry.service), entry]))
  const suspect = isSuspect(config, facts, now)
  const leavers = new Leavers(memory.leaving, ours, now)
  const short = new Map<string, boolean>()
  let nextAt = Infinity

  const kept = config.services.map((service): DesiredTable[number] => {
    const name = serviceName(service.spec)
    const entry = present.get(name)
    const servers = new Map(entry?.destinations.map((server) => [serverName(server), server]))
    const guard = suspect ? config.guard : undefined
    const admission = admit(service, facts, { present: servers, wasShort: memory.short.get(name), guard, votes, now })
    short.set(name, admission.short)
    nextAt = Math.min(nextAt, admission.nextAt)
    return { service: service.spec, destinations: destinations(service, admission, servers, leavers) }
  })
  const configured = new Set(short.keys())
  const gone = current
    .filter(({ service }) => !configured.has(serviceName(service)) && ours.has(objectName(service)))
    .map(({ service, destinations }): DesiredTable[number] => ({
      service,
      destinations: destinations.flatMap((server) => leavers.place(service, server, defaultDrainMs(service))),
    }))
    .filter(({ destinations }) => destinations.length > 0)
  nextAt = Math.min(nextAt, leavers.nextAt)
  return {
    table: [...kept, ...gone],
    memory: { leaving: leavers.since, short },
    suspect,
    nextAt: nextAt === Infinity ? undefined : nextAt,
  }
}

/** A flow of UDP has no end to wait for. */
export const defaultDrainMs = ({ protocol }: ServiceKey): number => (protocol === 'udp' ? 0 : 300_000)

function destinations(
  service: ServiceConfig,
  { placements }: Admission,
  present: ReadonlyMap<string, Destination>,
  leavers: Leavers,
): readonly DestinationSpec[] {
  const { spec, servers, policy, complete } = service
  const stays = keepsPlaces(service)
  const placed = placements.flatMap(({ server, place, weight }): readonly DestinationSpec[] => {
    const there = present.get(serverName(server))
    if (place === 'in') return [weight === server.weight ? server : { ...server, weight }]
    if (there === undefined) return []
    if (place === 'asIs') return [there]
    if (stays && servers.includes(server)) return [{ ...there, weight: 0 }]
    if (place === 'leave') return leavers.place(spec, there, policy.drainTimeoutMs)
    return policy.onFailure === 'quiesce' && servers.includes(server) ? [{ ...there, weight: 0 }] : []
  })
  const named = new Set(placements.map(({ server }) => serverName(server)))
  const others = [...present.values()].filter((server) => !named.has(serverName(server)))
  // As long as names are not resolved, any other may be one of the configured servers.
  return [
    ...placed,
    ...(complete ? others.flatMap((server) => leavers.place(spec, server, policy.drainTimeoutMs)) : others),
  ]
}

/** Servers that leave: how long they have, and what is left of them. */
class Leavers {
  /** Those that are still there, and since when they leave. */
  readonly since = new Map<string, number>()
  nextAt = Infinity
  readonly #before: ReadonlyMap<string, number>
  readonly #ours: ReadonlySet<string>
  readonly #now: number

  constructor(before: ReadonlyMap<string, number>, ours: ReadonlySet<string>, now: number) {
    this.#before = before
    this.#ours = ours
    this.#now = now
  }

  /** The server as it is to be while it leaves; nothing when it may go. One that is not ours stays as it is. */
  place(service: ServiceKey, server: Destination, drainMs: number): readonly DestinationSpec[] {
    const name = objectName(service, server)
    if (!this.#ours.has(name)) return [server]
    if (drainMs === 0) return []
    const since = this.#before.get(name) ?? this.#now
    const overdue = this.#now - since >= drainMs
    // Weight 0 comes first even without connections: one may arrive between this table and the removal.
    if (server.weight === 0 && (overdue || !isBusy(server))) return []
    this.since.set(name, since)
    if (!overdue) this.nextAt = Math.min(this.nextAt, since + drainMs)
    return [{ ...server, weight: 0 }]
  }
}

const isBusy = ({ connections: { active, inactive, persistent } }: Destination) => active + inactive + persistent > 0

/** What is ours: of what was (`before`), all that is still configured or there; and what is both. The same array if that is all. */
export function owned(config: Config, current: Table, before: readonly ObjectKey[]): readonly ObjectKey[] {
  const present = new Set(current.flatMap(({ service, destinations }) => objectNames(service, destinations)))
  const was = new Set(before.map(keyName))
  const named = new Set<string>()
  const adopted: ObjectKey[] = []
  for (const { spec, servers, policy } of config.services)
    for (const server of [undefined, ...servers, ...(policy.sorry ? [policy.sorry] : [])]) {
      const name = objectName(spec, server)
      if (present.has(name) && !was.has(name) && !named.has(name)) adopted.push(objectKey(spec, server))
      named.add(name)
    }
  const isKept = (key: ObjectKey) => named.has(keyName(key)) || present.has(keyName(key))
  return adopted.length === 0 && before.every(isKept) ? before : [...before.filter(isKept), ...adopted]
}
