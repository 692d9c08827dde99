/** One suite of behaviours, run on the in-memory kernel and on real ones: what holds here is what users may rely on. */
import { constants } from 'node:os'
import type { Test } from 'tap'
import { apply, diff, IpvsError, type DesiredTable, type Ipvs, type ServiceKey } from '../lib/index.js'
import { destinationKey, destinationSpec, serviceKey, serviceSpec } from '../lib/validate.js'
import { Command, type Request, type Session } from '../lib/records.js'
import { decodeReplies, encodeRequests } from '../lib/wire.js'

/** A fresh, empty table for each test. */
export interface Harness {
  readonly ipvs: Ipvs
  /** Another program's handle on the same table. */
  readonly stranger: Ipvs
  /** The seam itself, to ask for what the API refuses. */
  readonly session: Session
}

const { EAFNOSUPPORT, EEXIST, EINVAL, ENOENT, ERANGE, ESRCH } = constants.errno

const http = { protocol: 'tcp', address: '192.0.2.100', port: 80 } as const
const http6 = { protocol: 'tcp', address: '2001:db8::100', port: 80 } as const
const dns = { protocol: 'udp', address: '192.0.2.100', port: 53 } as const
const mark = { firewallMark: 7, family: 'ipv4' } as const
const real1 = { address: '10.0.0.1', port: 80 } as const
const real2 = { address: '10.0.0.2', port: 80 } as const
const missing = { protocol: 'tcp', address: '192.0.2.99', port: 80 } as const

