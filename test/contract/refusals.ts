/** Each refusal of the kernel has its own code in the API. */
import { dns, http, missing, real1, real2, refuses, type Behaviour } from './harness.js'

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
}
