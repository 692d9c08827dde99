/** What looks again and again: drain() and watch(). Their timing is tested with a fake clock. */
import { drain, watch, type Change } from '../../lib/index.js'
import { http, real1, real2, refuses, type Behaviour } from './harness.js'

const web = { ...http, scheduler: 'rr' } as const

export async function watching(test: Behaviour): Promise<void> {
  await test('a real server without connections is drained at once, and keeps weight 0', async (t, { ipvs }) => {
    await ipvs.addService(web)
    await ipvs.addDestination(http, { ...real1, forwarding: 'direct', weight: 5 })
    const seen: unknown[] = []
    const onProgress = (left: unknown) => seen.push(left)
    t.equal(await drain(ipvs, http, real1, { timeoutMs: 0, onProgress }), 'drained')
    t.same(seen, [{ active: 0, inactive: 0, persistent: 0 }])
    t.match(await ipvs.destinations(http), [{ ...real1, weight: 0 }])
    await refuses(t, 'IPVS_DESTINATION_NOT_FOUND', drain(ipvs, http, real2, { timeoutMs: 0 }))
  })

  await test('what a stranger changes is told, once, with the table', async (t, { ipvs, stranger }) => {
    const steps: readonly (() => Promise<void>)[] = [
      () => stranger.addService(web),
      () => stranger.addDestination(http, { ...real1, forwarding: 'direct' }),
      () => stranger.setWeight(http, real1, 7),
      () => stranger.updateService({ ...web, scheduler: 'wlc' }),
      () => stranger.removeDestination(http, real1),
      () => stranger.removeService(http),
    ]
    const told: Change['type'][] = []
    let step = 0
    for await (const { table, changes } of watch(ipvs, { intervalMs: 5 })) {
      told.push(...changes.map(({ type }) => type))
      t.same(table, await ipvs.table())
      const next = steps[step++]
      if (!next) break
      await next()
    }
    t.same(told, [
      'addService',
      'addDestination',
      'updateDestination',
      'updateService',
      'removeDestination',
      'removeService',
    ])
  })
}
