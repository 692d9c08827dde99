/**
 * The seam's layout, the mirror of native/records.h: records and the bytes that carry them, in mirrored pairs. Byte order on
 * the wire to the kernel is the addon's.
 */
import { endianness } from 'node:os'
import type { Command, DestinationEntry, DestinationRecord, InfoRecord, Reply, Request } from './records.js'
import type { ServiceEntry, ServiceRecord, Stage, StatsRecord } from './records.js'

const Kind = { nothing: 0, service: 1, destination: 2, info: 3 } as const

// ── the layout: names, order and sizes as in records.h, offsets by C's rules ──

interface FieldType {
  readonly size: number
  readonly align: number
}
interface Layout<F extends string> extends FieldType {
  readonly at: Readonly<Record<F, number>>
  readonly description: string
}
const u16: FieldType = { size: 2, align: 2 }
const u32: FieldType = { size: 4, align: 4 }
const u64: FieldType = { size: 8, align: 8 }
const bytes16: FieldType = { size: 16, align: 1 }

function record<F extends string>(name: string, fields: Record<F, FieldType>): Layout<F> {
  const at = {} as Record<F, number>
  let description = ''
  let end = 0
  let align = 1
  for (const field of Object.keys(fields) as F[]) {
    const type = fields[field]
    end = roundUp(end, type.align)
    at[field] = end
    description += `${name}.${field}@${end}:${type.size}\n`
    end += type.size
    align = Math.max(align, type.align)
  }
  return { at, description, size: roundUp(end, align), align }
}

function roundUp(value: number, align: number): number {
  return Math.ceil(value / align) * align
}

const Service = record('Service', {
  family: u16,
  protocol: u16,
  port: u16,
  reserved: u16,
  firewall_mark: u32,
  flags: u32,
  timeout: u32,
  netmask: u32,
  address: bytes16,
  scheduler: bytes16,
  engine: bytes16,
})
const Destination = record('Destination', {
  family: u16,
  port: u16,
  tunnel_port: u16,
  tunnel_flags: u16,
  tunnel_type: u32,
  forwarding: u32,
  weight: u32,
  upper: u32,
  lower: u32,
  address: bytes16,
})
const RequestLayout = record('Request', { command: u32, dump: u32, service: Service, destination: Destination })
const Outcome = record('Outcome', { error: u32, stage: u32, kind: u32, count: u32 })
const Stats = record('Stats', {
  connections: u64,
  packets_in: u64,
  packets_out: u64,
  bytes_in: u64,
  bytes_out: u64,
  connection_rate: u64,
  packet_in_rate: u64,
  packet_out_rate: u64,
  byte_in_rate: u64,
  byte_out_rate: u64,
})
const ServiceEntryLayout = record('ServiceEntry', { service: Service, stats: Stats })
const DestinationEntryLayout = record('DestinationEntry', {
  destination: Destination,
  active: u32,
  inactive: u32,
  persistent: u32,
  stats: Stats,
})
const InfoLayout = record('Info', { version: u32, connection_table_size: u32 })

/** FNV-1a, 64 bit, of the description of all records: what the addon must have been built with. */
export function layoutHash(): string {
  const layouts = [
    Service,
    Destination,
    RequestLayout,
    Outcome,
    Stats,
    ServiceEntryLayout,
    DestinationEntryLayout,
    InfoLayout,
  ]
  let hash = 0xcbf29ce484222325n
  for (const byte of Buffer.from(layouts.map((layout) => layout.description).join(''))) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  }
  return hash.toString(16).padStart(16, '0')
}

// ── bytes ──

const little = endianness() === 'LE'

