/** Records -> what the API shows. The mirror of validate.ts: what comes out goes back in unchanged. */
import { formatAddress } from './address.js'
import { holdsEncapsulation, holdsPersistence } from './settings.js'
import { firstSchedulerBit } from './validate.js'
import { checksums, daemonRoles, forwardings, protocols, schedulerFlags, tunnelTypes } from './words.js'
import { AF_INET, AF_INET6, ServiceFlag, type DaemonRecord } from './records.js'
import type { DestinationRecord, InfoRecord, ServiceRecord, SysctlRecord, TimeoutsRecord } from './records.js'
import type { DestinationRow, ServiceRow } from './rows.js'
import type { EntryRecord } from './table.js'
import type { Info, SyncDaemon, Timeouts } from './director.js'
import type {
  Destination,
  DestinationKey,
  DestinationSpec,
  Encapsulation,
  Limits,
  Persistence,
  PlainForwarding,
  Service,
  ServiceKey,
  ServiceSpec,
  TableEntry,
  TunnelForwarding,
} from './types.js'

export function presentServiceKey(service: ServiceRecord): ServiceKey {
  if (service.firewallMark !== 0) {
    return { firewallMark: service.firewallMark, family: service.family === AF_INET6 ? 'ipv6' : 'ipv4' }
  }
  return {
    protocol: protocols.word(service.protocol),
    address: formatAddress(service),
    port: service.port,
  }
}

export function presentService(row: ServiceRow): Service {
  const { service } = row
  const stats = { total: row.total, rate: row.rate }
  if (!isPlainService(service)) return { ...presentServiceSpec(service), stats }
  const { port, scheduler } = service
  return { protocol: protocols.word(service.protocol), address: formatAddress(service), port, scheduler, stats }
}

/** Whether it has none of the fields that may be missing: in one piece it is made several times faster than of parts. */
function isPlainService(service: ServiceRecord): boolean {
  return (service.flags & ~ServiceFlag.hashed) === 0 && service.firewallMark === 0 && !holdsPersistence(service)
}

export function presentServiceSpec(service: ServiceRecord): ServiceSpec {
  if (isPlainService(service)) {
    const { port, scheduler } = service
    return { protocol: protocols.word(service.protocol), address: formatAddress(service), port, scheduler }
  }
  const flags = schedulerBits.filter((bit) => service.flags & (1 << bit)).map((bit) => schedulerFlags.word(bit))
  return {
    ...presentServiceKey(service),
    scheduler: service.scheduler,
    ...(flags.length > 0 ? { schedulerFlags: flags } : {}),
    ...presentPersistenceOf(service),
    ...(service.flags & ServiceFlag.onePacket ? { onePacket: true } : {}),
  }
}

const schedulerBits = Array.from({ length: 32 - firstSchedulerBit }, (_, i) => i + firstSchedulerBit)

function presentPersistenceOf(service: ServiceRecord): Pick<Service, 'persistence' | 'idlePersistence'> {
  if (service.flags & ServiceFlag.persistent) return { persistence: presentPersistence(service) }
  return holdsPersistence(service) ? { idlePersistence: presentPersistence(service) } : {}
}

function presentPersistence({ timeout, netmask, family, engine }: ServiceRecord): Persistence {
  return { timeoutSeconds: timeout, ...presentMask(netmask, family), ...(engine === '' ? {} : { engine }) }
}

function presentMask(netmask: number, family: number): { prefixLength: number } | { netmask: string } {
  if (family !== AF_INET) return { prefixLength: netmask }
  const length = Math.clz32(~netmask)
  const isPrefix = netmask === (length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0)
  if (isPrefix) return { prefixLength: length }
  const address = new Uint8Array(16)
  new DataView(address.buffer).setUint32(0, netmask)
  return { netmask: formatAddress({ family, address }) }
}

export function presentDestinationKey(destination: DestinationRecord): DestinationKey {
  return { address: formatAddress(destination), port: destination.port }
}

