/** Two directors that do not hear each other: both have the virtual addresses; when they hear again, one has, and clients know which. */
import t, { type Test } from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { startPair } from '../../rig/pair.js'
import { hasAddress, linkOf, neighbourOf, watchVip } from '../../rig/vip.js'
import { clientsOf } from '../kernel/pair-clients.js'

t.setTimeout(1_000_000)
const advertMs = 100
/** Promised. */
const neighboursMs = 1000
const count = 50
/** So long they do not hear each other: longer than the client's kernel believes in a neighbour without asking. */
const splitMs = 10_000
const lossMs = 30_000
const lossPercent = 30
/** What an emulated machine may add. */
const emulationMs = 500

const pair = await startPair({ advertMs, graceMs: 0 })
t.teardown(() => pair.close())
const { lan, faults, vips } = pair
const [first, second] = pair.members
const clients = await clientsOf(t, pair, count)
const link = await linkOf(first.host)
const believed = await watchVip(lan, lan.client)

const holders = async () => {
  const all = pair.members.map(async ({ host }) => ((await hasAddress(host, vips[0])) ? host.ipv4 : ''))
  return (await Promise.all(all)).filter(Boolean)
}

/** They hear each other again: within an advert the second one lets go, and within a second the client's neighbour tables are right. */
async function heal(t: Test, what: string): Promise<void> {
  const both = (await holders()).length === 2
  const called = Date.now()
  const at = await faults.mend()
  const oneMs = both ? Math.max(0, (await pair.moved(second, false, called)) - at) : 0
  while ((await Promise.all(vips.map((vip) => neighbourOf(lan.client, vip)))).some((found) => found !== link))
    if (Date.now() - at > neighboursMs + emulationMs) break
  await sleep(neighboursMs)
  const changes = believed.entries.filter(
    (event) => event !== undefined && event.at >= at && event.link !== undefined && vips.includes(event.address),
  )
  const rightMs = Math.max(0, ...changes.map((event) => (event?.at ?? at) - at))
  t.strictSame(await holders(), [first.host.ipv4], 'one has the virtual addresses')
  for (const vip of vips) t.equal(await neighbourOf(lan.client, vip), link, `the client looks for ${vip} there`)
  t.ok(oneMs <= advertMs + emulationMs, `the other one let go after ${oneMs} ms`)
  t.ok(rightMs <= neighboursMs + emulationMs, `nothing changed in the client's neighbours after ${rightMs} ms`)
  t.comment(
    `measured: ${what}: healed, one master after ${oneMs} ms, the client's neighbours right after ${rightMs} ms`,
  )
  await clients.stand(t, what)
}

t.test('both ways', async (t) => {
  const at = Date.now()
  await Promise.all([faults.lose(first.host, second.host), faults.lose(second.host, first.host)])
  await pair.moved(second, true, at)
  await sleep(splitMs)
  t.equal((await holders()).length, 2, 'both have the virtual addresses')
  await clients.served(t, 'split, both ways', at, Date.now(), neighboursMs)
  await heal(t, 'split, both ways')
})

t.test('one way: the second one hears nothing', async (t) => {
  const at = Date.now()
  await faults.lose(first.host, second.host)
  await pair.moved(second, true, at)
  await sleep(splitMs)
  await clients.served(t, 'split, the second one deaf', at, Date.now(), neighboursMs)
  await heal(t, 'split, the second one deaf')
})

t.test('one way: the first one hears nothing', async (t) => {
  const at = Date.now()
  await faults.lose(second.host, first.host)
  await sleep(splitMs)
  t.strictSame(second.moves(at), [], 'nothing moves')
  await clients.served(t, 'split, the first one deaf', at, Date.now(), 0)
  await heal(t, 'split, the first one deaf')
})

t.test(`${lossPercent} % of all packets between them are lost`, async (t) => {
  const at = Date.now()
  await Promise.all([
    faults.lose(first.host, second.host, lossPercent),
    faults.lose(second.host, first.host, lossPercent),
  ])
  await sleep(lossMs)
  const got = second.moves(at).filter((move) => move === `got ${vips[0]}`)
  t.comment(
    `measured: ${lossPercent} % loss for ${lossMs / 1000} s: the second one thought ${got.length} times that it was alone`,
  )
  await clients.served(t, `${lossPercent} % loss`, at, Date.now(), neighboursMs)
  await heal(t, `${lossPercent} % loss`)
})
