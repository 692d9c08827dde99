/** What the kernel's table should be: a pure function of configuration, health and what is there. */
import type { DesiredTable, Destination, DestinationSpec, ObjectKey, Table, TableEntry } from 'ipvs'
import type { Config, ServiceConfig } from './config.js'
import { keyName, objectKeys, objectName, serverName, serviceName } from './names.js'

/** Health of one server in one service. */
export type State = 'up' | 'down' | 'unknown'

/** Health by `objectName(service, server)`; what is missing is unknown. */
export type States = ReadonlyMap<string, State>

/**
 * The desired table:
 * - a server that is up is as configured; one that is down is absent; one of unknown health stays as the kernel has it;
 * - one of our own (`owned`) that has left the configuration is drained: weight 0 while it has connections, then absent;
 *   so is a service of our own, which goes when its last server has gone;
 * - what others made is left out, or stays as it is where a service of ours holds it.
 *
 * Weights come from configuration and state alone. A table is never emptied for want of knowledge.
 */
export function desired(config: Config, states: States, current: Table, owned: readonly ObjectKey[]): DesiredTable {
  const ours = new Set(owned.map(keyName))
  const present = new Map(current.map((entry) => [serviceName(entry.service), entry]))
  const configured = new Map(config.services.map((service) => [serviceName(service.spec), service]))

  const kept = config.services.map((service) =>
    desiredEntry(service, states, present.get(serviceName(service.spec)), ours),
  )
  const leaving = current
    .filter(({ service }) => !configured.has(serviceName(service)) && ours.has(objectName(service)))
    .map((entry) => ({ service: entry.service, destinations: leavingServers(entry, new Set(), ours) }))
    .filter(({ destinations }) => destinations.length > 0)
  return [...kept, ...leaving]
}

function desiredEntry(
  { spec, servers }: ServiceConfig,
  states: States,
  current: TableEntry | undefined,
  ours: ReadonlySet<string>,
): DesiredTable[number] {
  const present = new Map(current?.destinations.map((server) => [serverName(server), server]))
  const configured = servers.flatMap((server): readonly DestinationSpec[] => {
    const state = states.get(objectName(spec, server)) ?? 'unknown'
    if (state === 'up') return [server]
    const now = present.get(serverName(server))
    return state === 'unknown' && now !== undefined ? [now] : []
  })
  const leaving = current === undefined ? [] : leavingServers(current, new Set(servers.map(serverName)), ours)
  return { service: spec, destinations: [...configured, ...leaving] }
}

/** The servers that the configuration does not name and that are still to be there. */
function leavingServers(
  { service, destinations }: TableEntry,
  named: ReadonlySet<string>,
  ours: ReadonlySet<string>,
): readonly DestinationSpec[] {
  return destinations.flatMap((server): readonly DestinationSpec[] => {
    if (named.has(serverName(server))) return []
    if (!ours.has(objectName(service, server))) return [server]
    // Weight 0 comes first even without connections: one may arrive between this table and the removal.
    return server.weight > 0 || isBusy(server) ? [{ ...server, weight: 0 }] : []
  })
}

const isBusy = ({ connections: { active, inactive, persistent } }: Destination) => active + inactive + persistent > 0

/** What is ours: of what was (`before`), all that is still configured or there; and what is both. */
export function owned(config: Config, current: Table, before: readonly ObjectKey[]): readonly ObjectKey[] {
  const configured = config.services.flatMap(({ spec, servers }) => objectKeys(spec, servers))
  const named = new Set(configured.map(keyName))
  const present = new Set(
    current.flatMap(({ service, destinations }) => objectKeys(service, destinations)).map(keyName),
  )
  const was = new Set(before.map(keyName))
  const adopted = configured.filter((key) => present.has(keyName(key)) && !was.has(keyName(key)))
  return [...before.filter((key) => named.has(keyName(key)) || present.has(keyName(key))), ...adopted]
}
