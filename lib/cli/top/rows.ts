/** What the screen of `ipvs top` has rows for, in what order, and how each went. */
import { endpointWord, serviceWord } from '../words.js'
import { sortTable } from '../list.js'
import type { Counters, Destination, Table, TableEntry } from '../../types.js'

/** One row: the sum of all services, a service, or one of its real servers. */
export interface Row {
  readonly level: 'total' | 'service' | 'server'
  /** Tells it from all other rows. */
  readonly key: string
  readonly name: string
  readonly rate: Counters<number>
  readonly active: number
  readonly inactive: number
  /** A server of weight 0. */
  readonly isDrained: boolean
}

export const sortKeys = ['connections', 'rate', 'bytes', 'name'] as const
export type SortKey = (typeof sortKeys)[number]

/** The sum, then each service with its servers below it, the busiest first or by name. */
export function rowsOf(table: Table, sort: SortKey): readonly Row[] {
  const groups = sortTable(table).map(rowsOfEntry)
  const services = groups.map(({ service }) => service)
  const total: Row = { level: 'total', key: 'total', name: 'total', isDrained: false, ...sum(services) }
  const isAfter = order(sort)
  return [
    total,
    ...groups
      .sort((a, b) => isAfter(a.service, b.service))
      .flatMap(({ service, servers }) => [service, ...servers.toSorted(isAfter)]),
  ]
}

function rowsOfEntry({ service, destinations }: TableEntry): {
  readonly service: Row
  readonly servers: readonly Row[]
} {
  const name = serviceWord(service)
  const servers = destinations.map((server) => rowOfServer(name, server))
  const { active, inactive } = sum(servers)
  // Its rates are the kernel's own: they hold what removed servers did, too.
  const { rate } = service.stats
  return { service: { level: 'service', key: name, name, rate, active, inactive, isDrained: false }, servers }
}

function rowOfServer(service: string, server: Destination): Row {
  const { connections, stats, weight } = server
  const { active, inactive } = connections
  const name = endpointWord(server)
  return {
    level: 'server',
    key: `${service} ${name}`,
    name,
    rate: stats.rate,
    active,
    inactive,
    isDrained: weight === 0,
  }
}

function sum(rows: readonly Row[]): Pick<Row, 'rate' | 'active' | 'inactive'> {
  const add = (value: (row: Row) => number) => rows.reduce((total, row) => total + value(row), 0)
  return {
    rate: {
      connections: add(({ rate }) => rate.connections),
      packetsIn: add(({ rate }) => rate.packetsIn),
      packetsOut: add(({ rate }) => rate.packetsOut),
      bytesIn: add(({ rate }) => rate.bytesIn),
      bytesOut: add(({ rate }) => rate.bytesOut),
    },
    active: add(({ active }) => active),
    inactive: add(({ inactive }) => inactive),
  }
}

/** Equals keep the order of their names. */
function order(sort: SortKey): (a: Row, b: Row) => number {
  const busyness: Readonly<Record<SortKey, (row: Row) => number>> = {
    connections: openOf,
    rate: ({ rate }) => rate.connections,
    bytes: ({ rate }) => rate.bytesIn + rate.bytesOut,
    name: () => 0,
  }
  return (a, b) => busyness[sort](b) - busyness[sort](a)
}

function openOf({ active, inactive }: Row): number {
  return active + inactive
}

/** The open connections of each row, the newest last. */
export type History = ReadonlyMap<string, readonly number[]>

/** As many as the widest screen shows. */
export const longestHistory = 60

/** The history with one more look at the table; what is gone is forgotten. */
export function remember(history: History, rows: readonly Row[]): History {
  return new Map(rows.map((row) => [row.key, [...(history.get(row.key) ?? []), openOf(row)].slice(-longestHistory)]))
}
