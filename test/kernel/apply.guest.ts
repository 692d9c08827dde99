/** apply() against others at the same table: whatever is refused or changed meanwhile, no service is found empty. */
import t, { type Test } from 'tap'
import { apply, diff, IpvsApplyError, IpvsError, type Ipvs } from '../../lib/index.js'
import { additions, beforeExchange, exchanged, exchangePlan, refusals } from '../exchanges.js'
import { fill, server } from '../tables.js'
import { makeNamespace, openIn, run } from './namespace.js'

async function harness(t: Test): Promise<{ ipvs: Ipvs; stranger: Ipvs; onlooker: Ipvs }> {
  const namespace = await makeNamespace(t)
  await run('ip', ['-n', namespace, 'link', 'add', 'eth0', 'type', 'dummy'])
  await run('ip', ['-n', namespace, 'link', 'set', 'eth0', 'up'])
  await run('ip', ['-n', namespace, 'addr', 'add', '2001:db8::1/64', 'dev', 'eth0', 'nodad'])
  const [ipvs, stranger, onlooker] = [
    await openIn(t, namespace),
    await openIn(t, namespace),
    await openIn(t, namespace),
  ]
  return { ipvs, stranger, onlooker }
}

/** Looks at the services again and again, on a thread of its own, until the work is done: how often it looked. */
async function watched<T>(t: Test, onlooker: Ipvs, work: Promise<T>): Promise<T> {
  let done = false
  const ended = work.finally(() => (done = true))
  let looks = 0
  for (;;) {
    const last = done
    const found = await Promise.allSettled(exchanged.map((key) => onlooker.destinations(key)))
    for (const look of found) {
      if (look.status === 'fulfilled') t.ok(look.value.length > 0, 'it has destinations')
      else t.ok(IpvsError.is(look.reason, 'IPVS_SERVICE_NOT_FOUND'), 'it is gone')
    }
    looks++
    if (last) break
  }
  t.ok(looks > 1, `${looks} looks`)
  return ended
}

for (const [why, refusal] of Object.entries(refusals)) {
  t.test(`an addition is refused because ${why}: no service is seen empty`, async (t) => {
    const { ipvs, stranger, onlooker } = await harness(t)
    for (const k of [0, Math.floor(additions.length / 2), additions.length - 1]) {
      const plan = exchangePlan(await fill(stranger, beforeExchange), refusal, k)
      await refusal.act(stranger, k)
      const outcome = await watched(
        t,
        onlooker,
        apply(ipvs, plan).catch((error: unknown) => error),
      )
      t.type(outcome, IpvsApplyError)
      t.match(outcome, { code: refusal.code, result: { notAttempted: { length: 2 } } }, `addition ${k}`)
      await refusal.undo?.(stranger)
    }
  })
}

t.test(
  'while another changes the same servers, each removal is done or refused, and no service is seen empty',
  async (t) => {
    const { ipvs, stranger, onlooker } = await harness(t)
    const [key] = exchanged as [(typeof exchanged)[number]]
    const old = server(1, { port: 80, forwarding: 'tunnel' })
    const outcomes = new Set<string>()
    for (let round = 0; round < 10; round++) {
      const current = await fill(stranger, beforeExchange)
      const desired = diff(
        current,
        beforeExchange.map(({ service }) => ({
          service,
          destinations: [server(3, { port: service.port ?? 0, forwarding: 'tunnel' })],
        })),
      )
      let done = false
      const applied = apply(ipvs, desired)
        .then(
          () => 'applied',
          (error: unknown) => (IpvsError.is(error) ? error.code : String(error)),
        )
        .finally(() => (done = true))
      // Another program, which knows nothing of the plan: makes it masquerading and back, until it is gone.
      const meddled = (async () => {
        for (let i = 0; !done; i++) {
          const other = server(1, { port: 80, forwarding: 'masquerade' })
          await stranger.updateDestination(key, i % 2 === 0 ? other : old).catch((error: unknown) => {
            if (!IpvsError.is(error, 'IPVS_DESTINATION_NOT_FOUND')) throw error
          })
        }
      })()
      const outcome = await watched(t, onlooker, applied)
      await meddled
      outcomes.add(outcome)
      const left = (await stranger.destinations(key)).map(({ address }) => address)
      if (outcome === 'applied') t.same(left, ['10.0.0.3'])
      else t.same([outcome, left], ['IPVS_INTERRUPTED', ['10.0.0.3', '10.0.0.1']], 'the changed one stays')
    }
    t.comment(`outcomes: ${[...outcomes].join()}`)
  },
)
