import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { apply, diff, type DesiredTable, type ObjectKey, type Table } from '../lib/index.js'
import { diffSliced } from '../lib/diff.js'
import { createTestKernel } from '../lib/testing/index.js'
import { desiredTables, dns, fill, http, http6, keys, mark, objectName, objects, server } from './tables.js'

const web = { ...http, scheduler: 'wlc' } as const
const names = { ...dns, scheduler: 'rr' } as const

/** The table as it would be read. */
async function tableOf(desired: DesiredTable): Promise<Table> {
  return fill(createTestKernel().open(), desired)
}

/** `add SERVICE > SERVER` and so on. */
function steps({ changes }: ReturnType<typeof diff>): readonly string[] {
  return changes.map((change) => {
    const [verb = ''] = change.type.split(/(?=[A-Z])/)
    if (!('of' in change)) return `${verb} ${objectName({ service: change.service })}`
    return `${verb} ${objectName({ service: change.of, destination: change.destination })}`
  })
}

t.test('creates services, then adds, then updates, then removes', async (t) => {
  const current = await tableOf([
    { service: web, destinations: [server(1), server(2)] },
    { service: names, destinations: [] },
  ])
  const desired: DesiredTable = [
    { service: { ...web, scheduler: 'rr' }, destinations: [server(2, { weight: 9 }), server(3)] },
    { service: { ...http6, scheduler: 'sh' }, destinations: [server(4, { address: '2001:db8::4' })] },
  ]
  t.same(steps(diff(current, desired, { owned: [{ service: dns }, { service: http, destination: server(1) }] })), [
    'add tcp [2001:db8::100]:80',
    'add tcp 192.0.2.100:80 > 10.0.0.3:80',
    'add tcp [2001:db8::100]:80 > [2001:db8::4]:80',
    'update tcp 192.0.2.100:80',
    'update tcp 192.0.2.100:80 > 10.0.0.2:80',
    'remove tcp 192.0.2.100:80 > 10.0.0.1:80',
    'remove udp 192.0.2.100:53',
  ])
})

t.test('updates and removals tell what was there before', async (t) => {
  const current = await tableOf([{ service: web, destinations: [server(1), server(2)] }])
  const [entry] = current
  const desired = [{ service: { ...web, scheduler: 'rr' }, destinations: [server(1, { weight: 3 })] }]
  const [one, two] = ['10.0.0.1', '10.0.0.2'].map((address) =>
    entry?.destinations.find((destination) => destination.address === address),
  )
  t.same(diff(current, desired).changes, [
    { type: 'updateService', service: desired[0]?.service, before: entry?.service },
    { type: 'updateDestination', of: http, destination: desired[0]?.destinations[0], before: one },
    { type: 'removeDestination', of: http, destination: { address: '10.0.0.2', port: 80 }, before: two },
  ])
  t.same(diff(current, [], { owned: 'everything' }).changes, [
    {
      type: 'removeService',
      service: http,
      before: entry?.service,
      destinations: entry?.destinations.map(({ address, port }) => ({ address, port })),
    },
  ])
})

t.test('defaults equal what they stand for', async (t) => {
  const explicit: DesiredTable = [
    {
      service: { ...web, schedulerFlags: [], onePacket: false, persistence: { timeoutSeconds: 360, prefixLength: 32 } },
      destinations: [server(1, { weight: 1 }), server(2, { forwarding: 'tunnel', encapsulation: { type: 'ipip' } })],
    },
  ]
  const short: DesiredTable = [
    { service: { ...web, persistence: {} }, destinations: [server(1), server(2, { forwarding: 'tunnel' })] },
  ]
  t.same(diff(await tableOf(explicit), short).changes, [])
  t.same(diff(await tableOf(short), explicit).changes, [])
  const mask = { ...web, persistence: { netmask: '255.255.255.255' } }
  t.same(diff(await tableOf(short), [{ service: mask, destinations: short[0]?.destinations ?? [] }]).changes, [])
})

t.test('an address is the same in every spelling', async (t) => {
  const six = { ...http6, scheduler: 'rr' }
  const current = await tableOf([{ service: six, destinations: [server(1, { address: '2001:db8::1' })] }])
  const desired: DesiredTable = [
    {
      service: { ...six, address: '2001:0DB8:0:0::100' },
      destinations: [server(1, { address: '2001:db8:0:0:0:0:0:1' })],
    },
  ]
  t.same(diff(current, desired, { owned: 'everything' }), { changes: [], foreign: [] })
})

