/** `ipvs list` */
import { toJSON } from '../json.js'
import { alignColumns } from './columns.js'
import { CliError, isOn, textOf, type Call, type Io } from './command.js'
import { sortByName } from './order.js'
import { limitsWord, maskWord, tunnelWord } from './settings-words.js'
import { endpointWord, parseService, serviceWord } from './words.js'
import type { Ipvs } from '../handle.js'
import type { Destination, ServiceKey, ServiceSpec, Table, TableEntry } from '../types.js'

export async function run(call: Call, io: Io): Promise<number> {
  const only = call.operands[0] === undefined ? undefined : parseService(call.operands[0])
  const ipvs = await io.open(textOf(call, 'namespace'))
  try {
    if (isOn(call, 'watch')) {
      const { watchTable } = await import('./list-watch.js')
      return await watchTable(call, io, ipvs, only)
    }
    const table = await readTable(ipvs, only, io.signal)
    io.stdout.write(isOn(call, 'json') ? `${JSON.stringify(table, toJSON, 2)}\n` : showTable(table))
    return 0
  } finally {
    await ipvs.close()
  }
}

/** The whole table, or the one service that is wanted, in the order of their names. */
export async function readTable(ipvs: Ipvs, only: ServiceKey | undefined, signal: AbortSignal): Promise<Table> {
  const table = await findTable(ipvs, only, signal)
  if (only && table.length === 0) {
    throw new CliError(`there is no service ${serviceWord(only)}; \`ipvs list\` shows those that there are`)
  }
  return table
}

/** The same; empty where the service that is wanted is not there. */
export async function findTable(ipvs: Ipvs, only: ServiceKey | undefined, signal: AbortSignal): Promise<Table> {
  if (!only) return sortTable(await ipvs.table({ signal }))
  const [service, destinations] = await Promise.all([ipvs.service(only, { signal }), readServers(ipvs, only, signal)])
  return service ? sortTable([{ service, destinations }]) : []
}

async function readServers(ipvs: Ipvs, of: ServiceKey, signal: AbortSignal): Promise<readonly Destination[]> {
  return ipvs.destinations(of, { signal }).catch((error: unknown) => {
    // The service's own absence is told by its reading.
    if ((error as { code?: string }).code === 'IPVS_SERVICE_NOT_FOUND') return []
    throw error
  })
}

/** By name, digits by their number. */
export function sortTable(table: Table): Table {
  const entries = table.map(({ service, destinations }) => ({
    service,
    destinations: sortByName(destinations, endpointWord),
  }))
  return sortByName(entries, ({ service }) => serviceWord(service))
}

/** The table as people read it. */
export function showTable(table: Table): string {
  if (table.length === 0) return 'no virtual services\n'
  const rows = table.map(({ destinations }) => destinations.map(serverCells))
  const lines = alignColumns([['  SERVER', 'FORWARDING', 'WEIGHT', 'ACTIVE', 'INACTIVE', ''], ...rows.flat()], numbers)
  const [title = '', ...rest] = lines
  let at = 0
  return table.map((entry) => showEntry(entry, title, rest.slice(at, (at += entry.destinations.length)))).join('\n')
}

const numbers = new Set([2, 3, 4])

function showEntry({ service }: TableEntry, title: string, servers: readonly string[]): string {
  const head = `${serviceWord(service)}  ${settingsWords(service).join(', ')}`
  return [head, ...(servers.length > 0 ? [title, ...servers] : ['  no real servers']), ''].join('\n')
}

function serverCells(server: Destination): string[] {
  const { forwarding, encapsulation, weight, connections, limits } = server
  const tunnel = tunnelWord(encapsulation)
  const more = [
    ...(connections.persistent > 0 ? [`${connections.persistent} persistent`] : []),
    ...(limits ? [`limits ${limitsWord(limits)}`] : []),
    ...(weight === 0 ? ['drained or draining'] : []),
  ]
  return [
    `  ${endpointWord(server)}`,
    tunnel === 'ipip' ? forwarding : `${forwarding} ${tunnel}`,
    String(weight),
    String(connections.active),
    String(connections.inactive),
    more.join(', '),
  ]
}

/** `wlc, persistent 300 s by /24` and so on. */
export function settingsWords(service: ServiceSpec): string[] {
  const { scheduler, schedulerFlags = [], persistence, onePacket } = service
  const mask = maskWord(service)
  return [
    [scheduler, ...schedulerFlags].join(' '),
    ...(persistence
      ? [`persistent ${persistence.timeoutSeconds ?? 360} s${mask === undefined ? '' : ` by ${mask}`}`]
      : []),
    ...(persistence?.engine === undefined ? [] : [`engine ${persistence.engine}`]),
    ...(onePacket === true ? ['one packet'] : []),
  ]
}
