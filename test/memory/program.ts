/** Calls one handle again and again on the faked kernel of bench/fake; prints what each round of calls left resident, in KiB. */
import { apply, diff, open, type Ipvs } from '../../lib/index.js'

const [rounds = '', calls = ''] = process.argv.slice(2)
const service = { protocol: 'tcp', address: '192.0.2.1', port: 80, scheduler: 'rr' } as const
const destination = { address: '10.0.0.1', port: 80, forwarding: 'masquerade' } as const
const atOnce = 25

/** Calls of many kinds, refused ones too, that share a batch and leave the table as it is. */
function mixedCalls(ipvs: Ipvs): readonly Promise<unknown>[] {
  return [
    ipvs.addService(service),
    ipvs.updateDestination(service, { ...destination, weight: 3 }),
    ipvs.services(),
    ipvs.destinations(service),
    ipvs.service(service),
    ipvs.info(),
    // This faked kernel removes nothing.
    ipvs.removeDestination(service, destination),
  ]
}

async function round(ipvs: Ipvs): Promise<void> {
  for (let done = 0; done < Number(calls);) {
    const some = Array.from({ length: atOnce }, () => mixedCalls(ipvs)).flat()
    // These stand alone.
    some.push(ipvs.table(), ipvs.setWeight(service, { ...destination, port: 81 }, 3))
    const refused = (await Promise.allSettled(some)).filter(({ status }) => status === 'rejected').length
    if (refused !== 2 * atOnce + 1) throw new Error(`expected ${2 * atOnce + 1} refusals, found ${refused}`)
    done += some.length
  }
}

const ipvs = await open()
await apply(ipvs, diff([], [{ service, destinations: [destination] }]))
for (let i = 0; i < Number(rounds); i++) {
  await round(ipvs)
  globalThis.gc?.()
  console.log(Math.round(process.memoryUsage.rss() / 1024))
}
await ipvs.close()