t.test('each setting makes a difference', async (t) => {
  const current = await tableOf([{ service: web, destinations: [server(1)] }])
  const services = [
    { ...web, scheduler: 'rr' },
    { ...web, schedulerFlags: ['flag-1'] as const },
    { ...web, persistence: {} },
  ]
  for (const service of services)
    t.same(steps(diff(current, [{ service, destinations: [server(1)] }])), ['update tcp 192.0.2.100:80'])
  const persistent = { ...names, persistence: {} }
  const kept = await tableOf([{ service: persistent, destinations: [] }])
  for (const persistence of [{ timeoutSeconds: 5 }, { prefixLength: 24 }, { engine: 'sip' }, undefined])
    t.same(steps(diff(kept, [{ service: { ...names, persistence }, destinations: [] }])), ['update udp 192.0.2.100:53'])
  const once = await tableOf([{ service: names, destinations: [] }])
  t.same(steps(diff(once, [{ service: { ...names, onePacket: true }, destinations: [] }])), [
    'update udp 192.0.2.100:53',
  ])
  const destinations = [
    server(1, { weight: 2 }),
    server(1, { forwarding: 'masquerade' }),
    server(1, { forwarding: 'tunnel' }),
    server(1, { limits: { upper: 1 } }),
  ]
  for (const destination of destinations)
    t.same(steps(diff(current, [{ service: web, destinations: [destination] }])), [
      'update tcp 192.0.2.100:80 > 10.0.0.1:80',
    ])
  const tunnel = server(1, { forwarding: 'tunnel', encapsulation: { type: 'gue', port: 6080 } })
  const tunnelled = await tableOf([{ service: web, destinations: [tunnel] }])
  for (const encapsulation of [
    { type: 'gre' },
    { type: 'gue', port: 6081 },
    { type: 'gue', port: 6080, checksum: 'full' },
  ] as const)
    t.equal(
      diff(tunnelled, [{ service: web, destinations: [server(1, { forwarding: 'tunnel', encapsulation })] }]).changes
        .length,
      1,
    )
})

t.test('a table that is there in just the same words is looked at all the same', async (t) => {
  const all = [server(1), server(2), server(3)]
  const current = await tableOf([{ service: web, destinations: all }])
  const told = (destinations: DesiredTable[number]['destinations']) => diff(current, [{ service: web, destinations }])
  t.same(steps(told(all)), [])
  t.same(steps(told([...all].reverse())), [], 'in the kernel’s order')
  t.same(steps(told([server(2), server(1), server(3)])), [], 'in another one')
  t.same(steps(told([server(1), server(2), server(3, { weight: 2 })])), ['update tcp 192.0.2.100:80 > 10.0.0.3:80'])
  t.same(steps(told([server(1), server(2)])), ['remove tcp 192.0.2.100:80 > 10.0.0.3:80'])
  t.same(steps(told([server(1), server(2), server(3, { limits: { upper: 5 } })])), [
    'update tcp 192.0.2.100:80 > 10.0.0.3:80',
  ])
  t.throws(() => told([server(1), server(1), server(3)]), /each destination once/)
  t.throws(() => told([server(1), server(2), { ...server(3), wieght: 1 } as never]), /wieght/)
})

t.test('counters and connections are no difference', async (t) => {
  const current = await tableOf([{ service: web, destinations: [server(1)] }])
  const busy = structuredClone(current)
  Object.assign(busy[0]?.service.stats.total ?? {}, { bytesIn: 99n })
  Object.assign(busy[0]?.destinations[0]?.connections ?? {}, { active: 5 })
  t.same(diff(busy, current, { owned: 'everything' }), { changes: [], foreign: [] })
})

t.test('without `owned`: only the destinations of desired services go', async (t) => {
  const current = await tableOf([
    { service: web, destinations: [server(1), server(2)] },
    { service: names, destinations: [server(1, { port: 53 })] },
  ])
  const plan = diff(current, [{ service: web, destinations: [server(1)] }])
  t.same(steps(plan), ['remove tcp 192.0.2.100:80 > 10.0.0.2:80'])
  t.same(plan.foreign.map(objectName), ['udp 192.0.2.100:53', 'udp 192.0.2.100:53 > 10.0.0.1:53'])
})

t.test("with `owned`: a stranger's destination in a desired service stays and is reported", async (t) => {
  const current = await tableOf([{ service: web, destinations: [server(1), server(2)] }])
  const plan = diff(current, [{ service: web, destinations: [] }], {
    owned: [{ service: http }, { service: http, destination: server(1) }],
  })
  t.same(steps(plan), ['remove tcp 192.0.2.100:80 > 10.0.0.1:80'])
  t.same(plan.foreign, [{ service: http, destination: { address: '10.0.0.2', port: 80 } }])
})