function viewOf(bytes: ArrayBuffer | Uint8Array): DataView {
  return bytes instanceof ArrayBuffer
    ? new DataView(bytes)
    : new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
function putBytes(view: DataView, at: number, bytes: Uint8Array): void {
  for (let i = 0; i < 16; i++) view.setUint8(at + i, bytes[i] ?? 0)
}
function getBytes(view: DataView, at: number): Uint8Array {
  return new Uint8Array(view.buffer.slice(view.byteOffset + at, view.byteOffset + at + 16))
}
// Names are bytes to the kernel: latin1 loses none.
function putName(view: DataView, at: number, name: string): void {
  putBytes(view, at, Buffer.from(name, 'latin1'))
}
function getName(view: DataView, at: number): string {
  const bytes = Buffer.from(view.buffer, view.byteOffset + at, 16)
  const end = bytes.indexOf(0)
  return bytes.toString('latin1', 0, end < 0 ? 16 : end)
}

function putService(view: DataView, at: number, service: ServiceRecord): void {
  const { at: field } = Service
  view.setUint16(at + field.family, service.family, little)
  view.setUint16(at + field.protocol, service.protocol, little)
  view.setUint16(at + field.port, service.port, little)
  view.setUint32(at + field.firewall_mark, service.firewallMark, little)
  view.setUint32(at + field.flags, service.flags, little)
  view.setUint32(at + field.timeout, service.timeout, little)
  view.setUint32(at + field.netmask, service.netmask, little)
  putBytes(view, at + field.address, service.address)
  putName(view, at + field.scheduler, service.scheduler)
  putName(view, at + field.engine, service.engine)
}
function getService(view: DataView, at: number): ServiceRecord {
  const { at: field } = Service
  return {
    family: view.getUint16(at + field.family, little),
    protocol: view.getUint16(at + field.protocol, little),
    port: view.getUint16(at + field.port, little),
    firewallMark: view.getUint32(at + field.firewall_mark, little),
    flags: view.getUint32(at + field.flags, little),
    timeout: view.getUint32(at + field.timeout, little),
    netmask: view.getUint32(at + field.netmask, little),
    address: getBytes(view, at + field.address),
    scheduler: getName(view, at + field.scheduler),
    engine: getName(view, at + field.engine),
  }
}

function putDestination(view: DataView, at: number, destination: DestinationRecord): void {
  const { at: field } = Destination
  view.setUint16(at + field.family, destination.family, little)
  view.setUint16(at + field.port, destination.port, little)
  view.setUint16(at + field.tunnel_port, destination.tunnelPort, little)
  view.setUint16(at + field.tunnel_flags, destination.tunnelFlags, little)
  view.setUint32(at + field.tunnel_type, destination.tunnelType, little)
  view.setUint32(at + field.forwarding, destination.forwarding, little)
  view.setInt32(at + field.weight, destination.weight, little)
  view.setUint32(at + field.upper, destination.upper, little)
  view.setUint32(at + field.lower, destination.lower, little)
  putBytes(view, at + field.address, destination.address)
}
function getDestination(view: DataView, at: number): DestinationRecord {
  const { at: field } = Destination
  return {
    family: view.getUint16(at + field.family, little),
    port: view.getUint16(at + field.port, little),
    tunnelPort: view.getUint16(at + field.tunnel_port, little),
    tunnelFlags: view.getUint16(at + field.tunnel_flags, little),
    tunnelType: view.getUint32(at + field.tunnel_type, little),
    forwarding: view.getUint32(at + field.forwarding, little),
    weight: view.getInt32(at + field.weight, little),
    upper: view.getUint32(at + field.upper, little),
    lower: view.getUint32(at + field.lower, little),
    address: getBytes(view, at + field.address),
  }
}

// Stats holds five totals, then five rates.
function putStats(view: DataView, at: number, stats: StatsRecord): void {
  ;[...stats.totals, ...stats.rates].forEach((value, i) => view.setBigUint64(at + i * u64.size, value, little))
}
function getStats(view: DataView, at: number): StatsRecord {
  const values = Array.from({ length: 10 }, (_, i) => view.getBigUint64(at + i * u64.size, little))
  return { totals: values.slice(0, 5), rates: values.slice(5) }
}

// ── requests ──

export function encodeRequests(requests: readonly Request[]): Uint8Array {
  const batch = new Uint8Array(requests.length * RequestLayout.size)
  const view = viewOf(batch)
  requests.forEach((request, i) => {
    const start = i * RequestLayout.size
    const { at: field } = RequestLayout
    view.setUint32(start + field.command, request.command, little)
    view.setUint32(start + field.dump, request.dump ? 1 : 0, little)
    if (request.service) putService(view, start + field.service, request.service)
    if (request.destination) putDestination(view, start + field.destination, request.destination)
  })
  return batch
}

export function decodeRequests(batch: Uint8Array): Request[] {
  const view = viewOf(batch)
  const { at: field } = RequestLayout
  return Array.from({ length: batch.byteLength / RequestLayout.size }, (_, i) => {
    const start = i * RequestLayout.size
    const service = getService(view, start + field.service)
    const destination = getDestination(view, start + field.destination)
    return {
      command: view.getUint32(start + field.command, little) as Command,
      dump: view.getUint32(start + field.dump, little) === 1,
      ...(service.family === 0 ? {} : { service }),
      ...(destination.family === 0 ? {} : { destination }),
    }
  })
}

// ── replies ──

export function encodeReplies(replies: readonly Reply[]): ArrayBuffer {
  const size = (reply: Reply) =>
    Outcome.size +
    reply.services.length * ServiceEntryLayout.size +
    reply.destinations.length * DestinationEntryLayout.size +
    (reply.info ? InfoLayout.size : 0)
  const buffer = new ArrayBuffer(replies.reduce((sum, reply) => sum + size(reply), 0))
  const view = viewOf(buffer)
  let at = 0
  for (const { error, stage, services, destinations, info } of replies) {
    const kind = info
      ? Kind.info
      : destinations.length
        ? Kind.destination
        : services.length
          ? Kind.service
          : Kind.nothing
    view.setInt32(at + Outcome.at.error, error, little)
    view.setUint32(at + Outcome.at.stage, stage, little)
    view.setUint32(at + Outcome.at.kind, kind, little)
    view.setUint32(at + Outcome.at.count, info ? 1 : destinations.length || services.length, little)
    at += Outcome.size
    for (const entry of services) {
      putService(view, at + ServiceEntryLayout.at.service, entry.service)
      putStats(view, at + ServiceEntryLayout.at.stats, entry.stats)
      at += ServiceEntryLayout.size
    }
    for (const entry of destinations) {
      putDestination(view, at + DestinationEntryLayout.at.destination, entry.destination)
      view.setUint32(at + DestinationEntryLayout.at.active, entry.active, little)
      view.setUint32(at + DestinationEntryLayout.at.inactive, entry.inactive, little)
      view.setUint32(at + DestinationEntryLayout.at.persistent, entry.persistent, little)
      putStats(view, at + DestinationEntryLayout.at.stats, entry.stats)
      at += DestinationEntryLayout.size
    }
    if (info) {
      view.setUint32(at + InfoLayout.at.version, info.version, little)
      view.setUint32(at + InfoLayout.at.connection_table_size, info.connectionTableSize, little)
      at += InfoLayout.size
    }
  }
  return buffer
}

/** Throws a RangeError when the buffer is not exactly one reply for each request. */
export function decodeReplies(buffer: ArrayBuffer, requests: number): Reply[] {
  const view = viewOf(buffer)
  const replies: Reply[] = []
  let at = 0
  for (let i = 0; i < requests; i++) {
    const error = view.getInt32(at + Outcome.at.error, little)
    const stage = view.getUint32(at + Outcome.at.stage, little) as Stage
    const kind = view.getUint32(at + Outcome.at.kind, little)
    const count = view.getUint32(at + Outcome.at.count, little)
    at += Outcome.size
    const services: ServiceEntry[] = []
    const destinations: DestinationEntry[] = []
    let info: InfoRecord | undefined
    for (let n = 0; n < count; n++) {
      switch (kind) {
        case Kind.service:
          services.push({
            service: getService(view, at + ServiceEntryLayout.at.service),
            stats: getStats(view, at + ServiceEntryLayout.at.stats),
          })
          at += ServiceEntryLayout.size
          break
        case Kind.destination:
          destinations.push({
            destination: getDestination(view, at + DestinationEntryLayout.at.destination),
            active: view.getUint32(at + DestinationEntryLayout.at.active, little),
            inactive: view.getUint32(at + DestinationEntryLayout.at.inactive, little),
            persistent: view.getUint32(at + DestinationEntryLayout.at.persistent, little),
            stats: getStats(view, at + DestinationEntryLayout.at.stats),
          })
          at += DestinationEntryLayout.size
          break
        case Kind.info:
          info = {
            version: view.getUint32(at + InfoLayout.at.version, little),
            connectionTableSize: view.getUint32(at + InfoLayout.at.connection_table_size, little),
          }
          at += InfoLayout.size
          break
        default:
          throw new RangeError(`reply ${i} holds records of an unknown kind: ${kind}`)
      }
    }
    replies.push({ error, stage, services, destinations, ...(info ? { info } : {}) })
  }
  if (at !== buffer.byteLength) throw new RangeError(`${requests} replies end at byte ${at} of ${buffer.byteLength}`)
  return replies
}
