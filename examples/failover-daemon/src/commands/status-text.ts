/** The snapshot as people read it in a terminal. Pure. */
import type { Line } from 'ipvs/command-line'
import { isConfigured } from '../status.js'
import type { EventStatus, ServerStatus, ServiceStatus, Status } from '../status-schema.js'

/** Text of a few lines for each service. */
export const statusText = (status: Status): string =>
  statusLines(status)
    .map(({ text }) => `${text}\n`)
    .join('')

/** So many of the last events are shown. */
const mostEvents = 10

/** The same as lines of a colour. Where there is room for `rows` only, servers that are online are counted, as far as need be, instead of shown. */
export function statusLines(status: Status, rows = Infinity): readonly Line[] {
  const lines = linesOf(status, () => true)
  if (lines.length <= rows) return lines
  const isWrong = ({ state }: ServerStatus) => state !== 'online'
  const fewest = linesOf(status, isWrong)
  let room = rows - fewest.length
  return room > 0 ? linesOf(status, (server) => isWrong(server) || room-- > 0) : fewest
}

function linesOf(status: Status, isShown: (server: ServerStatus) => boolean): readonly Line[] {
  const { problems, services, foreign, events } = status
  const now = Date.parse(status.time)
  const lines: readonly Line[] = [
    headOf(status, now),
    ...pairLines(status.director),
    ...problems.map((problem): Line => ({ text: `! ${problem}`, colour: 'red' })),
    ...services.flatMap((service) => serviceLines(service, isShown)),
    ...(foreign.length > 0 ? [{ text: `not ours: ${foreign.join(', ')}` }] : []),
    ...(events.length > 0 ? [{ text: 'events' }] : []),
    ...alignedLines(
      events.slice(-mostEvents).map((event) => ({ ...eventColour(event), cells: eventCells(event, now) })),
    ),
  ]
  return lines.map((line) => ({ ...line, text: printable(line.text) }))
}

function headOf({ director }: Status, now: number): Line {
  const { host, role, version, startedAt } = director
  return { text: `${host}  ${role}  ipvs-failover ${version}, up for ${ago(now - Date.parse(startedAt))}` }
}

/** Beside other directors. */
function pairLines({ standing, standingReason, vipHolder, syncDaemon }: Status['director']): readonly Line[] {
  if (standing === undefined) return []
  const words = [
    `${standing}${standingReason === undefined ? '' : ` (${standingReason})`}`,
    vipHolder === undefined ? 'who has the VIPs is not known' : `the VIPs are at ${vipHolder}`,
    ...(syncDaemon === undefined ? [] : [`sync daemon: ${syncDaemon}`]),
  ]
  const colour = standing === 'sick' ? 'red' : standing === 'preferred' ? undefined : 'yellow'
  return [{ text: `  ${words.join(', ')}`, ...(colour && { colour }) }]
}

function serviceLines(service: ServiceStatus, isShown: (server: ServerStatus) => boolean): readonly Line[] {
  const { online, quorum, short, complete, servers, connectionsPerSecond } = service
  const settings = [
    service.scheduler,
    service.forwarding,
    ...(service.persistenceSeconds === undefined ? [] : [`persistent ${service.persistenceSeconds}s`]),
  ]
  const notes = [
    `${online} of ${servers.filter(isConfigured).length} online`,
    ...(connectionsPerSecond === undefined ? [] : [rateText(connectionsPerSecond)]),
    ...(short ? [`BELOW QUORUM ${quorum}`] : []),
    ...(complete ? [] : ['some names or lists are not known yet']),
    ...(service.vipHere ? [] : ['its address is not on this host']),
    ...(service.announced === undefined ? [] : [service.announced ? 'announced' : 'NOT ANNOUNCED']),
    ...(service.present ? [] : ['not in the kernel']),
  ]
  const shown = servers.filter(isShown)
  const left = servers.length - shown.length
  return [
    {
      text: `${service.service}  ${settings.join(', ')}  ${notes.join(', ')}`,
      ...(short ? { colour: 'red' as const } : {}),
    },
    ...alignedLines(shown.map((server) => ({ ...serverColour(server), cells: serverCells(server) }))),
    ...(left > 0 ? [{ text: `  and ${left} that ${left === 1 ? 'is' : 'are'} online`, colour: 'dim' as const }] : []),
  ]
}

