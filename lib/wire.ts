/**
 * What crosses the seam, as bytes: the mirror of native/records.h. A batch is requests, each a RequestHead and the records that it
 * names; the reply holds, for each request in order, one Outcome and the records that it announces. Byte order on the wire to the
 * kernel is the addon's.
 */
import { bytes, i32, little, record, text, u16, u32, u64, type Layout } from './layout.js'
import { getDestination, getService, putDestination, putService } from './hot-records.js'
import { Command, nothingRead, Stage, type DaemonRecord } from './records.js'
import { DestinationRow, ServiceRow } from './rows.js'
import type { Answer, DestinationEntry, DestinationRecord, InfoRecord, Records, Reply, Request } from './records.js'
import type { ServiceEntry, ServiceRecord, StatsRecord, SysctlRecord, ThreadRecord, TimeoutsRecord } from './records.js'

const serviceLayout = record<ServiceRecord>('Service', {
  family: u16,
  protocol: u16,
  port: u16,
  firewallMark: u32,
  flags: u32,
  timeout: u32,
  netmask: u32,
  address: bytes(16),
  scheduler: text(16),
  engine: text(16),
})
const destinationLayout = record<DestinationRecord>('Destination', {
  family: u16,
  port: u16,
  tunnelPort: u16,
  tunnelFlags: u16,
  tunnelType: u32,
  forwarding: u32,
  weight: i32,
  upper: u32,
  lower: u32,
  address: bytes(16),
})
const service = { ...serviceLayout, get: getService, put: putService }
const destination = { ...destinationLayout, get: getDestination, put: putDestination }
const daemon = record<DaemonRecord>('Daemon', {
  role: u32,
  syncId: u32,
  maxLength: u16,
  port: u16,
  ttl: u16,
  groupFamily: u16,
  group: bytes(16),
  interface: text(16),
})
const timeouts = record<TimeoutsRecord>('Timeouts', { tcp: u32, tcpFin: u32, udp: u32 })
interface RequestHead {
  readonly command: Command
  readonly dump: number
  readonly parts: number
}
const requestHead = record<RequestHead>('RequestHead', { command: u32 as Layout<Command>, dump: u16, parts: u16 })
/** What follows a head, in this order: native/records.h, Part. */
const Part = { service: 1, destination: 2, daemon: 4, timeouts: 8, sameService: 16 } as const
const outcome = record<Outcome>('Outcome', { error: i32, stage: u32 as Layout<Stage>, kind: u32, count: u32 })
const stats = record<StatsRecord>('Stats', {
  connections: u64,
  packetsIn: u64,
  packetsOut: u64,
  bytesIn: u64,
  bytesOut: u64,
  connectionRate: u64,
  packetInRate: u64,
  packetOutRate: u64,
  byteInRate: u64,
  byteOutRate: u64,
})
/** As rows.ts reads it. */
export const serviceEntry: Layout<ServiceEntry> = record<ServiceEntry>('ServiceEntry', {
  service: serviceLayout,
  stats,
})
/** As rows.ts reads it. */
export const destinationEntry: Layout<DestinationEntry> = record<DestinationEntry>('DestinationEntry', {
  destination: destinationLayout,
  active: u32,
  inactive: u32,
  persistent: u32,
  stats,
})
const info = record<InfoRecord>('Info', { version: u32, connectionTableSize: u32 })
const sysctl = record<SysctlRecord>('Sysctl', { name: text(32), value: text(992) })
const thread = record<ThreadRecord>('Thread', { id: u32 })

/** What hot-records.ts does instead of layouts, beside them. */
export const hotLayouts: readonly { readonly hot: Layout<unknown>; readonly byField: Layout<unknown> }[] = [
  { hot: service, byField: serviceLayout },
  { hot: destination, byField: destinationLayout },
]

interface Outcome {
  readonly error: number
  readonly stage: Stage
  /** Of the records that follow: native/records.h, Kind. */
  readonly kind: number
  readonly count: number
}

