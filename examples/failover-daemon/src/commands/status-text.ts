/** The snapshot as people read it in a terminal. Pure. */
import { isConfigured } from '../status.js'
import type { ServerStatus, ServiceStatus, Status } from '../status.js'

/** Text of a few lines for each service. */
export function statusText({ problems, services, foreign }: Status): string {
  const lines = [
    ...problems.map((problem) => `! ${problem}`),
    ...services.flatMap(serviceLines),
    ...(foreign.length > 0 ? [`not ours: ${foreign.join(', ')}`] : []),
  ]
  return `${lines.join('\n')}\n`
}

function serviceLines(service: ServiceStatus): readonly string[] {
  const { online, quorum, short, complete, servers } = service
  const settings = [
    service.scheduler,
    service.forwarding,
    ...(service.persistenceSeconds === undefined ? [] : [`persistent ${service.persistenceSeconds}s`]),
  ]
  const notes = [
    `${online} of ${servers.filter(isConfigured).length} online`,
    ...(short ? [`BELOW QUORUM ${quorum}`] : []),
    ...(complete ? [] : ['some names or lists are not known yet']),
    ...(service.present ? [] : ['not in the kernel']),
  ]
  const rows = servers.map(serverCells)
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((cells) => cells[column]?.length ?? 0)))
  const aligned = rows.map((cells) => `  ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd())
  return [`${service.service}  ${settings.join(', ')}  ${notes.join(', ')}`, ...aligned]
}

function serverCells(server: ServerStatus): readonly string[] {
  const { weight, configuredWeight, active, inactive, sinceMs, reason, detail } = server
  const asConfigured = configuredWeight === undefined || weight === configuredWeight
  const state = sinceMs === undefined ? server.state : `${server.state} for ${ago(sinceMs)}`
  return [
    server.name === undefined ? server.server : `${server.server} (${server.name})`,
    state,
    weight === undefined ? 'out' : `weight ${weight}${asConfigured ? '' : ` of ${configuredWeight}`}`,
    `${active} active, ${inactive} inactive`,
    [reason, detail].filter((word) => word !== undefined).join(': '),
  ]
}

/** To one place: `3.5m` reads better than `212481ms`. */
function ago(ms: number): string {
  const [unit, size] = units.find(([, size]) => ms >= size) ?? ['ms', 1]
  return `${Math.round((10 * ms) / size) / 10}${unit}`
}
const units = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const
