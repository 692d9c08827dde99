/** Requests on the calling thread: the same answers, in the handle's namespace, without its private thread. */
import { readdirSync, readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { serviceName } from '../../lib/keys.js'
import { serviceKey } from '../../lib/validate.js'
import type { Ipvs, OpenOptions } from '../../lib/index.js'
import { addInterface, makeNamespace, openIn } from './namespace.js'

const web = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const
const real = { address: '10.0.0.1', port: 80, forwarding: 'masquerade' } as const
const here: OpenOptions = { onCallingThread: true }

function statuses(): readonly string[] {
  return readdirSync('/proc/self/task')
    .map((id) => readFileSync(`/proc/self/task/${id}/status`, 'latin1'))
    .filter((status) => status.startsWith('Name:\tipvs\n'))
}

/** Whether a private thread of this process runs. */
function runs(): boolean {
  return statuses().some((status) => /^State:\s+R/m.test(status))
}

/** How often the private threads of this process went to sleep so far: each request wakes one that does. */
function sleeps(): number {
  return statuses()
    .map((status) => Number(/^voluntary_ctxt_switches:\s+([0-9]+)/m.exec(status)?.[1]))
    .reduce((sum, count) => sum + count, 0)
}

/** The same, while `work` was done. None of them watches for another request when it begins. */
async function sleepsDuring(work: () => Promise<void>): Promise<number> {
  while (runs()) await new Promise((resolve) => setImmediate(resolve))
  const before = sleeps()
  await work()
  return sleeps() - before
}

async function withWeb(t: Test, options: OpenOptions): Promise<{ namespace: string; ipvs: Ipvs }> {
  const namespace = await makeNamespace(t)
  await addInterface(namespace, 'eth0')
  const ipvs = await openIn(t, namespace, options)
  await ipvs.addService({ ...web, scheduler: 'rr' })
  await ipvs.addDestination(web, real)
  return { namespace, ipvs }
}

async function setWeights(ipvs: Ipvs): Promise<void> {
  for (let weight = 1; weight <= 50; weight++) await ipvs.updateDestination(web, { ...real, weight })
}

t.test('the private thread sleeps through requests on the calling thread, and wakes for others', async (t) => {
  const { ipvs } = await withWeb(t, here)
  t.equal(await sleepsDuring(() => setWeights(ipvs)), 0)
  t.match(await ipvs.destinations(web), [{ weight: 50 }])
  const { ipvs: usual } = await withWeb(t, {})
  // It sleeps before them and once more after them; between two, the next one may be there before it does.
  const slept = await sleepsDuring(async () => {
    await setWeights(usual)
    while (runs()) await new Promise((resolve) => setImmediate(resolve))
  })
  t.ok(slept > 0, 'by default they are its work')
})

t.test('reads, writes and refusals are of the namespace, as from any handle', async (t) => {
  const { namespace, ipvs } = await withWeb(t, here)
  const other = await openIn(t, namespace)
  await ipvs.setWeight(web, real, 7)
  t.match(await other.destinations(web), [{ ...real, weight: 7 }])
  await t.rejects(ipvs.addService({ ...web, scheduler: 'rr' }), { code: 'IPVS_SERVICE_EXISTS', errnoName: 'EEXIST' })
  await t.rejects(ipvs.removeDestination(web, { ...real, port: 81 }), { code: 'IPVS_DESTINATION_NOT_FOUND' })
  await t.rejects(ipvs.addService({ ...web, port: 81, scheduler: 'nosuch' }), { code: 'IPVS_MODULE_NOT_FOUND' })
  // More than one datagram, and what only the thread can.
  const many = Array.from({ length: 100 }, (_, i) => ({ ...web, port: 1000 + i, scheduler: 'rr' }))
  await Promise.all(many.map((service) => ipvs.addService(service)))
  const names = (await ipvs.table()).map(({ service }) => serviceName(serviceKey(service)))
  t.same(new Set(names), new Set([web, ...many].map((service) => serviceName(serviceKey(service)))))
  t.ok('conntrack' in (await ipvs.sysctls()))
  const daemon = { role: 'master', interface: 'eth0', syncId: 3 } as const
  await ipvs.startSyncDaemon(daemon)
  t.match(await other.syncDaemons(), [daemon])
  await ipvs.stopSyncDaemon('master')
  t.same(await other.syncDaemons(), [])
  await ipvs.flush()
  t.same(await other.services(), [])
})

async function turnsDuring(call: () => Promise<unknown>): Promise<number> {
  let turns = 0
  const count = () => {
    turns++
    next = setImmediate(count)
  }
  let next = setImmediate(count)
  await call()
  clearImmediate(next)
  return turns
}

t.test('nothing else of the thread runs before the kernel has answered', async (t) => {
  const { ipvs } = await withWeb(t, here)
  const { ipvs: usual } = await withWeb(t, {})
  t.equal(await turnsDuring(() => ipvs.info()), 0)
  // So many are not waited for.
  const several = () => Promise.all(Array.from({ length: 5 }, () => usual.info()))
  t.ok((await turnsDuring(several)) > 0)
})

t.test('the event loop turns while one call after the other is awaited, though answers may come at once', async (t) => {
  const { ipvs } = await withWeb(t, {})
  t.ok((await turnsDuring(() => setWeights(ipvs))) >= 2, 'after 16 calls at the latest')
  t.match(await ipvs.destinations(web), [{ weight: 50 }])
})
