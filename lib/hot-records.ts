/**
 * The records that cross the seam by the ten thousand, read and written field by field: by their layouts it takes ten times as
 * long. What stands where is the layouts' (wire.ts), against which test/wire.test.ts holds these.
 */
import { noAddress, type Host } from './address.js'
import { little, readText, writeText } from './layout.js'
import type { DestinationRecord, ServiceRecord, StatsRecord } from './records.js'

// Records begin as copies of empty ones. Objects that a literal makes V8 allocates, once many like them lived long (a whole table
// did), where only a full collection finds that they are dead; until then they keep alive what they refer to, row after row,
// and every minor collection copies it: pauses of 20 ms where it should be 1.

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

const noService: ServiceRecord = {
  family: 0,
  protocol: 0,
  port: 0,
  firewallMark: 0,
  flags: 0,
  timeout: 0,
  netmask: 0,
  address: noAddress,
  scheduler: '',
  engine: '',
}
const noDestination: DestinationRecord = {
  family: 0,
  port: 0,
  tunnelPort: 0,
  tunnelFlags: 0,
  tunnelType: 0,
  forwarding: 0,
  weight: 0,
  upper: 0,
  lower: 0,
  address: noAddress,
}
const noStats: StatsRecord = {
  connections: 0n,
  packetsIn: 0n,
  packetsOut: 0n,
  bytesIn: 0n,
  bytesOut: 0n,
  connectionRate: 0n,
  packetInRate: 0n,
  packetOutRate: 0n,
  byteInRate: 0n,
  byteOutRate: 0n,
}

export function getService(view: DataView, at: number): ServiceRecord {
  const service: Mutable<ServiceRecord> = { ...noService }
  service.family = view.getUint16(at, little)
  service.protocol = view.getUint16(at + 2, little)
  service.port = view.getUint16(at + 4, little)
  service.firewallMark = view.getUint32(at + 8, little)
  service.flags = view.getUint32(at + 12, little)
  service.timeout = view.getUint32(at + 16, little)
  service.netmask = view.getUint32(at + 20, little)
  service.address = getAddress(view, at + 24)
  service.scheduler = readText(view, at + 40, 16)
  service.engine = readText(view, at + 56, 16)
  return service
}

export function putService(view: DataView, at: number, service: ServiceRecord): void {
  view.setUint16(at, service.family, little)
  view.setUint16(at + 2, service.protocol, little)
  view.setUint16(at + 4, service.port, little)
  view.setUint32(at + 8, service.firewallMark, little)
  view.setUint32(at + 12, service.flags, little)
  view.setUint32(at + 16, service.timeout, little)
  view.setUint32(at + 20, service.netmask, little)
  putAddress(view, at + 24, service)
  writeText(view, at + 40, 16, service.scheduler)
  writeText(view, at + 56, 16, service.engine)
}

export function getDestination(view: DataView, at: number): DestinationRecord {
  const destination: Mutable<DestinationRecord> = { ...noDestination }
  destination.family = view.getUint16(at, little)
  destination.port = view.getUint16(at + 2, little)
  destination.tunnelPort = view.getUint16(at + 4, little)
  destination.tunnelFlags = view.getUint16(at + 6, little)
  destination.tunnelType = view.getUint32(at + 8, little)
  destination.forwarding = view.getUint32(at + 12, little)
  destination.weight = view.getInt32(at + 16, little)
  destination.upper = view.getUint32(at + 20, little)
  destination.lower = view.getUint32(at + 24, little)
  destination.address = getAddress(view, at + 28)
  return destination
}

export function putDestination(view: DataView, at: number, destination: DestinationRecord): void {
  view.setUint16(at, destination.family, little)
  view.setUint16(at + 2, destination.port, little)
  view.setUint16(at + 4, destination.tunnelPort, little)
  view.setUint16(at + 6, destination.tunnelFlags, little)
  view.setUint32(at + 8, destination.tunnelType, little)
  view.setUint32(at + 12, destination.forwarding, little)
  view.setInt32(at + 16, destination.weight, little)
  view.setUint32(at + 20, destination.upper, little)
  view.setUint32(at + 24, destination.lower, little)
  putAddress(view, at + 28, destination)
}

export function getStats(view: DataView, at: number): StatsRecord {
  const stats: Mutable<StatsRecord> = { ...noStats }
  stats.connections = getCount(view, at)
  stats.packetsIn = getCount(view, at + 8)
  stats.packetsOut = getCount(view, at + 16)
  stats.bytesIn = getCount(view, at + 24)
  stats.bytesOut = getCount(view, at + 32)
  stats.connectionRate = getCount(view, at + 40)
  stats.packetInRate = getCount(view, at + 48)
  stats.packetOutRate = getCount(view, at + 56)
  stats.byteInRate = getCount(view, at + 64)
  stats.byteOutRate = getCount(view, at + 72)
  return stats
}

/** Most counters are 0, which needs no bigint of its own. */
export function getCount(view: DataView, at: number): bigint {
  if (view.getUint32(at, little) === 0 && view.getUint32(at + 4, little) === 0) return 0n
  return view.getBigUint64(at, little)
}

export function getAddress(view: DataView, at: number): Uint8Array {
  const address = new Uint8Array(16)
  for (let i = 0; i < 16; i++) address[i] = view.getUint8(at + i)
  return address
}

function putAddress(view: DataView, at: number, of: Host): void {
  if (of.quad !== undefined) return view.setInt32(at, of.quad)
  const { address } = of
  for (let i = 0; i < 16; i++) view.setUint8(at + i, address[i] ?? 0)
}
