/** What holds for every call alike: signals, and closed handles. */
import { getEventListeners } from 'node:events'
import t from 'tap'
import { apply, drain, watch, type CallOptions, type Ipvs } from '../lib/index.js'
import { createIpvs } from '../lib/ipvs.js'
import { FakeKernel } from '../lib/testing/fake-session.js'
import { schedulers } from '../lib/types.js'
import { dns, fill, http, server } from './tables.js'

const web = { ...http, scheduler: 'wlc' } as const

type Call = (ipvs: Ipvs, options?: CallOptions) => Promise<unknown>

/** What is streamed is asked for its first entry. */
const first = (stream: AsyncIterable<unknown>) => stream[Symbol.asyncIterator]().next()

/** Every method that asks the kernel, each so that it succeeds on the table below. */
const methods: Record<Exclude<keyof Ipvs, 'close' | typeof Symbol.asyncDispose>, Call> = {
  services: (ipvs, options) => ipvs.services(options),
  service: (ipvs, options) => ipvs.service(http, options),
  addService: (ipvs, options) => ipvs.addService({ ...dns, scheduler: 'rr' }, options),
  updateService: (ipvs, options) => ipvs.updateService({ ...web, scheduler: 'rr' }, options),
  removeService: (ipvs, options) => ipvs.removeService(http, options),
  destinations: (ipvs, options) => ipvs.destinations(http, options),
  addDestination: (ipvs, options) => ipvs.addDestination(http, server(2), options),
  updateDestination: (ipvs, options) => ipvs.updateDestination(http, server(1, { weight: 5 }), options),
  removeDestination: (ipvs, options) => ipvs.removeDestination(http, server(1), options),
  setWeight: (ipvs, options) => ipvs.setWeight(http, server(1), 5, options),
  table: (ipvs, options) => ipvs.table(options),
  entries: (ipvs, options) => first(ipvs.entries(options)),
  zero: (ipvs, options) => ipvs.zero(http, options),
  zeroAll: (ipvs, options) => ipvs.zeroAll(options),
  flush: (ipvs, options) => ipvs.flush(options),
  info: (ipvs, options) => ipvs.info(options),
  timeouts: (ipvs, options) => ipvs.timeouts(options),
  setTimeouts: (ipvs, options) => ipvs.setTimeouts({ tcpSeconds: 60 }, options),
  syncDaemons: (ipvs, options) => ipvs.syncDaemons(options),
  startSyncDaemon: (ipvs, options) => ipvs.startSyncDaemon({ role: 'master', interface: 'eth0', syncId: 1 }, options),
  stopSyncDaemon: (ipvs, options) => ipvs.stopSyncDaemon('backup', options),
  connections: (ipvs, options) => first(ipvs.connections(options)),
  sysctls: (ipvs, options) => ipvs.sysctls(options),
}
const compositions: Readonly<Record<string, Call>> = {
  'table, exact': (ipvs, options) => ipvs.table({ ...options, exact: true }),
  watch: (ipvs, options) => first(watch(ipvs, { intervalMs: 1000, ...options })),
  drain: (ipvs, options) => drain(ipvs, http, server(1), { timeoutMs: 1000, ...options }),
  apply: (ipvs, options) =>
    apply(ipvs, { changes: [{ type: 'addService', service: { ...dns, scheduler: 'rr' } }], foreign: [] }, options),
}
const calls: readonly (readonly [name: string, call: Call])[] = Object.entries({ ...methods, ...compositions })

/** Those that send again after the first answer; setWeight does so in one slot of the queue, which is not withdrawn. */
const ofSeveralMessages = new Set(['table', 'table, exact', 'entries', 'watch', 'drain'])

/** A handle on a table of one service, one server and one sync daemon, whose batches can be held back and are counted. */
async function counted() {
  const kernel = new FakeKernel(schedulers)
  const stranger = createIpvs(kernel.session())
  await fill(stranger, [{ service: web, destinations: [server(1)] }])
  await stranger.startSyncDaemon({ role: 'backup', interface: 'eth0', syncId: 1 })
  const session = kernel.session()
  const state = { batches: 0, release: (): void => undefined, held: Promise.resolve() }
  const ipvs = createIpvs({
    request: async (batch) => {
      state.batches++
      await state.held
      return session.request(batch)
    },
    close: async () => session.close(),
  })
  const hold = () => {
    state.held = new Promise((resolve) => (state.release = resolve))
  }
  return { ipvs, stranger, kernel, state, hold, writes: kernel.writes }
}

const outcomeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'fulfilled',
    (reason: unknown) => reason,
  )
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))
const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

for (const [name, call] of calls) {
  t.test(`${name}: with a signal that does not fire it is as without one`, async (t) => {
    const { signal } = new AbortController()
    const { ipvs } = await counted()
    t.equal(await outcomeOf(call(ipvs, { signal })), 'fulfilled')
    t.equal(listeners(signal), 0)
  })

  t.test(`${name}: a signal that has fired already rejects with its reason, and nothing is sent`, async (t) => {
    const { ipvs, state, kernel, writes } = await counted()
    const reason = { any: 'value' }
    const signal = AbortSignal.abort(reason)
    t.equal(await outcomeOf(call(ipvs, { signal })), reason)
    t.same([state.batches, kernel.writes], [0, writes])
    t.equal(listeners(signal), 0)
  })

  t.test(`${name}: an abort while it waits in the queue withdraws it, and nothing is sent`, async (t) => {
    const { ipvs, state, hold, kernel, writes } = await counted()
    hold()
    const before = ipvs.info()
    await settled()
    const controller = new AbortController()
    const outcome = outcomeOf(call(ipvs, { signal: controller.signal }))
    await settled()
    const reason = { any: 'value' }
    controller.abort(reason)
    t.equal(await outcome, reason, 'also while what is before it is not answered')
    t.equal(listeners(controller.signal), 0)
    state.release()
    await before
    await settled()
    t.same([state.batches, kernel.writes], [1, writes])
  })

  t.test(`${name}: an abort once it is sent: the answer is awaited, and the handle goes on`, async (t) => {
    const { ipvs, state, hold } = await counted()
    hold()
    const controller = new AbortController()
    let done = false
    const outcome = outcomeOf(call(ipvs, { signal: controller.signal })).finally(() => (done = true))
    await settled()
    t.equal(state.batches, 1)
    const reason = { any: 'value' }
    controller.abort(reason)
    await settled()
    t.equal(done, false)
    state.release()
    t.equal(await outcome, ofSeveralMessages.has(name) ? reason : 'fulfilled')
    t.equal(listeners(controller.signal), 0)
    t.equal(await outcomeOf(ipvs.info()), 'fulfilled')
  })

  t.test(`${name}: after close() it rejects with IPVS_CLOSED`, async (t) => {
    const { ipvs, state, kernel, writes } = await counted()
    await ipvs.close()
    t.match(await outcomeOf(call(ipvs)), { code: 'IPVS_CLOSED' })
    t.same([state.batches, kernel.writes], [0, writes])
  })

  t.test(`${name}: close() while it waits in the queue rejects it with IPVS_CLOSED`, async (t) => {
    const { ipvs, state, hold } = await counted()
    hold()
    const before = outcomeOf(ipvs.info())
    await settled()
    const outcome = outcomeOf(call(ipvs))
    await settled()
    const closed = ipvs.close()
    t.match(await outcome, { code: 'IPVS_CLOSED' })
    state.release()
    t.equal(await before, 'fulfilled')
    await closed
    t.equal(state.batches, 1)
  })
}
