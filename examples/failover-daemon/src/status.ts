/** What there is to see: one plain snapshot, for operators, pages and programs. */
import type { Destination, ObjectKey, Table } from 'ipvs'
import type { CheckState } from './checks.js'
import type { Config, ServiceConfig } from './config.js'
import { factOf, serverState } from './facts.js'
import type { Facts, ServerState } from './facts.js'
import { keyName, objectName, objectNames, serverName, serviceName } from './names.js'

/** The daemon's view of everything. Names and meaning of the fields stay. */
export interface Status {
  /** Of this schema. */
  readonly version: 1
  /** When it was taken, ISO 8601. */
  readonly time: string
  /** What is wrong with the daemon itself; empty when nothing is. */
  readonly problems: readonly string[]
  readonly services: readonly ServiceStatus[]
  /** Entries of the kernel's table that are not ours, as names. */
  readonly foreign: readonly string[]
}

/** One service. */
export interface ServiceStatus {
  /** `tcp 192.0.2.100:80` */
  readonly service: string
  readonly scheduler: string
  readonly persistenceSeconds: number | undefined
  readonly forwarding: string
  /** Whether the kernel has it. */
  readonly present: boolean
  /** How many servers are online. */
  readonly online: number
  readonly quorum: number
  /** Fewer are up than the quorum. */
  readonly short: boolean
  /** Whether its names and lists are all known. */
  readonly complete: boolean
  readonly servers: readonly ServerStatus[]
}

/** One server of a service; also one that leaves, the sorry server, and one that others put there. */
export interface ServerStatus {
  /** `192.0.2.12:80` */
  readonly server: string
  readonly name: string | undefined
  /** `leaving`: it is in the configuration no more. `sorry`: it stands in for the others. `foreign`: not ours. */
  readonly state: ServerState | 'leaving' | 'sorry' | 'foreign'
  /** Milliseconds since its health changed; undefined if it has not since the start. */
  readonly sinceMs: number | undefined
  /** Why the last check did not pass. */
  readonly reason: string | undefined
  readonly detail: string | undefined
  /** In the kernel; undefined when it is not there. */
  readonly weight: number | undefined
  readonly configuredWeight: number | undefined
  readonly active: number
  readonly inactive: number
  readonly persistent: number
}

/** Whether the configuration names it, or it is only in the table beside those. */
export const isConfigured = ({ state }: ServerStatus): boolean => !['leaving', 'sorry', 'foreign'].includes(state)

/** What a snapshot is made of. */
export interface View {
  readonly config: Config
  readonly facts: Facts
  readonly checks: ReadonlyMap<string, CheckState>
  /** As it was last read. */
  readonly table: Table
  readonly owned: readonly ObjectKey[]
  readonly short: ReadonlyMap<string, boolean>
  readonly problems: readonly string[]
  /** Of the clock of the facts. */
  readonly now: number
}

/** The snapshot. */
export function statusOf(view: View): Status {
  const { config, table, owned, problems } = view
  const ours = new Set(owned.map(keyName))
  const configured = new Set(config.services.map(({ spec }) => serviceName(spec)))
  const entries = new Map(table.map((entry) => [serviceName(entry.service), entry]))
  const foreign = table
    .filter(({ service }) => !configured.has(serviceName(service)))
    .flatMap(({ service, destinations }) => objectNames(service, destinations))
    .filter((name) => !ours.has(name))
  return {
    version: 1,
    time: new Date().toISOString(),
    problems,
    services: config.services.map((service) => {
      const entry = entries.get(serviceName(service.spec))
      return serviceStatus(service, view, ours, entry?.destinations)
    }),
    foreign,
  }
}

function serviceStatus(
  service: ServiceConfig,
  view: View,
  ours: ReadonlySet<string>,
  destinations: readonly Destination[] | undefined,
): ServiceStatus {
  const { spec, servers, policy, complete } = service
  const present = new Map(destinations?.map((server) => [serverName(server), server]))
  const named = new Set(servers.map(serverName))
  const known = servers.map((server) => serverStatus(service, server, view, present.get(serverName(server))))
  const others = [...present.values()]
    .filter((server) => !named.has(serverName(server)))
    .map((server): ServerStatus => {
      const sorry = policy.sorry !== undefined && serverName(policy.sorry) === serverName(server)
      const state = sorry ? 'sorry' : ours.has(objectName(spec, server)) ? 'leaving' : 'foreign'
      return { ...nothingKnown, server: serverName(server), state, ...kernelsFields(server) }
    })
  return {
    service: serviceName(spec),
    scheduler: spec.scheduler,
    persistenceSeconds: spec.persistence?.timeoutSeconds,
    forwarding: service.forwarding,
    present: destinations !== undefined,
    online: known.filter(({ state }) => state === 'online').length,
    quorum: policy.quorum.up,
    short: view.short.get(serviceName(spec)) ?? false,
    complete,
    servers: [...known, ...others],
  }
}

const nothingKnown = {
  name: undefined,
  sinceMs: undefined,
  reason: undefined,
  detail: undefined,
  configuredWeight: undefined,
}

const kernelsFields = (server: Destination | undefined) => ({
  weight: server?.weight,
  active: server?.connections.active ?? 0,
  inactive: server?.connections.inactive ?? 0,
  persistent: server?.connections.persistent ?? 0,
})

function serverStatus(
  service: ServiceConfig,
  server: ServiceConfig['servers'][number],
  { facts, checks, now }: View,
  present: Destination | undefined,
): ServerStatus {
  const fact = factOf(facts, service, server)
  const last = checks.get(objectName(service.spec, server))?.last
  const { reason, detail } = last === undefined || last.outcome === 'pass' ? {} : last
  return {
    server: serverName(server),
    name: service.about.get(serverName(server))?.name,
    state: serverState(fact, now),
    sinceMs: fact.since === undefined ? undefined : Math.round(now - fact.since),
    reason,
    detail,
    configuredWeight: server.weight,
    ...kernelsFields(present),
  }
}
