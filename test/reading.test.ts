/** How a table is read: in parts, the next one while the last is looked at. */
import t from 'tap'
import { apply, diff, schedulers, type DesiredTable, type Ipvs } from '../lib/index.js'
import { Command, type Request } from '../lib/records.js'
import { FakeKernel } from '../lib/testing/fake-session.js'
import { createIpvs } from '../lib/ipvs.js'
import { observed } from './sessions.js'
import { server } from './tables.js'

function tableOf(services: number, destinations: number): DesiredTable {
  return Array.from({ length: services }, (_, i) => ({
    service: { protocol: 'tcp', address: `10.1.${i >> 8}.${i & 0xff}`, port: 80, scheduler: 'rr' },
    destinations: Array.from({ length: destinations }, (_, j) => server(1, { address: `10.2.${j >> 8}.${j & 0xff}` })),
  }))
}

/** A handle on such a table, and how many dumps of destinations each batch had since. */
async function reader(services: number, destinations: number): Promise<{ ipvs: Ipvs; dumps: number[] }> {
  const kernel = new FakeKernel(schedulers)
  await apply(createIpvs(kernel.session()), diff([], tableOf(services, destinations)))
  const dumps: number[] = []
  const isDump = ({ command, dump }: Request) => command === Command.getDest && dump === true
  const ipvs = observed(kernel, (requests) => {
    const count = requests.filter(isDump).length
    if (count > 0) dumps.push(count)
  })
  return { ipvs, dumps }
}

t.test('a part has about 512 rows, services counted', async (t) => {
  const long = await reader(40, 100)
  t.equal((await long.ipvs.table()).length, 40)
  t.same(long.dumps, [16, 5, 5, 5, 5, 4])
  const short = await reader(600, 0)
  t.equal((await short.ipvs.table()).length, 600)
  t.same(short.dumps, [16, 256, 256, 72])
  const one = await reader(20, 600)
  t.equal((await one.ipvs.table()).length, 20)
  t.same(one.dumps, [16, 1, 1, 1, 1])
})

t.test('the next part is asked for before the first is looked at, and no more of them', async (t) => {
  const { ipvs, dumps } = await reader(60, 100)
  for await (const entry of ipvs.entries()) {
    t.equal(entry.destinations.length, 100)
    break
  }
  // Carried out after everything that was asked before.
  await ipvs.info()
  t.same(dumps, [16, 5])
})

/** A handle whose third batch, the second part of the destinations, fails. */
async function failing(): Promise<Ipvs> {
  const kernel = new FakeKernel(schedulers)
  await apply(createIpvs(kernel.session()), diff([], tableOf(60, 100)))
  const session = kernel.session()
  let batches = 0
  return createIpvs({
    ...session,
    request: (batch) => (++batches === 3 ? Promise.reject(new Error('the third batch')) : session.request(batch)),
  })
}

t.test('a part that fails is told after the entries before it', async (t) => {
  let entries = 0
  const read = async () => {
    for await (const entry of (await failing()).entries()) entries += entry.destinations.length / 100
  }
  await t.rejects(read(), { message: 'the third batch' })
  t.equal(entries, 16)
})

t.test('who has left the loop hears nothing of a part that fails', async (t) => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', note)
  for await (const entry of (await failing()).entries()) {
    t.ok(entry)
    break
  }
  // Node tells of what nobody has handled before the next turn.
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  t.same(unhandled, [])
})

t.test('an empty table asks for no destinations', async (t) => {
  const { ipvs, dumps } = await reader(0, 0)
  t.same(await ipvs.table(), [])
  t.same(dumps, [])
})
