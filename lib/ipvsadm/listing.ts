/** What `ipvsadm -L` prints of a table. */
import { AF_INET6, ServiceFlag } from '../records.js'
import type { DestinationEntry, DestinationRecord, InfoRecord, ServiceEntry, ServiceRecord } from '../records.js'
import type { StatsRecord } from '../records.js'
import type { EntryRecord } from '../table.js'
import { fullMask } from '../validate.js'
import { forwardings, protocols, tunnelTypes } from '../words.js'
import type { OptionName } from './options.js'
import { schedulerFlagNames } from './scheduler-flags.js'
import { largeNumber, maskText, type Namer } from './text.js'

/** How a table is listed. */
export interface Format {
  readonly name: Namer
  /** The first that is given counts: stats, rate, thresholds, persistent-conn, tun-info. */
  readonly given: ReadonlySet<OptionName>
}

/** The columns of servers, and of services where they have columns of their own. */
interface Columns {
  readonly title: string
  readonly server: (entry: DestinationEntry, exact: boolean) => string
  readonly service?: (entry: ServiceEntry, exact: boolean) => string
}

const statsTitles = ['Conns', 'InPkts', 'OutPkts', 'InBytes', 'OutBytes']
const rateTitles = ['CPS', 'InPPS', 'OutPPS', 'InBPS', 'OutBPS']

const formats: Readonly<Partial<Record<OptionName, Columns>>> = {
  stats: {
    title: titleOf(statsTitles.map((word) => word.padStart(8)).join(' ')),
    server: ({ stats }, exact) => totals(stats, exact),
    service: ({ stats }, exact) => totals(stats, exact),
  },
  rate: {
    title: titleOf(rateTitles.map((word) => word.padStart(8)).join(' ')),
    server: ({ stats }, exact) => {
      const few = [stats.connectionRate, stats.packetInRate, stats.packetOutRate]
      return [
        ...few.map((number) => ` ${String(number).padStart(8)}`),
        ...[stats.byteInRate, stats.byteOutRate].map((number) => largeNumber(number, exact)),
      ].join('')
    },
    service: ({ stats }, exact) => rates(stats, exact),
  },
  thresholds: {
    title: titleOf(tens(['Uthreshold', 'Lthreshold', 'ActiveConn', 'InActConn'])),
    server: ({ destination, active, inactive }) => ` ${tens([destination.upper, destination.lower, active, inactive])}`,
  },
  'persistent-conn': {
    title: titleOf(persistentColumns('Weight', 'PersistConn', ['ActiveConn', 'InActConn'])),
    server: ({ destination, active, inactive, persistent }) =>
      ` ${persistentColumns(destination.weight, persistent, [active, inactive])}`,
  },
  'tun-info': {
    title:
      'Prot LocalAddress:Port Scheduler Flags\n' +
      '  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn\n',
    server: ({ destination, active, inactive }) =>
      ` ${padded(forwardName(destination), 7)} ${padded(tunnelInfo(destination), 13)}` +
      ` ${padded(destination.weight, 6)} ${tens([active, inactive])}`,
  },
}

const plain: Columns = {
  title:
    'Prot LocalAddress:Port Scheduler Flags\n' +
    '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n',
  server: ({ destination, active, inactive }) =>
    ` ${padded(forwardName(destination), 7)} ${padded(destination.weight, 6)} ${tens([active, inactive])}`,
}

function columnsOf({ given }: Format): Columns {
  const order = ['stats', 'rate', 'thresholds', 'persistent-conn', 'tun-info'] as const
  const chosen = order.find((option) => given.has(option))
  return (chosen && formats[chosen]) ?? plain
}

/** The line above the whole table. */
export function header({ version, connectionTableSize }: InfoRecord): string {
  const numbers = [version >> 16, (version >> 8) & 0xff, version & 0xff]
  return `IP Virtual Server version ${numbers.join('.')} (size=${connectionTableSize})\n`
}

/** Titles and rows. */
export function listing(entries: readonly EntryRecord[], format: Format): string {
  const columns = columnsOf(format)
  return columns.title + entries.map((entry) => listEntry(entry, columns, format)).join('')
}

