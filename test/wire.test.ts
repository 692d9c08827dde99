import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { AF_INET, AF_INET6, Command, nothingRead, Stage, type DaemonRecord } from '../lib/records.js'
import { decodeReplies, decodeRequests, encodeForNow, encodeReplies, encodeRequests, layoutHash } from '../lib/wire.js'
import { destinationEntry, hotLayouts, serviceEntry as serviceLayout } from '../lib/wire.js'
import { DestinationRow, ServiceRow } from '../lib/rows.js'
import { destinationSpec, serviceKey } from '../lib/validate.js'
import { http, server } from './tables.js'
import type { Answer, DestinationEntry, DestinationRecord, Records, Reply, Request } from '../lib/records.js'
import type { ServiceEntry, ServiceRecord, StatsRecord, TimeoutsRecord } from '../lib/records.js'

/** Objects as literals make them: by default some have no prototype. */
function record<T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(fields, { noNullPrototype: true })
}

const u16 = fc.integer({ min: 0, max: 0xffff })
const u32 = fc.integer({ min: 0, max: 0xffffffff })
const i32 = fc.integer({ min: -0x80000000, max: 0x7fffffff })
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const address = fc.uint8Array({ minLength: 16, maxLength: 16 })
// A family of 0 means that the record is left out.
const family = fc.constantFrom(AF_INET, AF_INET6, 3, 0xffff)
const text = (maxLength: number) =>
  fc.array(fc.integer({ min: 1, max: 255 }), { maxLength }).map((codes) => String.fromCharCode(...codes))
const name = text(15)

const service: fc.Arbitrary<ServiceRecord> = record({
  family,
  protocol: u16,
  port: u16,
  firewallMark: u32,
  flags: u32,
  timeout: u32,
  netmask: u32,
  address,
  scheduler: name,
  engine: name,
})
const destination: fc.Arbitrary<DestinationRecord> = record({
  family,
  port: u16,
  tunnelPort: u16,
  tunnelFlags: u16,
  tunnelType: u32,
  forwarding: u32,
  weight: i32,
  upper: u32,
  lower: u32,
  address,
})
const stats: fc.Arbitrary<StatsRecord> = record({
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
const serviceEntry: fc.Arbitrary<ServiceEntry> = record({ service, stats })
const destinationEntries: fc.Arbitrary<DestinationEntry> = record({
  destination,
  active: u32,
  inactive: u32,
  persistent: u32,
  stats,
})

const daemon: fc.Arbitrary<DaemonRecord> = record({
  // A role of 0 means that the record is left out, as do timeouts of 0.
  role: fc.integer({ min: 1, max: 0xffffffff }),
  syncId: u32,
  maxLength: u16,
  port: u16,
  ttl: u16,
  groupFamily: u16,
  group: address,
  interface: name,
})
const timeouts: fc.Arbitrary<TimeoutsRecord> = record({ tcp: fc.integer({ min: 1, max: 9 }), tcpFin: u32, udp: u32 })

const request: fc.Arbitrary<Request> = fc.record(
  { command: fc.constantFrom(...Object.values(Command)), dump: fc.boolean(), service, destination, daemon, timeouts },
  { requiredKeys: ['command', 'dump'], noNullPrototype: true },
)
const outcome = record({ error: i32, stage: fc.constantFrom(...Object.values(Stage)) })
const some = <T>(one: fc.Arbitrary<T>) => fc.array(one, { maxLength: 3 })
const records: fc.Arbitrary<Partial<Records>> = fc.oneof(
  fc.constant({}),
  some(serviceEntry).map((services) => ({ services })),
  some(destinationEntries).map((destinations) => ({ destinations })),
  some(record({ version: u32, connectionTableSize: u32 })).map((infos) => ({ infos })),
  some(daemon).map((daemons) => ({ daemons })),
  some(timeouts).map((timeouts) => ({ timeouts })),
  some(record({ name: text(31), value: text(991) })).map((sysctls) => ({ sysctls })),
  some(record({ id: u32 })).map((threads) => ({ threads })),
)
const reply: fc.Arbitrary<Answer> = fc
  .tuple(outcome, records)
  .map(([first, rest]) => ({ ...nothingRead, ...first, ...rest }))

/** A row, each of its parts read. */
function entryOf({ destination, active, inactive, persistent, stats }: DestinationEntry): DestinationEntry {
  return { destination, active, inactive, persistent, stats }
}

function plain(reply: Reply): Answer {
  const services = reply.services.map(({ service, stats }) => ({ service, stats }))
  return { ...reply, services, destinations: reply.destinations.map(entryOf) }
}

t.test('requests come back as they went in', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(request, { maxLength: 5 }), (requests) => {
        return isDeepStrictEqual(decodeRequests(encodeRequests(requests)), requests)
      }),
    ),
  )
})

