/** Services and destinations: what is written is what is read. */
import { http, http6, dns, mark, missing, real1, real2, refuses, type Behaviour } from './harness.js'

export async function settings(test: Behaviour): Promise<void> {
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
}
