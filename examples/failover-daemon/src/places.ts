/**
 * Places in the table of Maglev hashing (scheduler mh). Pure.
 *
 * Directors send a flow to the same server if their tables are the same, and a table is made from the servers in the order of the kernel's list,
 * each with the last weight that was not 0 (Linux 6.1 ip_vs_mh.c; a server added goes to the head of that list, ip_vs_ctl.c). So every
 * configured server has a place, in one order, from the first round on; whether it gets clients is a matter of weight 0, past which
 * mh-fallback finds another one.
 */
import type { DestinationKey, DestinationSpec, ServiceKey, Table } from 'ipvs'
import type { Config, Server, ServiceConfig } from './config.js'
import { serverName, serviceName } from './names.js'

/** Whether the servers of a service keep their places while they are out. */
export const keepsPlaces = ({ spec, policy }: ServiceConfig): boolean =>
  spec.scheduler === 'mh' && policy.onFailure === 'quiesce'

/** A server that is to be inserted, to come after those that are there. */
export interface Insertion {
  readonly of: ServiceKey
  /** Whether it is there, at another place: it is removed first. Its connections find it again when it is back. */
  readonly again: boolean
  /** With the weight that its share of the table is made from. */
  readonly server: DestinationSpec
  /** The weight that it has then. */
  readonly weight: number
}

/** Whatever the history of the kernel's table: what is to be inserted, one after the other, for all to be in their places. */
export function insertions(config: Config, current: Table): readonly Insertion[] {
  const keeping = config.services.filter(keepsPlaces)
  if (keeping.length === 0) return []
  const present = new Map(current.map((entry) => [serviceName(entry.service), entry.destinations]))
  return keeping.flatMap((service) => {
    const list = present.get(serviceName(service.spec))
    return list === undefined ? [] : ofService(service, list)
  })
}

function ofService(
  { spec, servers, policy }: ServiceConfig,
  list: Table[number]['destinations'],
): readonly Insertion[] {
  const there = new Map(list.map((server) => [serverName(server), server]))
  const { sorry } = policy
  const last = sorry !== undefined && there.has(serverName(sorry)) ? [sorry] : []
  const due = [...inOrder(servers), ...last.filter((server) => !servers.some(isAt(server)))]
  // The kernel lists first what was inserted last.
  const inserted = list.map(serverName).reverse()
  let inPlace = 0
  for (const name of inserted) {
    const next = due[inPlace]
    if (next !== undefined && serverName(next) === name) inPlace++
  }
  return due.slice(inPlace).map((server): Insertion => {
    const before = there.get(serverName(server))
    const weight = before?.weight ?? 0
    // A share is made from the weight that was not 0 last, which the kernel does not tell: it is the configured one, or that which it has.
    return { of: spec, again: before !== undefined, server: weight === 0 ? server : { ...server, weight }, weight }
  })
}

const isAt = (one: DestinationKey) => (other: DestinationKey) => serverName(one) === serverName(other)

/** The order of places: of the names, whatever the order of the file, of a list of nodes or of an answer of DNS. */
function inOrder<S extends Server>(servers: readonly S[]): readonly S[] {
  return [...servers].sort((a, b) => (serverName(a) < serverName(b) ? -1 : 1))
}
