import { inspect } from 'node:util'
import t from 'tap'
import { apply, diff, IpvsApplyError, type CallOptions, type Change, type Ipvs, type Plan } from '../lib/index.js'
import { createIpvs } from '../lib/ipvs.js'
import { createTestKernel } from '../lib/testing/index.js'
import { FakeKernel } from '../lib/testing/fake-session.js'
import { schedulers, type DesiredTable } from '../lib/types.js'
import { serviceKey } from '../lib/validate.js'
import { Command } from '../lib/records.js'
import { changed, observed } from './sessions.js'
import { dns, fill, http, http6, objects, server } from './tables.js'

const web = { ...http, scheduler: 'wlc' } as const
const names = { ...dns, scheduler: 'rr' } as const

const before: DesiredTable = [
  { service: web, destinations: [server(1), server(2)] },
  { service: names, destinations: [] },
]
const after: DesiredTable = [
  { service: { ...web, scheduler: 'rr' }, destinations: [server(2, { weight: 9 }), server(3)] },
  { service: { ...http6, scheduler: 'sh' }, destinations: [server(4, { address: '2001:db8::4' })] },
]

/** A table of its own, with the plan from `before` to `after`. */
async function prepared(): Promise<{ ipvs: Ipvs; stranger: Ipvs; plan: Plan }> {
  const kernel = createTestKernel()
  const ipvs = kernel.open()
  const plan = diff(await fill(ipvs, before), after, { owned: 'everything' })
  return { ipvs, stranger: kernel.open(), plan }
}

/** What the rejection carries. */
async function failure(call: Promise<unknown>): Promise<IpvsApplyError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof IpvsApplyError) return error
  throw new Error(`no IpvsApplyError: ${String(error)}`)
}

const types = (changes: readonly Change[]) => changes.map(({ type }) => type)

t.test('everything applied: the plan, in its order', async (t) => {
  const { ipvs, plan } = await prepared()
  t.same(await apply(ipvs, plan), { applied: plan.changes, failed: [], notAttempted: [] })
  t.same(new Set(objects(await ipvs.table())), new Set(objects(after)))
})

t.test('an empty plan sends nothing', async (t) => {
  const kernel = createTestKernel()
  t.same(await apply(kernel.open(), { changes: [], foreign: [] }), { applied: [], failed: [], notAttempted: [] })
  t.equal(kernel.writes, 0)
})

t.test('each kind of change is acknowledged before the next is sent', async (t) => {
  const kernel = new FakeKernel(schedulers)
  const batches: (readonly Command[])[] = []
  const ipvs = observed(kernel, (requests) => {
    batches.push(requests.map(({ command }) => command))
  })
  const plan = diff(await fill(ipvs, before), after, { owned: 'everything' })
  batches.length = 0
  // Whatever the order of the plan.
  await apply(ipvs, { ...plan, changes: plan.changes.toReversed() })
  const writes = batches
    .map((batch) => batch.filter((command) => command !== Command.getService && command !== Command.getDest))
    .filter((batch) => batch.length > 0)
  t.same(writes, [
    [Command.newService],
    [Command.newDest, Command.newDest],
    [Command.setDest, Command.setService],
    [Command.delService, Command.delDest],
  ])
})

t.test('a plan says and does what was wanted when it was made, whenever it is looked at', async (t) => {
  for (const looks of ['before it is applied', 'after', 'never']) {
    const ipvs = createTestKernel().open()
    const destinations = [{ ...server(1) }, { ...server(2), weight: 7 }]
    const service = { ...web }
    const plan = diff([], [{ service, destinations }])
    const says = looks === 'before it is applied' && structuredClone(plan)
    for (const one of destinations) Object.assign(one, { address: '10.9.9.9', weight: 3 })
    service.scheduler = 'rr' as 'wlc'
    destinations.pop()
    const { applied } = await apply(ipvs, plan)
    t.same(
      objects(await ipvs.table()),
      objects([{ service: web, destinations: [server(2, { weight: 7 }), server(1)] }]),
    )
    if (looks === 'never') continue
    t.same(applied, plan.changes)
    t.same(plan.changes, [
      { type: 'addService', service: web },
      ...[server(1, { weight: 1 }), server(2, { weight: 7 })].map((destination) => ({
        type: 'addDestination',
        of: http,
        destination,
      })),
    ])
    if (says) t.same(says, { changes: plan.changes, foreign: [] })
  }
})