t.test('replies come back as they went in', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(reply, { maxLength: 5 }), (replies) => {
        return isDeepStrictEqual(decodeReplies(encodeReplies(replies), replies.length).map(plain), replies)
      }),
    ),
  )
})

for (const { hot, byField } of hotLayouts) {
  const { size, description } = byField
  t.test(`${description.split('.')[0]}: what is spelt out reads and writes as the layout's fields do`, async () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: size + 8, maxLength: size + 8 }), (bytes) => {
        const view = new DataView(bytes.buffer)
        const found = byField.get(view, 8)
        const written = [hot, byField].map((layout) => {
          const bytes = new Uint8Array(size + 8).fill(0xee)
          layout.put(new DataView(bytes.buffer), 8, found)
          return bytes
        })
        return isDeepStrictEqual(hot.get(view, 8), found) && isDeepStrictEqual(written[0], written[1])
      }),
    )
  })
}

t.test('a row of a reply reads as the fields of its layout do', async () => {
  const { size } = destinationEntry
  fc.assert(
    fc.property(fc.uint8Array({ minLength: size + 8, maxLength: size + 8 }), (bytes) => {
      const view = new DataView(bytes.buffer)
      const row = new DestinationRow(view, 8)
      const found = destinationEntry.get(view, 8)
      const { family, address, port, tunnelPort, tunnelFlags, tunnelType, forwarding, weight, upper } = row
      const { lower } = found.destination
      const destination = {
        family,
        port,
        tunnelPort,
        tunnelFlags,
        tunnelType,
        forwarding,
        weight,
        upper,
        lower,
        address,
      }
      return isDeepStrictEqual(entryOf(row), found) && isDeepStrictEqual(destination, found.destination)
    }),
  )
})

t.test('a service of a reply reads as the fields of its layout do, its counters as the API shows them', async () => {
  const { size } = serviceLayout
  fc.assert(
    fc.property(fc.uint8Array({ minLength: size + 8, maxLength: size + 8 }), (bytes) => {
      const view = new DataView(bytes.buffer)
      const { service, stats, total, rate } = new ServiceRow(view, 8)
      const { connections, packetsIn, packetsOut, bytesIn, bytesOut } = stats
      const rates = {
        connections: Number(stats.connectionRate),
        packetsIn: Number(stats.packetInRate),
        packetsOut: Number(stats.packetOutRate),
        bytesIn: Number(stats.byteInRate),
        bytesOut: Number(stats.byteOutRate),
      }
      return (
        isDeepStrictEqual({ service, stats }, serviceLayout.get(view, 8)) &&
        isDeepStrictEqual(total, { connections, packetsIn, packetsOut, bytesIn, bytesOut }) &&
        isDeepStrictEqual(rate, rates)
      )
    }),
  )
})

t.test('requests about the same record of a service come back as they went in', async () => {
  const neighbours = fc
    .tuple(fc.array(service, { minLength: 1, maxLength: 2 }), fc.array(fc.tuple(fc.nat(2), request), { maxLength: 8 }))
    .map(([services, some]) => some.map(([i, one]) => ({ ...one, ...(services[i] && { service: services[i] }) })))
  fc.assert(
    fc.property(neighbours, (requests) => isDeepStrictEqual(decodeRequests(encodeRequests(requests)), requests)),
  )
})