export async function contract(t: Test, makeHarness: (t: Test) => Promise<Harness>): Promise<void> {
  const test = (name: string, body: (t: Test, harness: Harness) => Promise<void>) =>
    t.test(name, async (t) => body(t, await makeHarness(t)))

  const refuses = async (t: Test, code: string, call: Promise<unknown>) => {
    const error: unknown = await call.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    t.ok(IpvsError.is(error), `refused as ${code}`)
    if (IpvsError.is(error)) t.equal(error.code, code, error.message)
  }

  await test('an empty table reads as empty lists', async (t, { ipvs }) => {
    t.same(await ipvs.services(), [])
    t.same(await ipvs.table(), [])
    t.equal(await ipvs.service(http), undefined)
  })

  await test('info tells version and size', async (t, { ipvs }) => {
    const { version, connectionTableSize } = await ipvs.info()
    t.equal(version, '1.2.1')
    t.ok(Number.isInteger(connectionTableSize))
  })

  await test('a service comes back as it was written, with every setting', async (t, { ipvs }) => {
    const specs = [
      { ...http, scheduler: 'wlc', persistence: { timeoutSeconds: 300, prefixLength: 24 } },
      {
        ...http6,
        scheduler: 'sh',
        schedulerFlags: ['flag-1', 'flag-2'],
        persistence: { timeoutSeconds: 60, prefixLength: 64 },
      },
      { ...dns, scheduler: 'rr', onePacket: true },
      { ...mark, scheduler: 'lc', persistence: { timeoutSeconds: 1, netmask: '255.0.255.0' } },
      { firewallMark: 7, family: 'ipv6', scheduler: 'wrr' },
      { protocol: 'sctp', address: '192.0.2.1', port: 132, scheduler: 'mh', schedulerFlags: ['flag-3'] },
      {
        protocol: 'udp',
        address: '192.0.2.1',
        port: 5060,
        scheduler: 'rr',
        persistence: { timeoutSeconds: 60, prefixLength: 32, engine: 'sip' },
      },
      {
        protocol: 'tcp',
        address: '192.0.2.1',
        port: 0,
        scheduler: 'rr',
        persistence: { timeoutSeconds: 4294967, prefixLength: 1 },
      },
    ] as const
    for (const spec of specs) await ipvs.addService(spec)
    for (const spec of specs) t.match(await ipvs.service(spec), spec)
    t.equal((await ipvs.services()).length, specs.length)
  })

  await test('persistence defaults to 360 s and single clients', async (t, { ipvs }) => {
    await ipvs.addService({ ...http, scheduler: 'rr', persistence: {} })
    await ipvs.addService({ ...http6, scheduler: 'rr', persistence: {} })
    t.same((await ipvs.service(http))?.persistence, { timeoutSeconds: 360, prefixLength: 32 })
    t.same((await ipvs.service(http6))?.persistence, { timeoutSeconds: 360, prefixLength: 128 })
  })

  await test('a destination comes back as it was written, with every setting', async (t, { ipvs }) => {
    const specs = [
      { ...real1, forwarding: 'direct', weight: 2147483647 },
      { ...real2, forwarding: 'tunnel', encapsulation: { type: 'ipip', checksum: 'none' }, weight: 0 },
      {
        address: '10.0.0.3',
        port: 80,
        forwarding: 'tunnel',
        encapsulation: { type: 'gue', port: 6080, checksum: 'remote' },
        weight: 1,
      },
      {
        address: '10.0.0.4',
        port: 80,
        forwarding: 'tunnel',
        encapsulation: { type: 'gre', checksum: 'full' },
        weight: 1,
      },
      { address: '10.0.0.5', port: 8080, forwarding: 'masquerade', weight: 1, limits: { upper: 100, lower: 50 } },
      {
        address: '2001:db8::5',
        port: 80,
        forwarding: 'tunnel',
        encapsulation: { type: 'ipip', checksum: 'none' },
        weight: 1,
      },
      { address: '127.0.0.1', port: 80, forwarding: 'local', weight: 1 },
    ] as const
    await ipvs.addService({ ...http, scheduler: 'wlc' })
    for (const spec of specs) await ipvs.addDestination(http, spec)
    const found = await ipvs.destinations(http)
    for (const spec of specs)
      t.match(
        found.find(({ address }) => address === spec.address),
        spec,
      )
    t.equal(found[0]?.address, '127.0.0.1', 'newest first')
    t.same(found[0]?.connections, { active: 0, inactive: 0, persistent: 0 })
    t.equal(found[0]?.stats.total.bytesIn, 0n)
    t.equal(found[0]?.stats.rate.bytesIn, 0)
  })

  await test('weight defaults to 1', async (t, { ipvs }) => {
    await ipvs.addService({ ...http, scheduler: 'wlc' })
    await ipvs.addDestination(http, { ...real1, forwarding: 'direct' })
    t.equal((await ipvs.destinations(http))[0]?.weight, 1)
  })

  await test('an update replaces the whole record and keeps the destinations', async (t, { ipvs }) => {
    await ipvs.addService({ ...http, scheduler: 'wlc', persistence: { timeoutSeconds: 300 } })
    await ipvs.addDestination(http, { ...real1, forwarding: 'direct', limits: { upper: 10 } })
    await ipvs.updateService({ ...http, scheduler: 'rr' })
    await ipvs.updateDestination(http, { ...real1, forwarding: 'masquerade', weight: 5 })
    const [entry] = await ipvs.table()
    t.equal(entry?.service.scheduler, 'rr')
    t.equal(entry?.service.persistence, undefined)
    t.match(entry?.destinations, [{ ...real1, forwarding: 'masquerade', weight: 5 }])
    t.equal(entry?.destinations[0]?.limits, undefined)
  })

  await test('what was read can be written back as it is', async (t, { ipvs }) => {
    await ipvs.addService({ ...http, scheduler: 'wlc', persistence: { timeoutSeconds: 300 } })
    await ipvs.addDestination(http, { ...real1, forwarding: 'tunnel', encapsulation: { type: 'gue', port: 6080 } })
    const before = await ipvs.table()
    for (const { service, destinations } of before) {
      await ipvs.updateService(service)
      for (const destination of destinations) await ipvs.updateDestination(service, destination)
    }
    t.same(await ipvs.table(), before)
  })

  await test('setWeight changes the weight and nothing else', async (t, { ipvs }) => {
    await ipvs.addService({ ...http, scheduler: 'wlc' })
    const spec = {
      ...real1,
      forwarding: 'tunnel',
      encapsulation: { type: 'gue', port: 6080 },
      limits: { upper: 9, lower: 3 },
    } as const
    await ipvs.addDestination(http, spec)
    await ipvs.setWeight(http, real1, 0)
    t.match(await ipvs.destinations(http), [{ ...spec, weight: 0 }])
    await refuses(t, 'IPVS_DESTINATION_NOT_FOUND', ipvs.setWeight(http, real2, 1))
    await refuses(t, 'IPVS_SERVICE_NOT_FOUND', ipvs.setWeight(missing, real1, 1))
  })

  await test('removing a service removes its destinations', async (t, { ipvs }) => {
    await ipvs.addService({ ...http, scheduler: 'wlc' })
    await ipvs.addDestination(http, { ...real1, forwarding: 'direct' })
    await ipvs.removeService(http)
    t.same(await ipvs.table(), [])
    await ipvs.addService({ ...http, scheduler: 'wlc' })
    t.same(await ipvs.destinations(http), [])
  })

  await test('each refusal has its own code', async (t, { ipvs }) => {
    await ipvs.addService({ ...http, scheduler: 'wlc' })
    await ipvs.addDestination(http, { ...real1, forwarding: 'direct' })
    const direct = { ...real2, forwarding: 'direct' } as const
    await refuses(t, 'IPVS_SERVICE_EXISTS', ipvs.addService({ ...http, scheduler: 'rr' }))
    await refuses(t, 'IPVS_MODULE_NOT_FOUND', ipvs.addService({ ...missing, scheduler: 'nosuch' }))
    await refuses(t, 'IPVS_MODULE_NOT_FOUND', ipvs.updateService({ ...http, scheduler: 'nosuch' }))
    await refuses(
      t,
      'IPVS_MODULE_NOT_FOUND',
      ipvs.addService({ ...dns, scheduler: 'rr', persistence: { engine: 'nosuch' } }),
    )
    await refuses(t, 'IPVS_SERVICE_NOT_FOUND', ipvs.updateService({ ...missing, scheduler: 'rr' }))
    await refuses(t, 'IPVS_SERVICE_NOT_FOUND', ipvs.removeService(missing))
    await refuses(t, 'IPVS_SERVICE_NOT_FOUND', ipvs.destinations(missing))
    await refuses(t, 'IPVS_SERVICE_NOT_FOUND', ipvs.addDestination(missing, direct))
    await refuses(t, 'IPVS_SERVICE_NOT_FOUND', ipvs.updateDestination(missing, direct))
    await refuses(t, 'IPVS_SERVICE_NOT_FOUND', ipvs.removeDestination(missing, real1))
    await refuses(t, 'IPVS_DESTINATION_EXISTS', ipvs.addDestination(http, { ...real1, forwarding: 'direct' }))
    await refuses(t, 'IPVS_DESTINATION_NOT_FOUND', ipvs.updateDestination(http, direct))
    await refuses(t, 'IPVS_DESTINATION_NOT_FOUND', ipvs.removeDestination(http, real2))
    t.equal((await ipvs.table()).length, 1, 'and none changed the table')
  })

  await test('calls of one turn are carried out in order, and a refused one does not stop the next', async (t, {
    ipvs,
  }) => {
    const calls = [
      ipvs.addService({ ...http, scheduler: 'rr' }),
      ipvs.addService({ ...http, scheduler: 'rr' }),
      ...Array.from({ length: 200 }, (_, i) =>
        ipvs.addDestination(http, { address: `10.1.0.${i + 1}`, port: 80, forwarding: 'direct' }),
      ),
      ipvs.removeDestination(http, { address: '10.1.0.7', port: 80 }),
    ]
    const outcomes = await Promise.allSettled(calls)
    t.same(
      outcomes.flatMap(({ status }, i) => (status === 'rejected' ? [i] : [])),
      [1],
    )
    t.equal((await ipvs.destinations(http)).length, 199)
  })

  await test('a large table is read completely, each entry once', async (t, { ipvs }) => {
    const services = Array.from({ length: 120 }, (_, i) => ({ ...http, port: 1000 + i }))
    await Promise.all(services.map((service) => ipvs.addService({ ...service, scheduler: 'rr' })))
    const servers = Array.from({ length: 300 }, (_, i) => ({ address: `10.2.${i >> 8}.${i & 255}`, port: 1000 }))
    await Promise.all(
      servers.map((server) => ipvs.addDestination(services[0] as ServiceKey, { ...server, forwarding: 'direct' })),
    )
    const table = await ipvs.table()
    t.same(new Set(table.map(({ service }) => service.port)), new Set(services.map(({ port }) => port)))
    const first = table.find(({ service }) => service.port === 1000)
    t.same(new Set(first?.destinations.map(({ address }) => address)), new Set(servers.map(({ address }) => address)))
    t.equal(first?.destinations.length, 300)
  })

  await test('what a stranger writes is seen', async (t, { ipvs, stranger }) => {
    await stranger.addService({ ...http, scheduler: 'rr' })
    t.match(await ipvs.service(http), { scheduler: 'rr' })
    await stranger.flush()
    t.same(await ipvs.table(), [])
  })

  await test('a plan carried out leaves nothing to do', async (t, { ipvs, stranger }) => {
    await stranger.addService({ ...dns, scheduler: 'rr' })
    await ipvs.addService({ ...http, scheduler: 'wlc' })
    await ipvs.addDestination(http, { ...real1, forwarding: 'direct' })
    const desired: DesiredTable = [
      {
        service: { ...http, scheduler: 'rr', persistence: {} },
        destinations: [{ ...real2, forwarding: 'direct', limits: { upper: 8 } }],
      },
      { service: { ...mark, scheduler: 'sh' }, destinations: [{ ...real1, port: 0, forwarding: 'direct', weight: 3 }] },
    ]
    const plan = diff(await ipvs.table(), desired)
    t.equal(plan.changes.length, 5)
    t.match(plan.foreign, [{ service: dns }])
    t.equal((await apply(ipvs, plan)).applied.length, 5)
    t.same(diff(await ipvs.table(), desired).changes, [])
    t.ok(await ipvs.service(dns), 'the foreign service stays')
  })

  await test('a refused addition keeps the destination that was to go', async (t, { ipvs }) => {
    await ipvs.addService({ ...http, scheduler: 'rr' })
    await ipvs.addDestination(http, { ...real1, forwarding: 'direct' })
    const plan = diff(await ipvs.table(), [
      { service: { ...http, scheduler: 'rr' }, destinations: [{ ...real2, forwarding: 'direct' }] },
    ])
    // The addition that was right when planned is refused now.
    await ipvs.addDestination(http, { ...real2, forwarding: 'direct' })
    await refuses(t, 'IPVS_DESTINATION_EXISTS', apply(ipvs, plan))
    t.equal((await ipvs.destinations(http)).length, 2)
  })

  await t.test('what another program made beside the rules is read, updated and removed', async (t) => {
    const odd: readonly { name: string; make: (session: Session) => Promise<readonly number[]> }[] = [
      { name: 'port 0 without persistence', make: (session) => send(session, [newService({ port: 0 })]) },
      { name: 'protocol 47', make: (session) => send(session, [newService({ protocol: 47 })]) },
      {
        name: 'persistence of 0 s under the mask 0.0.0.0',
        make: (session) => send(session, [newService({ flags: 1, timeout: 0, netmask: 0 })]),
      },
      {
        name: 'a multicast VIP',
        make: (session) =>
          send(session, [newService({ address: new Uint8Array([224, 0, 0, 9, ...Array<number>(12).fill(0)]) })]),
      },
    ]
    for (const { name, make } of odd) {
      await t.test(name, async (t) => {
        const { ipvs, session } = await makeHarness(t)
        t.same(await make(session), [0])
        const [service] = await ipvs.services()
        if (!service) return t.fail('it was not read')
        await ipvs.updateService(service)
        t.same(await ipvs.services(), [service])
        await ipvs.removeService(service)
        t.same(await ipvs.services(), [])
      })
    }
    await t.test('forwarding method 5', async (t) => {
      const { ipvs, session } = await makeHarness(t)
      t.same(await send(session, [newService({}), newDestination({ forwarding: 5 })]), [0, 0])
      const [destination] = await ipvs.destinations(http)
      t.equal(destination?.forwarding, 'method-5')
      await ipvs.setWeight(http, real1, 0)
      t.match(await ipvs.destinations(http), [{ forwarding: 'method-5', weight: 0 }])
      await ipvs.removeDestination(http, real1)
      t.same(await ipvs.destinations(http), [])
    })
  })

  await t.test('the errnos of the kernel', async (t) => {
    const { session } = await makeHarness(t)
    const service6 = serviceSpec({ ...http6, scheduler: 'rr' })
    const add6: Request = { command: Command.newService, service: service6 }
    const gue = { forwarding: 2, tunnelType: 1 }
    t.same(await send(session, [newService({}), add6, newDestination({})]), [0, 0, 0])
    const cases: readonly (readonly [name: string, errno: number, request: Request])[] = [
      ['duplicate service', EEXIST, newService({})],
      ['duplicate destination', EEXIST, newDestination({})],
      ['unknown scheduler', ENOENT, newService({ port: 81, scheduler: 'nosuch' })],
      ['empty scheduler name', ENOENT, newService({ port: 81, scheduler: '' })],
      ['unknown persistence engine', ENOENT, newService({ port: 81, engine: 'nosuch' })],
      ['unknown scheduler on update', ENOENT, { ...newService({ scheduler: 'nosuch' }), command: Command.setService }],
      ['address family 3', EAFNOSUPPORT, newService({ family: 3 })],
      ['destination of address family 3', EAFNOSUPPORT, newDestination({ family: 3 })],
      ['IPv6 prefix 0 without persistence', EINVAL, { ...add6, service: { ...service6, port: 81, netmask: 0 } }],
      ['IPv6 prefix 129', EINVAL, { ...add6, service: { ...service6, port: 81, netmask: 129 } }],
      ['missing service on update', ESRCH, { ...newService({ port: 82 }), command: Command.setService }],
      ['missing service on removal', ESRCH, { command: Command.delService, service: serviceKey(missing) }],
      ['missing service on reading', ESRCH, { command: Command.getService, service: serviceKey(missing) }],
      ['missing service of a new destination', ESRCH, { ...newDestination({}), service: serviceKey(missing) }],
      [
        'missing service of a list of destinations',
        0,
        { command: Command.getDest, dump: true, service: serviceKey(missing) },
      ],
      ['missing destination on update', ENOENT, { ...newDestination({ port: 81 }), command: Command.setDest }],
      [
        'missing destination on removal',
        ENOENT,
        { command: Command.delDest, service: serviceKey(http), destination: destinationKey(real2) },
      ],
      ['weight below 0', ERANGE, newDestination({ port: 83, weight: -1 })],
      ['lower limit above upper', ERANGE, newDestination({ port: 83, upper: 1, lower: 2 })],
      ['lower limit without upper', ERANGE, newDestination({ port: 83, lower: 2 })],
      ['equal limits', 0, newDestination({ port: 84, upper: 2, lower: 2 })],
      ['destination 0.0.0.0', EINVAL, newDestination({ address: new Uint8Array(16) })],
      ['destination 255.255.255.255', EINVAL, newDestination({ address: new Uint8Array(16).fill(255) })],
      ['multicast destination', EINVAL, newDestination({ address: new Uint8Array(16).fill(224) })],
      ['IPv6 destination by direct routing in an IPv4 service', EINVAL, newDestination({ family: 10, port: 85 })],
      ['GUE without a port', EINVAL, newDestination({ port: 86, ...gue })],
      ['GUE with a port', 0, newDestination({ port: 86, ...gue, tunnelPort: 6080 })],
    ]
    for (const [name, errno, request] of cases) t.same(await send(session, [request]), [errno], name)
    const all = await send(
      session,
      cases.map(([, , request]) => request),
    )
    // In one datagram: what succeeded before is a duplicate now, all else is the same.
    t.same(
      all,
      cases.map(([, errno, { command }]) => (errno === 0 && command === Command.newDest ? EEXIST : errno)),
    )
  })
}

/** The errnos that the seam answers with. */
async function send(session: Session, requests: readonly Request[]): Promise<readonly number[]> {
  const replies = decodeReplies(await session.request(encodeRequests(requests)), requests.length)
  return replies.map(({ error, stage }) => {
    if (stage !== 0) throw new Error(`the kernel did not answer: stage ${stage}, errno ${error}`)
    return error
  })
}

function newService(change: Partial<NonNullable<Request['service']>>): Request {
  return { command: Command.newService, service: { ...serviceSpec({ ...http, scheduler: 'rr' }), ...change } }
}

function newDestination(change: Partial<NonNullable<Request['destination']>>): Request {
  const destination = { ...destinationSpec({ ...real1, forwarding: 'direct' }), ...change }
  return { command: Command.newDest, service: serviceKey(http), destination }
}