interface Kind {
  readonly of: keyof Records
  readonly layout: Layout<unknown>
  /** Where a reply's are more than their record. */
  readonly read?: (view: DataView, at: number) => unknown
}

/** What a reply may hold, in the order of Kind, which begins with 1. */
const kinds: readonly Kind[] = [
  { of: 'services', layout: serviceEntry, read: (view, at) => new ServiceRow(view, at) },
  { of: 'destinations', layout: destinationEntry, read: (view, at) => new DestinationRow(view, at) },
  { of: 'infos', layout: info },
  { of: 'daemons', layout: daemon },
  { of: 'timeouts', layout: timeouts },
  { of: 'sysctls', layout: sysctl },
  { of: 'threads', layout: thread },
]

/** FNV-1a, 32 bit, of the description of all records and numbers: what the addon must have been built with. */
export function layoutHash(): string {
  const numbers = [
    ...Object.entries(Stage).map(([name, number]) => `Stage.${name}=${number}\n`),
    ...kinds.map(({ of }, i) => `Kind.${of}=${i + 1}\n`),
    ...Object.entries(Part).map(([name, number]) => `Part.${name}=${number}\n`),
    `Command.readSysctls=${Command.readSysctls}\n`,
    `Command.tellThread=${Command.tellThread}\n`,
  ]
  const order = [service, destination, daemon, timeouts, requestHead, outcome, stats, serviceEntry, destinationEntry]
  let hash = 0x811c9dc5
  const records = [...order, info, sysctl, thread].map(({ description }) => description)
  for (const byte of Buffer.from([...records, ...numbers].join(''))) {
    hash = Math.imul(hash ^ byte, 0x01000193)
  }
  return (hash >>> 0).toString(16).padStart(8, '0')
}

function viewOf(of: ArrayBuffer | Uint8Array): DataView {
  return of instanceof ArrayBuffer ? new DataView(of) : new DataView(of.buffer, of.byteOffset, of.byteLength)
}

/** Bytes that any request fits into. */
const longestRequest: number = requestHead.size + service.size + destination.size + daemon.size + timeouts.size

/**
 * Writes a request where all is 0, and returns where it ends. Of one about the same service as the one before, by the same record,
 * the service is two thirds: it is not written again.
 */
function putRequest(view: DataView, at: number, request: Request, before: ServiceRecord | undefined): number {
  const same = before !== undefined && request.service === before
  let parts = same ? Part.sameService : 0
  let end = at + requestHead.size
  if (request.service && !same) {
    parts |= Part.service
    service.put(view, end, request.service)
    end += service.size
  }
  if (request.destination) {
    parts |= Part.destination
    destination.put(view, end, request.destination)
    end += destination.size
  }
  if (request.daemon) {
    parts |= Part.daemon
    daemon.put(view, end, request.daemon)
    end += daemon.size
  }
  if (request.timeouts) {
    parts |= Part.timeouts
    timeouts.put(view, end, request.timeouts)
    end += timeouts.size
  }
  view.setUint32(at, request.command, little)
  view.setUint16(at + 4, request.dump === true ? 1 : 0, little)
  view.setUint16(at + 6, parts, little)
  return end
}

export function encodeRequests(requests: readonly Request[]): Uint8Array {
  const bytes = new Uint8Array(sizeOf(requests))
  putRequests(viewOf(bytes), requests)
  return bytes
}

function sizeOf(requests: readonly Request[]): number {
  let size = 0
  let before: ServiceRecord | undefined
  for (const request of requests) {
    size += requestHead.size
    if (request.service && request.service !== before) size += service.size
    if (request.destination) size += destination.size
    if (request.daemon) size += daemon.size
    if (request.timeouts) size += timeouts.size
    before = request.service
  }
  return size
}

/** Where all is 0; returns where they end. */
function putRequests(view: DataView, requests: readonly Request[]): number {
  let end = 0
  let before: ServiceRecord | undefined
  for (const request of requests) {
    end = putRequest(view, end, request, before)
    before = request.service
  }
  return end
}

const few = 4
const room = new Uint8Array(few * longestRequest)
const roomView = viewOf(room)

