/** Two directors: one goes, by a crash or by hand, and clients keep their connections; the daemon alone may go. At length: test/proof. */
import t from 'tap'
import { startPair } from '../../rig/pair.js'
import { clientsOf, killDaemon } from './pair-clients.js'

t.setTimeout(550_000)
const count = 150
/** Promised. That nothing happens, too, is told by the emulated machine late. */
const [crashMs, handoverMs] = [1000, 200]

// With a grace that is longer than the test: nobody takes anything back.
const pair = await startPair({ advertMs: 100, graceMs: 600_000 })
t.teardown(() => pair.close())
const { faults } = pair
const [first, second] = pair.members
const clients = await clientsOf(t, pair, count)

t.test('kill -9 of the daemon changes nothing for clients', (t) => killDaemon(t, first, clients))

t.test('ipvs-failover handover gives the virtual addresses to the other director', async (t) => {
  const at = Date.now()
  const [, taken] = await Promise.all([first.operate('handover'), pair.moved(second, true, at)])
  await clients.served(t, 'handover', at, taken, handoverMs)
  await clients.stand(t, 'handover')
})

t.test('a crash of the one that has them costs a second, and no connection', async (t) => {
  const at = Date.now()
  await faults.crash(second.host)
  await clients.served(t, 'a crash', at, await pair.moved(first, true, at), crashMs)
  await clients.stand(t, 'a crash', 0.99)
})