function serverCells(server: ServerStatus): readonly string[] {
  const { weight, configuredWeight, active, inactive, sinceMs, reason, detail } = server
  const { connectionsPerSecond, latencyMs, lastTransition: last } = server
  const asConfigured = configuredWeight === undefined || weight === configuredWeight
  const duration = sinceMs === undefined ? '' : ` for ${ago(sinceMs)}`
  const before = last === undefined || last.from === 'unknown' ? '' : `, was ${last.from}`
  return [
    named(server.server, server.name),
    `${server.state}${duration}${before}`,
    weight === undefined ? 'out' : `weight ${weight}${asConfigured ? '' : ` of ${configuredWeight}`}`,
    `${active} active, ${inactive} inactive`,
    connectionsPerSecond === undefined ? '' : rateText(connectionsPerSecond),
    latencyMs === undefined ? '' : `checked in ${ago(latencyMs)}`,
    othersText(server),
    [reason, detail].filter((word) => word !== undefined).join(': '),
  ]
}

/** Where other directors find something else than this one. */
function othersText({ state, others }: ServerStatus): string {
  if (others === undefined) return ''
  const [word, differing] = state === 'failed' || state === 'offline' ? ['up', others.up] : ['down', others.down]
  return differing === 0 ? '' : `${word} for ${differing} of ${others.up + others.down} others`
}

function serverColour({ state }: ServerStatus): Pick<Line, 'colour'> {
  if (state === 'failed' || state === 'offline') return { colour: 'red' }
  return state === 'online' ? {} : { colour: 'yellow' }
}

/** Bad and good, as the page has them. */
const news = {
  server: ['', ''],
  quorum: ['lost', 'reached'],
  config: ['rejected', 'accepted'],
  kernel: ['lost', 'back'],
  guard: ['holds', 'ended'],
  role: ['lost', 'changed'],
} as const

function eventCells(event: EventStatus, now: number): readonly string[] {
  const { service, server, name, from, to, reason, detail } = event
  const target = [service, server === undefined ? undefined : named(server, name)].filter((word) => word !== undefined)
  const what = from === undefined || to === undefined ? news[event.type][event.ok ? 1 : 0] : `${from} -> ${to}`
  return [
    `${ago(now - Date.parse(event.at))} ago`,
    event.type,
    target.join(' > '),
    what,
    [reason, detail].filter((word) => word !== undefined && word !== '').join(': '),
  ]
}

const eventColour = ({ ok }: EventStatus): Pick<Line, 'colour'> => (ok ? {} : { colour: 'red' })

const named = (server: string, name: string | undefined) => (name === undefined ? server : `${server} (${name})`)

interface Row extends Pick<Line, 'colour'> {
  readonly cells: readonly string[]
}

/** Columns of equal width, but the last; one in which nothing stands takes no room. */
function alignedLines(rows: readonly Row[]): readonly Line[] {
  const widths: number[] = []
  for (const { cells } of rows) cells.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)))
  const wide = (_: unknown, i: number) => widths[i] !== 0
  return rows.map(({ cells, ...line }) => {
    const last = cells.length - 1
    const padded = cells.map((cell, i) => (i === last ? cell : cell.padEnd(widths[i] ?? 0))).filter(wide)
    return { ...line, text: `  ${padded.join('  ')}`.trimEnd() }
  })
}

/** Names and details may come from strangers: nothing of theirs moves the cursor. */
const printable = (text: string) => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ')

const rateText = (perSecond: number) => `${tenths(perSecond)}/s`

/** To one place: `3.5m` reads better than `212481ms`. */
function ago(ms: number): string {
  const [unit, size] = units.find(([, size]) => ms >= size) ?? ['ms', 1]
  return `${tenths(Math.max(0, ms) / size)}${unit}`
}
const tenths = (value: number) => Math.round(10 * value) / 10
const units = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const
