/** What there is to see: one plain snapshot, for operators, pages and programs. */
import type { Destination, ObjectKey, Table } from 'ipvs'
import { tally } from './agreement.js'
import type { Votes } from './agreement.js'
import type { CheckState } from './checks.js'
import type { Config, ServiceConfig } from './config.js'
import { factOf, serverState } from './facts.js'
import type { Facts } from './facts.js'
import { keyName, objectName, objectNames, serverName, serviceName } from './names.js'
import type { Rates } from './rates.js'
import type { DirectorStatus, ServerStatus, ServiceStatus, Status } from './status-schema.js'
import type { Timeline } from './timeline.js'

export type { DirectorStatus, ServerStatus, ServiceStatus, Status }

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
  readonly director: DirectorStatus
  /** The addresses of this host. */
  readonly addresses: ReadonlySet<string>
  readonly rates: Pick<Rates, 'of'>
  readonly timeline: Pick<Timeline, 'events' | 'lastTransition'>
  /** The addresses that bird announces; undefined as long as it was not heard. */
  readonly announced?: ReadonlySet<string> | undefined
  /** What other directors find. */
  readonly votes: Votes
  /** Of the clock of the facts. */
  readonly now: number
}

/** The snapshot. */
export function statusOf(view: View): Status {
  const { config, table, owned, problems, director, timeline } = view
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
    director,
    problems,
    services: config.services.map((service) => {
      const entry = entries.get(serviceName(service.spec))
      return serviceStatus(service, view, ours, entry?.destinations)
    }),
    foreign,
    events: timeline.events,
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
      return { server: serverName(server), state, ...kernelsFields(server), ...view.rates.of(spec, server) }
    })
  const { protocol, address, port, scheduler, persistence } = spec
  return {
    service: serviceName(spec),
    protocol,
    address,
    port,
    vipHere: view.addresses.has(address),
    scheduler,
    persistenceSeconds: persistence?.timeoutSeconds,
    persistencePrefix: persistence?.prefixLength,
    forwarding: service.forwarding,
    present: destinations !== undefined,
    online: known.filter(({ state }) => state === 'online').length,
    quorum: policy.quorum.up,
    short: view.short.get(serviceName(spec)) ?? false,
    complete,
    connectionsPerSecond: view.rates.of(spec).connectionsPerSecond,
    announced: service.announce && view.announced?.has(address),
    servers: [...known, ...others],
  }
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
  { facts, checks, rates, timeline, votes, now }: View,
  present: Destination | undefined,
): ServerStatus {
  const fact = factOf(facts, service, server)
  const object = objectName(service.spec, server)
  const { last, latencyMs } = checks.get(object) ?? {}
  const others = tally(votes, object)
  const { reason, detail } = last === undefined || last.outcome === 'pass' ? {} : last
  return {
    server: serverName(server),
    name: service.about.get(serverName(server))?.name,
    state: serverState(fact, now),
    sinceMs: fact.since === undefined ? undefined : Math.round(now - fact.since),
    reason,
    detail,
    latencyMs: latencyMs === undefined ? undefined : Math.round(latencyMs * 10) / 10,
    configuredWeight: server.weight,
    ...kernelsFields(present),
    ...rates.of(service.spec, server),
    lastTransition: timeline.lastTransition(object),
    others: others.up + others.down > 0 ? others : undefined,
  }
}