/** What was encoded last: mostly as long as what follows. */
let used = room.subarray(0, 0)

/** The same, in bytes that are written anew by the next call where there are few: making some takes longer than filling them. */
export function encodeForNow(requests: readonly Request[]): Uint8Array {
  if (requests.length > few) return encodeRequests(requests)
  for (let i = 0; i < used.length; i += 4) roomView.setInt32(i, 0)
  const size = putRequests(roomView, requests)
  if (size !== used.length) used = room.subarray(0, size)
  return used
}

export function decodeRequests(batch: Uint8Array): Request[] {
  const view = viewOf(batch)
  const requests: Request[] = []
  let at = 0
  const take = <T>(layout: Layout<T>): T => {
    const value = layout.get(view, at)
    at += layout.size
    return value
  }
  while (at < batch.byteLength) {
    const { command, dump, parts } = take(requestHead)
    const request: { -readonly [K in keyof Request]: Request[K] } = { command, dump: dump !== 0 }
    const before = parts & Part.sameService ? requests.at(-1)?.service : undefined
    if (before) request.service = before
    if (parts & Part.service) {
      const found = take(service)
      // To the addon a family of 0 leaves the service out.
      if (found.family !== 0) request.service = found
    }
    if (parts & Part.destination) request.destination = take(destination)
    if (parts & Part.daemon) request.daemon = take(daemon)
    if (parts & Part.timeouts) request.timeouts = take(timeouts)
    requests.push(request)
  }
  return requests
}

export function encodeReplies(replies: readonly Answer[]): ArrayBuffer {
  const parts = replies.map((reply) => {
    const kind = kinds.findIndex(({ of }) => reply[of].length > 0)
    const held = kinds[kind]
    return { reply, kind: kind + 1, records: held ? reply[held.of] : [], layout: held?.layout }
  })
  const size = parts.reduce((sum, { records, layout }) => sum + outcome.size + records.length * (layout?.size ?? 0), 0)
  const buffer = new ArrayBuffer(size)
  const view = viewOf(buffer)
  let at = 0
  for (const { reply, kind, records, layout } of parts) {
    outcome.put(view, at, { error: reply.error, stage: reply.stage, kind, count: records.length })
    at += outcome.size
    for (const one of records) {
      layout?.put(view, at, one)
      at += layout?.size ?? 0
    }
  }
  return buffer
}

/** Copied where a literal would do, for the reason that hot-records.ts has. */
const noRecords: readonly unknown[] = []

/** null: each succeeded without records. Throws a RangeError when the buffer is not exactly one reply for each request. */
export function decodeReplies(buffer: ArrayBuffer | null, requests: number): readonly Reply[] {
  if (buffer === null) return requests === 1 ? [nothingRead] : Array<Reply>(requests).fill(nothingRead)
  const view = viewOf(buffer)
  const replies: Reply[] = []
  let at = 0
  for (let i = 0; i < requests; i++) {
    const { error, stage, kind, count } = outcome.get(view, at)
    at += outcome.size
    if (error === 0 && stage === Stage.kernel && kind === 0 && count === 0) {
      replies.push(nothingRead)
      continue
    }
    const held = kinds[kind - 1]
    if (!held) {
      if (kind !== 0 || count !== 0) throw new RangeError(`reply ${i} holds records of an unknown kind: ${kind}`)
      replies.push({ ...nothingRead, error, stage })
      continue
    }
    const { of, layout, read } = held
    const records: unknown[] = noRecords.slice()
    for (let n = 0; n < count; n++) {
      if (at + layout.size > buffer.byteLength) throw new RangeError(`reply ${i} ends before its record ${n} does`)
      records.push(read ? read(view, at) : layout.get(view, at))
      at += layout.size
    }
    const reply: Record<keyof Reply, unknown> = { ...nothingRead, error, stage }
    reply[of] = records
    replies.push(reply as Reply)
  }
  if (at !== buffer.byteLength) throw new RangeError(`${requests} replies end at byte ${at} of ${buffer.byteLength}`)
  return replies
}