function listEntry({ service, destinations }: EntryRecord, columns: Columns, format: Format): string {
  const exact = format.given.has('exact')
  const name = serviceLabel(service.service, format.name)
  const settings = columns.service
    ? padded(name, 33) + columns.service(service, exact)
    : `${name} ${serviceSettings(service.service)}`
  const servers = destinations.map((entry) => {
    const label = format.name(entry.destination, service.service.protocol)
    return `  -> ${padded(cut(label, entry.destination.family, 28), 28)}${columns.server(entry, exact)}\n`
  })
  return `${settings}\n${servers.join('')}`
}

function serviceLabel(service: ServiceRecord, name: Namer): string {
  if (service.firewallMark !== 0) return `FWM  ${service.firewallMark}${service.family === AF_INET6 ? ' IPv6' : ''}`
  const protocol = protocols.knows(service.protocol) ? protocols.word(service.protocol).toUpperCase() : '?'
  return cut(`${protocol.padEnd(4)} ${name(service, service.protocol)}`, service.family, 33)
}

/** IPv4 names keep to their column. */
function cut(label: string, family: number, width: number): string {
  return family === AF_INET6 ? label : label.slice(0, width)
}

function serviceSettings(service: ServiceRecord): string {
  const { scheduler, flags, timeout, netmask, family, engine } = service
  const names = schedulerFlagNames(scheduler, flags)
  const isWhole = netmask === fullMask(family)
  return [
    scheduler,
    ...(names === '' ? [] : [`(${names})`]),
    ...(flags & ServiceFlag.persistent
      ? [
          `persistent ${timeout}`,
          ...(isWhole ? [] : [`mask ${family === AF_INET6 ? netmask : maskText(netmask)}`]),
          ...(engine === '' ? [] : [`pe ${engine}`]),
        ]
      : []),
    ...(flags & ServiceFlag.onePacket ? ['ops'] : []),
  ].join(' ')
}

const forwardNames: Readonly<Record<string, string>> = {
  masquerade: 'Masq',
  local: 'Local',
  tunnel: 'Tunnel',
  direct: 'Route',
  bypass: 'Bypass',
}

function forwardName({ forwarding }: DestinationRecord): string {
  const word = forwardings.word(forwarding & 7)
  return forwardNames[word] ?? word
}

const checksumNames = ['-c', '+c', 'r+c']

/** `ipip`, `gue:6080:+c`, `gre:-c`; n/a for what is no tunnel. */
function tunnelInfo({ forwarding, tunnelType, tunnelPort, tunnelFlags }: DestinationRecord): string {
  if (forwardings.word(forwarding & 7) !== 'tunnel') return 'n/a'
  const checksum = checksumNames[tunnelFlags] ?? `flags-${tunnelFlags}`
  switch (tunnelTypes.word(tunnelType)) {
    case 'ipip':
      return 'ipip'
    case 'gue':
      return `gue:${tunnelPort}:${checksum}`
    case 'gre':
      return `gre:${checksum}`
    default:
      return 'n/a'
  }
}

function titleOf(columns: string): string {
  return `${'Prot LocalAddress:Port'.padEnd(33)} ${columns}\n  -> RemoteAddress:Port\n`
}

function totals(stats: StatsRecord, exact: boolean): string {
  const { connections, packetsIn, packetsOut, bytesIn, bytesOut } = stats
  return [connections, packetsIn, packetsOut, bytesIn, bytesOut].map((number) => largeNumber(number, exact)).join('')
}

function rates(stats: StatsRecord, exact: boolean): string {
  const { connectionRate, packetInRate, packetOutRate, byteInRate, byteOutRate } = stats
  const all = [connectionRate, packetInRate, packetOutRate, byteInRate, byteOutRate]
  return all.map((number) => largeNumber(number, exact)).join('')
}

function padded(value: string | number, width: number): string {
  return String(value).padEnd(width)
}

function tens(values: readonly (string | number)[]): string {
  return values.map((value) => padded(value, 10)).join(' ')
}

function persistentColumns(weight: string | number, persistent: string | number, rest: readonly (string | number)[]) {
  return `${padded(weight, 9)} ${padded(persistent, 11)} ${tens(rest)}`
}
