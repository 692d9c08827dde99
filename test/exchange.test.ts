/** apply() empties no service when an addition is refused: each addition of a plan, each way to refuse it, each instant. */
import t from 'tap'
import { apply, IpvsApplyError } from '../lib/index.js'
import { createIpvs } from '../lib/ipvs.js'
import { serviceName } from '../lib/keys.js'
import { Command } from '../lib/records.js'
import { FakeKernel } from '../lib/testing/fake-session.js'
import { schedulers } from '../lib/types.js'
import { serviceKey } from '../lib/validate.js'
import { additions, beforeExchange, exchanged, exchangePlan, refusals } from './exchanges.js'
import { changed } from './sessions.js'
import { fill } from './tables.js'

/** How many destinations each service has at this instant; what is not there has no number. */
function counts(kernel: FakeKernel): ReadonlyMap<string, number> {
  const { services } = kernel.answer({ command: Command.getService, dump: true })
  return new Map(
    services.map(({ service }) => [
      serviceName(service),
      kernel.answer({ command: Command.getDest, dump: true, service }).destinations.length,
    ]),
  )
}

for (const [why, refusal] of Object.entries(refusals)) {
  t.test(`an addition is refused because ${why}: no service is ever empty`, async (t) => {
    for (const k of additions.keys()) {
      const kernel = new FakeKernel(schedulers)
      const stranger = createIpvs(kernel.session())
      const instants: ReadonlyMap<string, number>[] = []
      const ipvs = changed(kernel, (_request, reply) => {
        instants.push(counts(kernel))
        return reply
      })
      const plan = exchangePlan(await fill(stranger, beforeExchange), refusal, k)
      await refusal.act(stranger, k)
      const error: unknown = await apply(ipvs, plan).catch((reason: unknown) => reason)
      if (!(error instanceof IpvsApplyError)) throw new Error(`addition ${k}: ${String(error)}`)

      const stopped = serviceName(serviceKey((additions[k] as (typeof additions)[number]).of))
      t.equal(error.code, refusal.code, `addition ${k}`)
      t.ok(instants.length > additions.length)
      for (const instant of instants) t.notOk([...instant.values()].includes(0), 'none is empty')
      t.equal(error.result.notAttempted.length, 2, 'both removals of that service')
      for (const { type, ...change } of error.result.notAttempted) {
        t.equal(type, 'removeDestination')
        t.equal('of' in change && serviceName(serviceKey(change.of)), stopped)
      }
      for (const key of exchanged.filter((other) => serviceName(serviceKey(other)) !== stopped)) {
        t.equal((await stranger.destinations(key)).length, 2, 'the others are exchanged')
      }
    }
  })
}
