/** Connections in words. */
import { parseAddress } from '../address.js'
import { sortByName } from './order.js'
import { endpointWord, serviceWord } from './words.js'
import type { Connection } from '../director.js'
import type { Protocol, ServiceKey } from '../types.js'

/** The service as `ipvs list` has it; of a connection by a firewall mark, what the client wanted. */
export function serviceOf({ protocol, virtual }: Connection): ServiceKey {
  // A template of a firewall mark, which is in the first four bytes of the address.
  const bytes = protocol === 'ip' ? parseAddress(virtual.address)?.address : undefined
  if (bytes) {
    const family = virtual.address.includes(':') ? 'ipv6' : 'ipv4'
    return { firewallMark: new DataView(bytes.buffer).getUint32(0), family }
  }
  return { protocol: protocol as Protocol, ...virtual }
}

export const titles: readonly string[] = ['STATE', 'EXPIRES', 'CLIENT', 'SERVICE', 'SERVER', '']

/** What usually fits, in 80 columns: IPv4, and the longest state of TCP. */
const widths: readonly number[] = [11, 7, 19, 20, 15, 0]

/** Lays out rows as they come: a column is as wide as what it usually holds, and from a wider cell on as that. */
export function makeAligner(): (cells: readonly string[]) => string {
  const current = [...widths]
  return (cells) =>
    cells
      .map((cell, i) => {
        const width = (current[i] = Math.max(current[i] ?? 0, cell.length))
        return titles[i] === 'EXPIRES' ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
}

export function connectionCells(connection: Connection): readonly string[] {
  const { state, expiresSeconds, client, destination, template, engine } = connection
  const more = [
    ...(template ? ['template'] : []),
    // What a client sent may be anything, for a terminal, too.
    ...(engine ? [`${engine.name} ${engine.data}`.replaceAll(/[^\x20-\x7e]/g, '?')] : []),
  ]
  return [
    state,
    expiryWord(expiresSeconds),
    endpointWord(client),
    serviceWord(serviceOf(connection)),
    endpointWord(destination),
    more.join(', '),
  ]
}

/** `0:58`, `15:00`, `600:00` */
export function expiryWord(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** How many connections are alike. */
export interface Group extends Pick<Connection, 'protocol' | 'virtual' | 'destination' | 'state' | 'template'> {
  readonly count: number
}

/** Connections of the same service, server and state, in the order of their names. */
export async function countGroups(connections: AsyncIterable<Connection>): Promise<readonly Group[]> {
  const groups = new Map<string, Group>()
  for await (const connection of connections) {
    const { protocol, virtual, destination, state, template } = connection
    const name = groupCells({ ...connection, count: 0 }).join(' ')
    const count = (groups.get(name)?.count ?? 0) + 1
    groups.set(name, { protocol, virtual, destination, state, template, count })
  }
  return sortByName([...groups], ([name]) => name).map(([, group]) => group)
}

export const groupTitles: readonly string[] = ['SERVICE', 'SERVER', 'STATE', 'COUNT']

export function groupCells(group: Group): readonly string[] {
  const { destination, state, template, count } = group
  const service = serviceWord(serviceOf({ ...group, client: destination, expiresSeconds: 0 }))
  return [service, endpointWord(destination), template ? `${state} template` : state, String(count)]
}
