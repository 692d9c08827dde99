/** What another program made beside the rules, because the kernel checks little. */
import { http, newDestination, newService, real1, send, type Behaviour } from './harness.js'
import type { Request } from '../../lib/records.js'

const odd: readonly (readonly [name: string, request: Request])[] = [
  ['port 0 without persistence', newService({ port: 0 })],
  ['protocol 47', newService({ protocol: 47 })],
  ['persistence of 0 s under the mask 0.0.0.0', newService({ flags: 1, timeout: 0, netmask: 0 })],
  ['a multicast VIP', newService({ address: new Uint8Array([224, 0, 0, 9, ...Array<number>(12).fill(0)]) })],
]

export async function strangers(test: Behaviour): Promise<void> {
  for (const [name, request] of odd) {
    await test(`a service with ${name} is read, updated and removed`, async (t, { ipvs, session }) => {
      t.same(await send(session, [request]), [0])
      const [service] = await ipvs.services()
      if (!service) return void t.fail('it was not read')
      await ipvs.updateService(service)
      t.same(await ipvs.services(), [service])
      await ipvs.removeService(service)
      t.same(await ipvs.services(), [])
    })
  }

  await test('a destination with forwarding method 5 is read, updated and removed', async (t, { ipvs, session }) => {
    t.same(await send(session, [newService({}), newDestination({ forwarding: 5 })]), [0, 0])
    const [destination] = await ipvs.destinations(http)
    t.equal(destination?.forwarding, 'method-5')
    await ipvs.setWeight(http, real1, 0)
    t.match(await ipvs.destinations(http), [{ forwarding: 'method-5', weight: 0 }])
    await ipvs.removeDestination(http, real1)
    t.same(await ipvs.destinations(http), [])
  })
}