t.test("an owned service that holds a stranger's destination stays", async (t) => {
  const current = await tableOf([{ service: web, destinations: [server(1), server(2)] }])
  const service = { service: http }
  const plan = diff(current, [], { owned: [service, { ...service, destination: server(1) }] })
  t.same(steps(plan), ['remove tcp 192.0.2.100:80 > 10.0.0.1:80'])
  t.same(plan.foreign, [{ service: http, destination: { address: '10.0.0.2', port: 80 } }])
  const all = [service, { ...service, destination: server(1) }, { ...service, destination: server(2) }]
  t.same(steps(diff(current, [], { owned: all })), ['remove tcp 192.0.2.100:80'])
})

t.test('an owned destination of a foreign service goes, its service stays', async (t) => {
  const current = await tableOf([{ service: web, destinations: [server(1), server(2)] }])
  const plan = diff(current, [], { owned: [{ service: http, destination: server(1) }] })
  t.same(steps(plan), ['remove tcp 192.0.2.100:80 > 10.0.0.1:80'])
  t.same(plan.foreign.map(objectName), ['tcp 192.0.2.100:80', 'tcp 192.0.2.100:80 > 10.0.0.2:80'])
})

t.test('the same thing twice is refused, also in another spelling', async (t) => {
  const six = { ...http6, scheduler: 'rr' }
  const entry = { service: six, destinations: [] }
  const again = { service: { ...six, address: '2001:db8:0::100' }, destinations: [] }
  t.throws(() => diff([], [entry, again]), {
    name: 'TypeError',
    code: 'ERR_INVALID_ARG_VALUE',
    message: "desired[1].service: expected each service once, found 'tcp [2001:db8::100]:80'",
  })
  t.throws(() => diff([], [{ service: web, destinations: [server(1), server(2), server(1, { weight: 5 })] }]), {
    code: 'ERR_INVALID_ARG_VALUE',
    message: "desired[0].destinations[2]: expected each destination once, found '10.0.0.1:80'",
  })
})

