/** The table as a whole: order, size, strangers, and plans carried out. */
import { apply, diff, type DesiredTable, type ServiceKey } from '../../lib/index.js'
import { dns, http, mark, real1, real2, refuses, type Behaviour } from './harness.js'

export async function tables(test: Behaviour): Promise<void> {
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
}