t.test('a service is written once for all that follow about it', async (t) => {
  const one = serviceKey(http)
  const add = (to: ServiceRecord, host: number): Request => ({
    command: Command.newDest,
    service: to,
    destination: destinationSpec(server(host)),
  })
  const alone = encodeRequests([add(one, 1)])
  t.equal(encodeRequests([add(one, 1), add(one, 2)]).length - alone.length, 52, 'a head and a destination')
  t.equal(encodeRequests([add(one, 1), add({ ...one }, 2)]).length, 2 * alone.length, 'another record')
})

t.test('a request with a service of no family is one without a service, as to the addon', async (t) => {
  const [some] = fc.sample(service, 1)
  const asked: Request = {
    command: Command.newService,
    dump: false,
    service: { ...(some as ServiceRecord), family: 0 },
  }
  t.same(decodeRequests(encodeRequests([asked])), [{ command: Command.newService, dump: false }])
})

t.test('what is encoded for now is what is encoded to stay, whatever was encoded before', async () => {
  fc.assert(
    fc.property(fc.array(fc.array(request, { maxLength: 6 }), { maxLength: 3 }), (batches) =>
      batches.every((batch) => isDeepStrictEqual(encodeForNow(batch), encodeRequests(batch))),
    ),
  )
})

t.test('a batch that is a part of a larger buffer is read from its own start', async (t) => {
  const requests = fc.sample(request, 2)
  const batch = encodeRequests(requests)
  const larger = new Uint8Array(batch.length + 24).fill(0xee)
  larger.set(batch, 8)
  t.same(decodeRequests(larger.subarray(8, 8 + batch.length)), requests)
})

t.test('what is decoded does not hold on to the buffer', async (t) => {
  const [wanted] = fc.sample(service, 1)
  const [zero] = fc.sample(stats, 1)
  const services = [{ service: wanted as ServiceRecord, stats: zero as StatsRecord }]
  const buffer = encodeReplies([{ ...nothingRead, services }])
  const [found] = decodeReplies(buffer, 1)
  new Uint8Array(buffer).fill(0xee)
  t.same(found?.services[0]?.service, wanted)
})

t.test('replies cut short anywhere, or with bytes to spare, throw', async () => {
  const replies = fc.array(reply, { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(replies, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (replies, where) => {
      const whole = encodeReplies(replies)
      const longer = new ArrayBuffer(whole.byteLength + 1)
      new Uint8Array(longer).set(new Uint8Array(whole))
      const cut = whole.slice(0, Math.floor(where * whole.byteLength))
      return (
        throwsRange(() => decodeReplies(cut, replies.length)) &&
        throwsRange(() => decodeReplies(longer, replies.length)) &&
        throwsRange(() => decodeReplies(whole, replies.length + 1)) &&
        throwsRange(() => decodeReplies(whole, replies.length - 1))
      )
    }),
  )
})

t.test('records of an unknown kind throw', async (t) => {
  const buffer = encodeReplies([{ ...nothingRead, infos: [{ version: 1, connectionTableSize: 1 }] }])
  const kind = 8 // in an outcome, after error and stage
  new Uint32Array(buffer, kind, 1)[0] = 77
  t.throws(() => decodeReplies(buffer, 1), { name: 'RangeError', message: /unknown kind: 77/ })
})

function throwsRange(call: () => unknown): boolean {
  try {
    call()
    return false
  } catch (error) {
    return error instanceof RangeError
  }
}

const addon = join(process.cwd(), 'build/Release/ipvs.node')
const skip = existsSync(addon) ? false : 'the addon is not built'
t.test('the built addon has this layout', { skip }, async (t) => {
  const built = createRequire(import.meta.url)(addon) as { readonly layoutHash: string }
  t.equal(built.layoutHash, layoutHash())
})
