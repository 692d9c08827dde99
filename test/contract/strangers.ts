/**
 * What another program made beside the rules, because the kernel checks little, is read, written back as it was, drained
 * and removed. Reproduce a run: NODE_IPVS_SEED=N.
 */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { apply, diff, drain, toJSON, type Table } from '../../lib/index.js'
import { AF_INET, AF_INET6, Command, type DestinationRecord } from '../../lib/records.js'
import type { Request, ServiceRecord, Session } from '../../lib/records.js'
import { ask, send, type Behaviour, type Harness } from './harness.js'

const anyByte = fc.integer({ min: 0, max: 0xff })
const anyShort = fc.integer({ min: 0, max: 0xffff })
const anyLong = fc.integer({ min: 0, max: 0xffffffff })
const anyPositive = fc.integer({ min: 0, max: 0x7fffffff })

/** Any address of a family, in the 16 bytes of a record. */
function addresses(family: number): fc.Arbitrary<Uint8Array> {
  const length = family === AF_INET ? 4 : 16
  const some = fc.uint8Array({ minLength: length, maxLength: length, size: 'max' })
  return some.map((bytes) => Uint8Array.from({ length: 16 }, (_, i) => bytes[i] ?? 0))
}

const services: fc.Arbitrary<ServiceRecord> = fc.constantFrom(AF_INET, AF_INET6).chain((family) => {
  const settings = {
    family: fc.constant(family),
    flags: fc.oneof(fc.constantFrom(0, 1), anyLong),
    timeout: fc.oneof(fc.constantFrom(0, 300), anyLong),
    netmask: family === AF_INET6 ? fc.integer({ min: 1, max: 128 }) : fc.oneof(fc.constantFrom(0xffffffff, 0), anyLong),
    scheduler: fc.constantFrom('rr', 'wlc', 'mh', 'none'),
    engine: fc.constantFrom('', 'sip'),
  }
  const named = { protocol: anyShort, port: anyShort, address: addresses(family), firewallMark: fc.constant(0) }
  const marked = {
    protocol: fc.constant(0),
    port: fc.constant(0),
    address: fc.constant(new Uint8Array(16)),
    firewallMark: fc.integer({ min: 1, max: 0xffffffff }),
  }
  return fc.oneof(
    { weight: 3, arbitrary: fc.record({ ...named, ...settings }) },
    { weight: 1, arbitrary: fc.record({ ...marked, ...settings }) },
  )
})

function destinations(of: number): fc.Arbitrary<DestinationRecord> {
  // Of another family than the service only by tunnel.
  const routes = fc.oneof(
    { weight: 3, arbitrary: fc.record({ family: fc.constant(of), forwarding: fc.integer({ min: 0, max: 7 }) }) },
    { weight: 1, arbitrary: fc.constant({ family: of === AF_INET ? AF_INET6 : AF_INET, forwarding: 2 }) },
  )
  const limits = fc
    .tuple(fc.oneof(fc.constant(0), anyPositive), fc.oneof(fc.constant(0), anyPositive))
    .map(([a, b]) => ({ upper: Math.max(a, b), lower: Math.min(a, b) }))
  return routes.chain((route) =>
    fc
      .record({
        address: addresses(route.family),
        port: anyShort,
        weight: anyPositive,
        tunnelType: fc.oneof(fc.constantFrom(0, 1, 2), anyByte),
        tunnelPort: fc.oneof(fc.constant(0), anyShort),
        tunnelFlags: fc.oneof(fc.constantFrom(0, 1, 2), anyShort),
      })
      .chain((rest) => limits.map((limit) => ({ ...route, ...rest, ...limit }))),
  )
}

interface Entry {
  readonly service: ServiceRecord
  readonly destinations: readonly DestinationRecord[]
}