export function presentDestination(row: DestinationRow): Destination {
  const connections = { active: row.active, inactive: row.inactive, persistent: row.persistent }
  const stats = { total: row.total, rate: row.rate }
  if (!isPlain(row)) return { ...presentDestinationSpec(row.destination), connections, stats }
  const { port, weight } = row
  return { address: formatAddress(row), port, forwarding: plainForwarding(row), weight, connections, stats }
}

function plainForwarding({ forwarding }: Pick<DestinationRecord, 'forwarding'>): PlainForwarding['forwarding'] {
  return forwardings.word(forwarding & 7) as PlainForwarding['forwarding']
}

type Settings = Pick<DestinationRecord, 'forwarding' | 'tunnelType' | 'tunnelPort' | 'tunnelFlags' | 'upper'>

/** The same of a destination. */
function isPlain(destination: Settings): boolean {
  return (destination.forwarding & 7) !== tunnel && !holdsEncapsulation(destination) && destination.upper === 0
}

const tunnel = forwardings.number('tunnel')

export function presentDestinationSpec(destination: DestinationRecord): DestinationSpec & { readonly weight: number } {
  if (isPlain(destination)) {
    const { port, weight } = destination
    return { address: formatAddress(destination), port, forwarding: plainForwarding(destination), weight }
  }
  return {
    ...presentDestinationKey(destination),
    ...presentForwarding(destination),
    weight: destination.weight,
    ...(destination.upper > 0 ? { limits: presentLimits(destination) } : {}),
  }
}

function presentForwarding(
  destination: DestinationRecord,
): (TunnelForwarding | PlainForwarding) & Pick<Destination, 'idleEncapsulation'> {
  const forwarding = forwardings.word(destination.forwarding & 7)
  if (forwarding === 'tunnel') return { forwarding, encapsulation: presentEncapsulation(destination) }
  return {
    forwarding,
    ...(holdsEncapsulation(destination) && { idleEncapsulation: presentEncapsulation(destination) }),
  }
}

/** The types know what may be made; another program may have combined it otherwise. */
function presentEncapsulation({ tunnelType, tunnelPort, tunnelFlags }: DestinationRecord): Encapsulation {
  const found = {
    type: tunnelTypes.word(tunnelType),
    ...(tunnelPort > 0 ? { port: tunnelPort } : {}),
    checksum: checksums.word(tunnelFlags),
  }
  return found as Encapsulation
}

function presentLimits({ upper, lower }: DestinationRecord): Limits {
  return { upper, ...(lower > 0 ? { lower } : {}) }
}

export function presentEntry({ service, destinations }: EntryRecord): TableEntry {
  return { service: presentService(service), destinations: destinations.map(presentDestination) }
}

export function presentInfo({ version, connectionTableSize }: InfoRecord): Info {
  return { version: [version >> 16, (version >> 8) & 0xff, version & 0xff].join('.'), connectionTableSize }
}

export function presentTimeouts({ tcp, tcpFin, udp }: TimeoutsRecord): Timeouts {
  return { tcpSeconds: tcp, tcpFinSeconds: tcpFin, udpSeconds: udp }
}

export function presentDaemon({ role, interface: name, syncId, maxLength, ...multicast }: DaemonRecord): SyncDaemon {
  const { groupFamily, group, port, ttl } = multicast
  return {
    // The kernel has no other.
    role: daemonRoles.word(role) as SyncDaemon['role'],
    interface: name,
    syncId,
    ...(maxLength > 0 ? { maxLength } : {}),
    // Linux before 4.3 has one fixed group and tells nothing of it.
    ...(groupFamily > 0
      ? { multicast: { group: formatAddress({ family: groupFamily, address: group }), port, ttl } }
      : {}),
  }
}

export function presentSysctls(sysctls: readonly SysctlRecord[]): Readonly<Record<string, string>> {
  return Object.fromEntries(sysctls.map(({ name, value }) => [name, value]))
}