t.test('a plan and its result are logged with their changes', async (t) => {
  const { ipvs, plan } = await prepared()
  t.equal(inspect(plan, { depth: 9 }), inspect({ changes: plan.changes, foreign: [] }, { depth: 9 }))
  const result = await apply(ipvs, plan)
  t.match(inspect(result), /^\{\s+applied: \[\s+\{ type: 'addService'/)
})

t.test('what diff() made is frozen; what is put together of it is checked before anything is sent', async (t) => {
  const { ipvs, plan } = await prepared()
  t.ok(Object.isFrozen(plan.changes))
  for (const change of plan.changes.filter(({ type }) => !type.startsWith('remove'))) {
    t.ok(Object.isFrozen(change))
    if ('destination' in change) t.ok(Object.isFrozen(change.destination) && Object.isFrozen(change.of))
    else t.ok(Object.isFrozen(change.service))
  }
  const table = await ipvs.table()
  const wrong = plan.changes.map((change) =>
    change.type === 'addDestination' ? { ...change, destination: { ...change.destination, port: 70000 } } : change,
  )
  await t.rejects(apply(ipvs, { ...plan, changes: wrong }), { code: 'ERR_OUT_OF_RANGE', message: /port.*70000/ })
  t.same(await ipvs.table(), table)
  const others = plan.changes.map((change) =>
    change.type === 'addDestination' ? { ...change, destination: { ...change.destination, weight: 5 } } : change,
  )
  await apply(ipvs, { ...plan, changes: others })
  const found = (await ipvs.table()).flatMap(({ destinations }) => destinations)
  t.same(found.map(({ weight }) => weight).sort(), [5, 5, 9])
})

t.test('a plan leaves out nothing when a change of it is refused after a full chunk', async (t) => {
  const ipvs = createTestKernel().open()
  const many = Array.from({ length: 1500 }, (_, i) => server(1, { address: `10.1.${i >> 8}.${i & 255}` }))
  await ipvs.addService(web)
  const plan = diff(await ipvs.table(), [{ service: web, destinations: many }])
  await ipvs.addDestination(http, many[1200] as (typeof many)[number])
  const { result } = await failure(apply(ipvs, plan))
  t.equal(result.applied.length, 1499)
  t.match(result.failed, [{ change: { destination: many[1200] } }])
  t.equal((await ipvs.destinations(http)).length, 1500)
})

t.test('after each command the service has a destination, also when all of them are exchanged', async (t) => {
  const kernel = new FakeKernel(schedulers)
  const list = { command: Command.getDest, dump: true, service: serviceKey(http) } as const
  const counts: number[] = []
  const ipvs = changed(kernel, (_request, reply) => {
    counts.push(kernel.answer(list).destinations.length)
    return reply
  })
  const current = await fill(ipvs, [{ service: web, destinations: [server(1), server(2)] }])
  counts.length = 0
  await apply(ipvs, diff(current, [{ service: web, destinations: [server(3), server(4)] }]))
  t.same(new Set(counts), new Set([2, 3, 4]))
})

t.test('a refused addition stops the removals of its service, not those of others', async (t) => {
  const kernel = createTestKernel()
  const ipvs = kernel.open()
  const current = await fill(ipvs, [
    { service: web, destinations: [server(1)] },
    { service: names, destinations: [server(1, { port: 53 })] },
  ])
  const plan = diff(current, [
    { service: web, destinations: [server(2)] },
    { service: names, destinations: [server(2, { port: 53 })] },
  ])
  await ipvs.addDestination(http, server(2))
  const { result, code, message } = await failure(apply(ipvs, plan))
  t.equal(code, 'IPVS_DESTINATION_EXISTS')
  t.match(
    message,
    /1 of 4 changes failed, 1 not attempted; first: addDestination 10\.0\.0\.2:80 of tcp 192\.0\.2\.100:80/,
  )
  t.same(types(result.applied), ['addDestination', 'removeDestination'])
  t.match(result.failed, [{ change: { type: 'addDestination', of: http }, error: { code } }])
  t.match(result.notAttempted, [{ type: 'removeDestination', of: http }])
  t.equal((await ipvs.destinations(http)).length, 2)
  t.match(await ipvs.destinations(dns), [{ address: '10.0.0.2' }])
})

t.test('a service that could not be created gets no destinations', async (t) => {
  const ipvs = createTestKernel({ schedulers: ['rr'] }).open()
  const plan = diff([], [{ service: web, destinations: [server(1)] }])
  const { result, code } = await failure(apply(ipvs, plan))
  t.equal(code, 'IPVS_MODULE_NOT_FOUND')
  t.same([types(result.applied), types(result.notAttempted)], [[], ['addDestination']])
})

t.test('what is gone already counts as removed', async (t) => {
  for (const remove of [
    async (stranger: Ipvs) => stranger.removeDestination(http, server(1)),
    async (stranger: Ipvs) => stranger.flush(),
  ]) {
    const kernel = createTestKernel()
    const ipvs = kernel.open()
    const current = await fill(ipvs, before)
    const plan = diff(current, [{ service: web, destinations: [server(2)] }], { owned: 'everything' })
    await remove(kernel.open())
    t.same((await apply(ipvs, plan)).applied, plan.changes)
  }
})

t.test('what is gone between confirmation and removal counts as removed', async (t) => {
  const kernel = new FakeKernel(schedulers)
  const ipvs = observed(kernel, async (requests) => {
    if (requests.some(({ command }) => command === Command.delDest || command === Command.delService))
      await createIpvs(kernel.session()).flush()
  })
  const current = await fill(ipvs, before)
  const plan = diff(current, [{ service: web, destinations: [server(2)] }], { owned: 'everything' })
  t.same((await apply(ipvs, plan)).applied, plan.changes)
})

t.test('what has changed since the plan is not removed: IPVS_INTERRUPTED', async (t) => {
  const changes: readonly ((stranger: Ipvs) => Promise<void>)[] = [
    async (stranger) => stranger.updateDestination(http, server(1, { forwarding: 'tunnel' })),
    async (stranger) => stranger.updateService({ ...names, persistence: {} }),
    async (stranger) => stranger.addDestination(dns, server(5, { port: 53 })),
  ]
  for (const change of changes) {
    const kernel = createTestKernel()
    const ipvs = kernel.open()
    const current = await fill(ipvs, before)
    const plan = diff(current, [{ service: web, destinations: [server(2)] }], { owned: 'everything' })
    await change(kernel.open())
    const there = await ipvs.table()
    const { result, code } = await failure(apply(ipvs, plan))
    t.equal(code, 'IPVS_INTERRUPTED')
    t.equal(result.applied.length, 1)
    t.match(result.failed, [{ error: { code, operation: 'apply' } }])
    t.equal(objects(await ipvs.table()).length, objects(there).length - 1, 'only the other removal was done')
  }
})

t.test('another weight is no change: a drained server is removed', async (t) => {
  const kernel = createTestKernel()
  const ipvs = kernel.open()
  const current = await fill(ipvs, before)
  const plan = diff(current, [{ service: web, destinations: [server(2)] }])
  await kernel.open().setWeight(http, server(1), 0)
  t.equal((await apply(ipvs, plan)).applied.length, 1)
})

t.test('removing many servers of a service reads its destinations once more', async (t) => {
  const kernel = new FakeKernel(schedulers)
  let dumps = 0
  const ipvs = observed(kernel, (requests) => {
    dumps += requests.filter(({ command }) => command === Command.getDest).length
  })
  const servers = Array.from({ length: 50 }, (_, i) => server(i + 1))
  const current = await fill(ipvs, [{ service: web, destinations: servers }])
  dumps = 0
  await apply(ipvs, diff(current, [{ service: web, destinations: [] }]))
  t.equal(dumps, 1)
  t.same(await ipvs.destinations(http), [])
})

t.test('an abort rejects with its reason and stops before the next kind of change', async (t) => {
  const { ipvs, plan } = await prepared()
  const controller = new AbortController()
  const reason = new Error('enough')
  const call = apply(ipvs, plan, { signal: controller.signal })
  await Promise.resolve()
  await Promise.resolve()
  controller.abort(reason)
  await t.rejects(call, reason)
  const done = objects(await ipvs.table())
  t.ok(done.includes('tcp [2001:db8::100]:80'), 'what was sent is done')
  t.notOk(done.includes('tcp 192.0.2.100:80 > 10.0.0.3:80'))
  t.ok(done.includes('udp 192.0.2.100:53'))
})

t.test('a signal that has fired already sends nothing', async (t) => {
  const { ipvs, plan } = await prepared()
  const there = await ipvs.table()
  const signal = AbortSignal.abort(new Error('too late'))
  await t.rejects(apply(ipvs, plan, { signal }), { message: 'too late' })
  await t.rejects(apply(ipvs, { changes: [], foreign: [] }, { signal }), { message: 'too late' }, 'an empty plan, too')
  t.same(await ipvs.table(), there)
})

interface Expected {
  readonly name?: string
  readonly code?: string
  readonly message: RegExp
}

t.test('anything wrong in a plan is refused before any of it is sent', async (t) => {
  const kernel = createTestKernel()
  const ipvs = kernel.open()
  const good: Change = { type: 'addService', service: { ...http, scheduler: 'rr' } }
  const low = { type: 'addDestination', of: http, destination: server(1, { weight: -1 }) }
  const cases: readonly (readonly [plan: unknown, options: unknown, expected: Expected])[] = [
    [undefined, {}, { code: 'ERR_INVALID_ARG_TYPE', message: /^plan: / }],
    [{}, {}, { code: 'ERR_INVALID_ARG_TYPE', message: /^plan\.changes: expected an array/ }],
    [{ changes: [good, low] }, {}, { name: 'RangeError', message: /^plan\.changes\[1\]\.destination\.weight: / }],
    [
      { changes: [good, { type: 'bogus' }] },
      {},
      { code: 'ERR_INVALID_ARG_VALUE', message: /^plan\.changes\[1\]\.type: / },
    ],
    [{ changes: [good, { type: 'removeService', service: http }] }, {}, { message: /^plan\.changes\[1\]\.before: / }],
    [{ changes: [good, { type: 'updateService', service: http }] }, {}, { message: /\.service\.scheduler: / }],
    [{ changes: [good, { ...low, destination: { ...http } }] }, {}, { message: /\[1\]\.destination: .*'protocol'/ }],
    [{ changes: [] }, { sginal: 1 }, { code: 'ERR_INVALID_ARG_VALUE', message: /'sginal'/ }],
  ]
  for (const [plan, options, expected] of cases) {
    await t.rejects(apply(ipvs, plan as Plan, options as CallOptions), expected)
  }
  t.equal(kernel.writes, 0)
})

t.test('a closed handle: everything failed or was not attempted', async (t) => {
  const { ipvs, plan } = await prepared()
  await ipvs.close()
  const { result, code } = await failure(apply(ipvs, plan))
  t.equal(code, 'IPVS_CLOSED')
  t.same(result.applied, [])
  t.equal(result.failed.length + result.notAttempted.length, plan.changes.length)
})

/** A service with so many servers. */
function crowd(count: number): DesiredTable {
  const servers = Array.from({ length: count }, (_, i) => server(1, { address: `10.1.${i >> 8}.${i & 255}` }))
  return [{ service: web, destinations: servers }]
}

t.test('thousands of changes go out in a few batches, between which other calls have their turn', async (t) => {
  const kernel = new FakeKernel(schedulers)
  const sizes: number[] = []
  let call: Promise<unknown> | undefined
  const ipvs = observed(kernel, (requests) => {
    sizes.push(requests.length)
    call ??= ipvs.info()
  })
  const { applied } = await apply(ipvs, diff([], crowd(2500)))
  await call
  t.equal(applied.length, 2501)
  t.same(sizes, [1, 1, 1024, 1024, 452])
})

t.test('the event loop turns while a large plan is checked', async (t) => {
  const kernel = createTestKernel()
  const plan = diff([], crowd(2000))
  let turns = 0
  const count = () => {
    turns++
    next = setImmediate(count)
  }
  let next = setImmediate(count)
  const bad = { type: 'addDestination', of: http, destination: server(1, { weight: -1 }) } as const
  await t.rejects(apply(kernel.open(), { ...plan, changes: [...plan.changes, bad] }), { name: 'RangeError' })
  clearImmediate(next)
  t.ok(turns > 10, `${turns} turns`)
  t.equal(kernel.writes, 0)
})

t.test('refusals of a large plan are told in its order, whatever the batch', async (t) => {
  const kernel = createTestKernel()
  const ipvs = kernel.open()
  await ipvs.addService(web)
  const plan = diff(await ipvs.table(), crowd(1500))
  const taken = [1400, 7].map((i) => plan.changes[i] as Extract<Change, { type: 'addDestination' }>)
  for (const { of, destination } of taken) await ipvs.addDestination(of, destination)
  const { result } = await failure(apply(ipvs, plan))
  t.same(
    result.failed.map(({ change, error }) => [plan.changes.indexOf(change), error.code]),
    [7, 1400].map((i) => [i, 'IPVS_DESTINATION_EXISTS']),
  )
  t.equal(result.applied.length, 1498)
})

t.test('what is no handle is refused before anything is sent', async (t) => {
  const { plan } = await prepared()
  await t.rejects(apply({} as Ipvs, plan), {
    name: 'TypeError',
    message: /^ipvs: expected a handle that open\(\) gave/,
  })
})
