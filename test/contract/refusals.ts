/** Each refusal of the kernel: its code in the API, and its errno at the seam. */
import { destinationKey, serviceKey, serviceSpec } from '../../lib/validate.js'
import { Command, type Request } from '../../lib/records.js'
import { EAFNOSUPPORT, EEXIST, EINVAL, ENOENT, ERANGE, ESRCH } from './harness.js'
import { dns, http, http6, missing, newDestination, newService } from './harness.js'
import { real1, real2, refuses, send, type Behaviour } from './harness.js'

export async function refusals(test: Behaviour): Promise<void> {
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

  await test('the errnos of the kernel', async (t, { session }) => {
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