t.test('what should not be created is refused, by field', async (t) => {
  const wrong: readonly (readonly [desired: unknown, message: RegExp])[] = [
    [undefined, /^desired: expected an array, found undefined$/],
    [[null], /^desired\[0\]: expected an object, found null$/],
    [[{ service: web }], /^desired\[0\]\.destinations: expected an array, found undefined$/],
    [[{ ...web, destinations: [] }], /^desired\[0\]: expected one of the fields service, destinations, found 'proto/],
    [[{ service: http, destinations: [] }], /^desired\[0\]\.service\.scheduler: expected/],
    [[{ service: { ...web, port: 0 }, destinations: [] }], /^desired tcp 192\.0\.2\.100:0\.port: expected 1 to 65535/],
    [[{ service: web, destinations: [server(1, { weight: -1 })] }], /^desired\[0\]\.destinations\[0\]\.weight: /],
    [
      [{ service: web, destinations: [server(1, { port: 8080 })] }],
      /^desired tcp 192\.0\.2\.100:80 10\.0\.0\.1:8080\.port: expected the service's port 80 with direct/,
    ],
  ]
  for (const [desired, message] of wrong) t.throws(() => diff([], desired as DesiredTable), { message })
})

t.test('wrong options are refused: a slip must not widen what may be removed', async (t) => {
  const wrong: readonly (readonly [options: unknown, message: RegExp])[] = [
    [{ owned: 'all' }, /^owned: expected "everything" or an array of keys, found 'all'$/],
    [{ owns: [] }, /^options: expected one of the fields owned, found 'owns'$/],
    [{ owned: [http] }, /^owned\[0\]: expected one of the fields service, destination, found 'protocol'$/],
    [{ owned: [{ service: http, destination: null }] }, /^owned\[0\]\.destination: expected an object, found null$/],
    [{ owned: [{ service: { ...http, port: '80' } }] }, /^owned\[0\]\.service\.port: /],
  ]
  for (const [options, message] of wrong) t.throws(() => diff([], [], options as object), { message })
})

t.test('a change must not make odd what is not: a server on another port turned to direct routing', async (t) => {
  const elsewhere = server(1, { port: 8080, forwarding: 'masquerade' })
  const current = await tableOf([{ service: web, destinations: [elsewhere] }])
  const desired = [{ service: web, destinations: [server(1, { port: 8080, forwarding: 'direct' })] }]
  t.throws(() => diff(current, desired), { message: /10\.0\.0\.1:8080\.port: expected the service's port 80/ })
  const open = await tableOf([{ service: { ...web, port: 0, persistence: {} }, destinations: [] }])
  t.throws(() => diff(open, [{ service: { ...web, port: 0 }, destinations: [] }]), { message: /needs persistence/ })
})

t.test('what is odd already may be given another weight, and may go', async (t) => {
  const kernel = createTestKernel()
  const ipvs = kernel.open()
  await ipvs.addService(web)
  const odd = server(1, { port: 8080, forwarding: 'masquerade' })
  await ipvs.addDestination(http, odd)
  await ipvs.updateDestination(http, server(1, { port: 8080, forwarding: 'direct' }))
  const current = await ipvs.table()
  const drained = server(1, { port: 8080, forwarding: 'direct', weight: 0 })
  t.same(steps(diff(current, [{ service: web, destinations: [drained] }])), [
    'update tcp 192.0.2.100:80 > 10.0.0.1:8080',
  ])
  t.same(steps(diff(current, [{ service: web, destinations: [] }])), ['remove tcp 192.0.2.100:80 > 10.0.0.1:8080'])
})

t.test('in slices: the same plan, and other work goes on meanwhile', async (t) => {
  const destinations = Array.from({ length: 20_000 }, (_, i) =>
    server(1, { address: `10.1.${i >> 8}.${i & 0xff}`, weight: i % 7 }),
  )
  const desired: DesiredTable = [{ service: web, destinations }]
  let turns = 0
  let done = false
  const count = () => {
    turns++
    if (!done) setImmediate(count)
  }
  setImmediate(count)
  const plan = await diffSliced([], desired)
  done = true
  t.same(plan, diff([], desired))
  t.ok(turns > 1, `${turns} turns`)
})

t.test('in slices: refuses what diff() refuses', async (t) => {
  await t.rejects(diffSliced([], [{ service: web, destinations: [server(1), server(1)] }]), {
    message: "desired[0].destinations[1]: expected each destination once, found '10.0.0.1:80'",
  })
})

/** The order of a table is the kernel's. */
function sorted(table: Table): Table {
  const byName = (a: ObjectKey, b: ObjectKey) => objectName(a).localeCompare(objectName(b))
  return table.toSorted(byName).map(({ service, destinations }) => ({
    service,
    destinations: destinations.toSorted((a, b) => byName({ service, destination: a }, { service, destination: b })),
  }))
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(deepFreeze)
  return Object.freeze(value)
}

t.test(
  'carried out, any difference leads to what is desired and to no difference; the inputs stay untouched',
  async (t) => {
    await t.resolves(
      fc.assert(
        fc.asyncProperty(desiredTables, desiredTables, async (a, b) => {
          const ipvs = createTestKernel().open()
          const current = deepFreeze(await fill(ipvs, a))
          const plan = diff(current, deepFreeze(b), { owned: 'everything' })
          await apply(ipvs, deepFreeze(plan))
          const after = await ipvs.table()
          assert.deepEqual(sorted(after), sorted(await tableOf(b)))
          assert.deepEqual(diff(after, b, { owned: 'everything' }), { changes: [], foreign: [] })
          assert.deepEqual(plan.foreign, [])
        }),
        { numRuns: 60 },
      ),
    )
  },
)

t.test('only what is desired or owned goes; all that stays undesired is reported as foreign', async (t) => {
  const everything = keys.flatMap((service): ObjectKey[] => [
    { service },
    ...[1, 2, 3, 4].map((number) => ({
      service,
      destination: {
        address: service === http6 ? `2001:db8::${number}` : `10.0.0.${number}`,
        port: service === mark ? 0 : (service.port ?? 0),
      },
    })),
  ])
  await t.resolves(
    fc.assert(
      fc.asyncProperty(desiredTables, desiredTables, fc.subarray(everything), async (a, b, owned) => {
        const ipvs = createTestKernel().open()
        const before = await fill(ipvs, a)
        const plan = diff(before, b, { owned })
        await apply(ipvs, plan)
        const [ours, wanted, after] = [owned.map(objectName), objects(b), objects(await ipvs.table())]
        const gone = objects(before).filter((name) => !after.includes(name))
        assert.deepEqual(
          gone.filter((name) => !ours.includes(name)),
          [],
        )
        assert.deepEqual(
          new Set(plan.foreign.map(objectName)),
          new Set(after.filter((name) => !wanted.includes(name) && !ours.includes(name))),
        )
        assert.deepEqual(
          wanted.filter((name) => !after.includes(name)),
          [],
        )
      }),
      { numRuns: 60 },
    ),
  )
})

t.test('what was checked is what is planned, whatever becomes of the objects that were passed', async (t) => {
  let reads = 0
  const shifty = {
    ...server(1),
    get weight() {
      return ++reads
    },
  }
  const desired = [{ service: { ...web, persistence: { timeoutSeconds: 5 } }, destinations: [shifty] }]
  const { changes } = diff([], desired)
  const [entry] = desired
  if (entry) entry.service.persistence.timeoutSeconds = -1
  t.match(changes, [{ service: { persistence: { timeoutSeconds: 5 } } }, { destination: { weight: 1 } }])
  t.equal(reads, 1)
})