/** The records as the kernel tells them, beneath the API. */
async function records(session: Session): Promise<readonly Entry[]> {
  const [all] = await ask(session, [{ command: Command.getService, dump: true }])
  return Promise.all(
    (all?.services ?? []).map(async ({ service }) => {
      const [held] = await ask(session, [{ command: Command.getDest, dump: true, service }])
      return { service, destinations: (held?.destinations ?? []).map(({ destination }) => destination) }
    }),
  )
}

/** The same after a way through a file. */
function reread<T>(value: T): T {
  return JSON.parse(JSON.stringify(value, toJSON)) as T
}

/** What the kernel takes of them is all that it holds then. */
async function make(session: Session, service: ServiceRecord, servers: readonly DestinationRecord[]): Promise<void> {
  const added = servers.map((destination): Request => ({ command: Command.newDest, service, destination }))
  await send(session, [{ command: Command.flush }, { command: Command.newService, service }, ...added])
}

async function isReadAsItIs({ ipvs }: Harness, table: Table): Promise<void> {
  assert.deepEqual(
    table.map(({ service }) => service),
    await ipvs.services(),
  )
  for (const { service, destinations } of table) {
    assert.deepEqual(await ipvs.service(service), service)
    assert.deepEqual(await ipvs.destinations(service), destinations)
  }
  assert.deepEqual(diff(table, table, { owned: 'everything' }), { changes: [], foreign: [] })
  assert.deepEqual(diff(table, reread(table), { owned: 'everything' }), { changes: [], foreign: [] })
}

async function isWrittenBackAsItWas({ ipvs, session }: Harness, table: Table): Promise<void> {
  const before = await records(session)
  for (const { service, destinations } of [...table, ...reread(table)]) {
    await ipvs.updateService(service)
    for (const destination of destinations) await ipvs.updateDestination(service, destination)
    assert.deepEqual(await records(session), before)
  }
}

async function isDrained({ ipvs, session }: Harness, table: Table): Promise<void> {
  const before = await records(session)
  for (const { service, destinations } of table) {
    for (const [i, destination] of destinations.entries()) {
      if (i % 2 === 0) await ipvs.setWeight(service, destination, 0)
      else assert.equal(await drain(ipvs, service, destination, { timeoutMs: 0 }), 'drained')
    }
  }
  const drained = before.map(({ service, destinations }) => ({
    service,
    destinations: destinations.map((destination) => ({ ...destination, weight: 0 })),
  }))
  assert.deepEqual(await records(session), drained)
}

async function isRemoved({ ipvs }: Harness, table: Table): Promise<void> {
  for (const { service, destinations } of table) {
    for (const destination of destinations) await ipvs.removeDestination(service, destination)
    assert.deepEqual(await ipvs.destinations(service), [])
    await ipvs.removeService(service)
  }
  assert.deepEqual(await ipvs.table(), [])
}

export async function strangers(test: Behaviour): Promise<void> {
  const { NODE_IPVS_SEED } = process.env
  const seed = NODE_IPVS_SEED === undefined ? Math.floor(Math.random() * 0x7fffffff) : Number(NODE_IPVS_SEED)

  await test(`whatever the kernel takes is read, written back, drained and removed, seed ${seed}`, async (t, harness) => {
    const { ipvs, session } = harness
    let held = 0
    const tables = services.chain((service) =>
      fc.tuple(fc.constant(service), fc.array(destinations(service.family), { minLength: 1, maxLength: 4 })),
    )
    const property = fc.asyncProperty(tables, async ([service, some]) => {
      await make(session, service, some)
      const table = await ipvs.table()
      held += table.flatMap(({ destinations }) => destinations).length
      await isReadAsItIs(harness, table)
      await isWrittenBackAsItWas(harness, table)
      await isDrained(harness, table)
      await isRemoved(harness, table)
      await make(session, service, some)
      await apply(ipvs, diff(await ipvs.table(), [], { owned: 'everything' }))
      assert.deepEqual(await ipvs.table(), [])
    })
    await t.resolves(fc.assert(property, { seed, numRuns: 60 }))
    t.ok(held > 50, `${held} destinations were taken`)
  })
}
