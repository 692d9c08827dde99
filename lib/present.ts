/** Records -> what the API shows. The mirror of validate.ts: what comes out goes back in unchanged. */
import { formatAddress } from './address.js'
import { checksums, forwardings, protocols, schedulerFlags, tunnelTypes } from './words.js'
import { AF_INET, AF_INET6, ServiceFlag, type DestinationEntry, type DestinationRecord } from './records.js'
import type { InfoRecord, ServiceEntry, ServiceRecord, StatsRecord } from './records.js'
import type {
  Counters,
  Destination,
  DestinationKey,
  DestinationSpec,
  Info,
  Persistence,
  SchedulerFlag,
  Service,
  ServiceKey,
  ServiceSpec,
  Stats,
} from './types.js'

export function presentServiceKey(service: ServiceRecord): ServiceKey {
  if (service.firewallMark !== 0) {
    return { firewallMark: service.firewallMark, family: service.family === AF_INET6 ? 'ipv6' : 'ipv4' }
  }
  return {
    // A foreign service of another protocol is shown as protocol-N: see Protocol.
    protocol: protocols.word(service.protocol) as 'tcp',
    address: formatAddress(service),
    port: service.port,
  }
}

export function presentService({ service, stats }: ServiceEntry): Service {
  return { ...presentServiceSpec(service), stats: presentStats(stats) }
}

export function presentServiceSpec(service: ServiceRecord): ServiceSpec {
  const flags = (Object.keys(schedulerFlags) as SchedulerFlag[]).filter((flag) => service.flags & schedulerFlags[flag])
  return {
    ...presentServiceKey(service),
    scheduler: service.scheduler,
    ...(flags.length > 0 ? { schedulerFlags: flags } : {}),
    ...(service.flags & ServiceFlag.persistent ? { persistence: presentPersistence(service) } : {}),
    ...(service.flags & ServiceFlag.onePacket ? { onePacket: true } : {}),
  }
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

export function presentDestination({
  destination,
  active,
  inactive,
  persistent,
  stats,
}: DestinationEntry): Destination {
  const connections = { active, inactive, persistent }
  return { ...presentDestinationSpec(destination), connections, stats: presentStats(stats) }
}

export function presentDestinationSpec(destination: DestinationRecord): DestinationSpec & { readonly weight: number } {
  const forwarding = forwardings.word(destination.forwarding & 7)
  return {
    ...presentDestinationKey(destination),
    forwarding,
    ...(forwarding === 'tunnel' ? { encapsulation: presentEncapsulation(destination) } : {}),
    weight: destination.weight,
    ...(destination.upper > 0 ? { limits: presentLimits(destination) } : {}),
  }
}

function presentEncapsulation({
  tunnelType,
  tunnelPort,
  tunnelFlags,
}: DestinationRecord): NonNullable<Destination['encapsulation']> {
  return {
    type: tunnelTypes.word(tunnelType),
    ...(tunnelPort > 0 ? { port: tunnelPort } : {}),
    checksum: checksums.word(tunnelFlags),
  }
}

function presentLimits({ upper, lower }: DestinationRecord): NonNullable<Destination['limits']> {
  return { upper, ...(lower > 0 ? { lower } : {}) }
}

function presentStats({ totals, rates }: StatsRecord): Stats {
  return { total: counters(totals), rate: counters(rates.map(Number)) }
}

function counters<N extends number | bigint>(values: readonly N[]): Counters<N> {
  const [connections, packetsIn, packetsOut, bytesIn, bytesOut] = values as readonly [N, N, N, N, N]
  return { connections, packetsIn, packetsOut, bytesIn, bytesOut }
}

export function presentInfo({ version, connectionTableSize }: InfoRecord): Info {
  return { version: [version >> 16, (version >> 8) & 0xff, version & 0xff].join('.'), connectionTableSize }
}
