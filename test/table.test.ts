/** Exact readings while the table changes, on the in-memory kernel: a change may come between any two requests. */
import t from 'tap'
import { IpvsError, type Table } from '../lib/index.js'
import { createIpvs } from '../lib/ipvs.js'
import { destinationName, serviceName } from '../lib/keys.js'
import { Command } from '../lib/records.js'
import { FakeKernel } from '../lib/testing/fake-session.js'
import { schedulers } from '../lib/types.js'
import { destinationKey, destinationSpec, serviceKey, serviceSpec } from '../lib/validate.js'
import { random, seed } from './random.js'
import { changed } from './sessions.js'
import { server } from './tables.js'

const services = 30
/** How many objects of the churn there are before the oldest goes: each outlives some passes. */
const alive = 30

const web = (number: number) => ({ protocol: 'tcp', address: `192.0.2.${number}`, port: 80, scheduler: 'rr' }) as const
const real = (port: number, weight = 1) => server(1, { port, forwarding: 'masquerade', weight })

function textOf(table: Table): string {
  return table
    .map(({ service, destinations }) => {
      const servers = destinations.map((entry) => `${destinationName(destinationKey(entry))}=${entry.weight}`)
      return `${serviceName(serviceKey(service))} ${servers.join()}`
    })
    .join('\n')
}

/** A table of one server a service, and a churn that never brings back what was: each state of the table is a new one. */
function churnedKernel(chance: () => number) {
  const kernel = new FakeKernel(schedulers)
  const change = (command: Command, key: ReturnType<typeof web>, destination?: ReturnType<typeof real>) => {
    const record = destination && { destination: destinationSpec(destination) }
    const { error } = kernel.answer({ command, service: serviceSpec(key), ...record })
    if (error !== 0) throw new Error(`command ${command} refused with errno ${error}`)
  }
  let made = 1000
  const doomed: (() => void)[] = []
  const some = () => web(1 + Math.floor(chance() * services))
  const changes = [
    () => {
      const [of, added] = [some(), real(++made)]
      change(Command.newDest, of, added)
      doomed.push(() => change(Command.delDest, of, added))
    },
    () => {
      const added = { ...web(200), port: ++made } as never
      change(Command.newService, added)
      doomed.push(() => change(Command.delService, added))
    },
    () => change(Command.setDest, some(), real(1, ++made)),
  ]
  for (let number = 1; number <= services; number++) {
    change(Command.newService, web(number))
    change(Command.newDest, web(number), real(1))
  }
  const state = () =>
    kernel
      .answer({ command: Command.getService, dump: true })
      .services.map(({ service }) => {
        const { destinations } = kernel.answer({ command: Command.getDest, dump: true, service })
        const servers = destinations.map(({ destination }) => `${destinationName(destination)}=${destination.weight}`)
        return `${serviceName(service)} ${servers.join()}`
      })
      .join('\n')
  const churn = () => {
    if (doomed.length > alive) doomed.shift()?.()
    else changes[Math.floor(chance() * changes.length)]?.()
  }
  while (doomed.length < alive) churn()
  return { kernel, churn, state }
}

for (const { perPass, atLeast, readings = 25 } of [
  { perPass: 0.5, atLeast: 0.9 },
  { perPass: 1.5, atLeast: 0.6 },
  { perPass: 10, atLeast: 0, readings: 5 },
]) {
  t.test(`exact at ${perPass} changes a pass: a table that there was, or IPVS_INTERRUPTED`, async (t) => {
    const chance = random(seed)
    const { kernel, churn, state } = churnedKernel(chance)
    const states = [state()]
    let requests = 0
    let changesPerRequest = 0
    const ipvs = changed(kernel, (_request, reply) => {
      requests++
      if (chance() < changesPerRequest) {
        churn()
        states.push(state())
      }
      return reply
    })
    await ipvs.table()
    changesPerRequest = perPass / requests
    let resolved = 0
    for (let i = 0; i < readings; i++) {
      const first = states.length - 1
      const outcome = await ipvs.table({ exact: true }).then(textOf, (error: unknown) => error)
      if (typeof outcome === 'string') {
        resolved++
        t.ok(states.includes(outcome, first), `reading ${i} is a table that there was meanwhile`)
      } else t.ok(IpvsError.is(outcome, 'IPVS_INTERRUPTED'), `reading ${i} is interrupted`)
    }
    t.ok(resolved >= atLeast * readings, `seed ${seed}: ${resolved} of ${readings} resolved, ${states.length} states`)
  })
}

t.test('exact reads a table that stands still twice', async (t) => {
  const { kernel } = churnedKernel(random(seed))
  let lists = 0
  const ipvs = changed(kernel, (request, reply) => {
    if (request.command === Command.getService && request.dump) lists++
    return reply
  })
  t.same(await ipvs.table({ exact: true }), await createIpvs(kernel.session()).table())
  t.equal(lists, 2)
})

t.test('exact gives up after ten passes', async (t) => {
  const { kernel, churn } = churnedKernel(random(seed))
  let lists = 0
  const ipvs = changed(kernel, (request, reply) => {
    if (request.command === Command.getService && request.dump) lists++
    churn()
    return reply
  })
  await t.rejects(ipvs.table({ exact: true }), { code: 'IPVS_INTERRUPTED', operation: 'table' })
  t.equal(lists, 10)
})

/**
 * Reads services A, B and so on, each with a server of weight 1, exactly, while things change after the requests of these
 * numbers: the list is one request, the servers of each service another.
 */
async function readWhile(names: string, after: Readonly<Record<number, (kernel: FakeKernel) => void>>) {
  const kernel = new FakeKernel(schedulers)
  for (const name of names) {
    kernel.answer({ command: Command.newService, service: serviceSpec(named(name)) })
    kernel.answer({
      command: Command.newDest,
      service: serviceSpec(named(name)),
      destination: destinationSpec(real(1)),
    })
  }
  let requests = 0
  const ipvs = changed(kernel, (_request, reply) => {
    after[++requests]?.(kernel)
    return reply
  })
  const table = await ipvs.table({ exact: true })
  return table.map(
    ({ service: { port }, destinations }) => `${String.fromCharCode(port ?? 0)}${destinations[0]?.weight}`,
  )
}
const named = (name: string) => ({ ...web(1), port: name.charCodeAt(0) })
const toWeight2 = (kernel: FakeKernel, name: string) =>
  kernel.answer({
    command: Command.setDest,
    service: serviceSpec(named(name)),
    destination: destinationSpec(real(1, 2)),
  })
const remove = (kernel: FakeKernel, name: string) =>
  kernel.answer({ command: Command.delService, service: serviceSpec(named(name)) })

t.test('exact takes nothing for steady that was read before another service was found changed', async (t) => {
  // A1 B2 was there at no time.
  const found = await readWhile('AB', {
    5: (kernel) => {
      toWeight2(kernel, 'A')
      toWeight2(kernel, 'B')
    },
  })
  t.same(found, ['A2', 'B2'])
})

t.test('exact takes nothing for steady that was read before the list was found changed', async (t) => {
  // C1 without D was there at no time.
  const found = await readWhile('ABCD', {
    7: (kernel) => toWeight2(kernel, 'B'),
    10: (kernel) => {
      toWeight2(kernel, 'C')
      remove(kernel, 'D')
    },
  })
  t.same(found, ['A1', 'B2', 'C2'])
})
