import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { constants } from 'node:os'
import t from 'tap'
import { IpvsError, type Ipvs, type RequestTrace, type SyncDaemon } from '../lib/index.js'
import { createIpvs } from '../lib/ipvs.js'
import { greet } from '../lib/exchange.js'
import { FakeKernel } from '../lib/testing/fake-session.js'
import { createTestKernel } from '../lib/testing/index.js'
import { schedulers } from '../lib/types.js'
import { Command, nothingRead, Stage, type Answer, type Request, type Session } from '../lib/records.js'
import { encodeReplies } from '../lib/wire.js'
import type { StatsRecord } from '../lib/records.js'
import { changed, lost, observed } from './sessions.js'
import { fill, http, server } from './tables.js'

const { EINTR, ENOBUFS } = constants.errno
const web = { ...http, scheduler: 'wlc' } as const
const { getService, getDest, getInfo, getConfig, getDaemon } = Command
const reads: readonly Command[] = [getService, getDest, getInfo, getConfig, getDaemon]
const isRead = ({ command }: Request) => reads.includes(command)

const master = { role: 'master', interface: 'eth0', syncId: 1 } as const
const backup = { role: 'backup', interface: 'eth0', syncId: 1 } as const

/** A kernel with one service, one server and one sync daemon, and the handle of another program on it. */
async function kernelWithOne(): Promise<{ kernel: FakeKernel; stranger: Ipvs }> {
  const kernel = new FakeKernel(schedulers)
  const stranger = createIpvs(kernel.session())
  await fill(stranger, [{ service: web, destinations: [server(1)] }])
  await stranger.startSyncDaemon(backup)
  return { kernel, stranger }
}

/** Loses the answers that `which` picks, the first `times` of them. */
function losing(kernel: FakeKernel, which: (request: Request) => boolean, times = Infinity): Ipvs {
  let left = times
  return changed(kernel, (request, reply) => (which(request) && left-- > 0 ? lost : reply))
}

async function codeOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => 'fulfilled',
    (error: unknown) => (IpvsError.is(error) ? error.code : error),
  )
}

const writes: readonly (readonly [name: string, call: (ipvs: Ipvs) => Promise<void>])[] = [
  ['addService', (ipvs) => ipvs.addService({ ...web, port: 81 })],
  ['updateService', (ipvs) => ipvs.updateService({ ...web, scheduler: 'rr', persistence: {} })],
  ['removeService', (ipvs) => ipvs.removeService(http)],
  ['addDestination', (ipvs) => ipvs.addDestination(http, server(2, { limits: { upper: 5 } }))],
  ['updateDestination', (ipvs) => ipvs.updateDestination(http, server(1, { forwarding: 'tunnel' }))],
  ['removeDestination', (ipvs) => ipvs.removeDestination(http, server(1))],
  ['setWeight', (ipvs) => ipvs.setWeight(http, server(1), 0)],
  ['flush', (ipvs) => ipvs.flush()],
  ['setTimeouts', (ipvs) => ipvs.setTimeouts({ tcpFinSeconds: 60 })],
  ['startSyncDaemon', (ipvs) => ipvs.startSyncDaemon(master)],
  ['stopSyncDaemon', (ipvs) => ipvs.stopSyncDaemon('backup')],
]

t.test('a write whose answer is lost is read back: carried out, it resolves', async (t) => {
  for (const [name, call] of writes) {
    const { kernel } = await kernelWithOne()
    const before = kernel.writes
    t.equal(await codeOf(call(losing(kernel, (request) => !isRead(request)))), 'fulfilled', name)
    t.equal(kernel.writes, before + 1, 'and is not sent twice')
  }
})

t.test('a write whose answer is lost and that the table does not show: IPVS_OUTCOME_UNKNOWN', async (t) => {
  for (const [name, call] of writes) {
    const { kernel } = await kernelWithOne()
    const untouched = (await kernelWithOne()).kernel
    // The request is lost with its answer: it goes to another kernel.
    const ipvs = changed(kernel, (request, reply) => (isRead(request) ? untouched.answer(request) : (void reply, lost)))
    t.equal(await codeOf(call(ipvs)), 'IPVS_OUTCOME_UNKNOWN', name)
  }
})

t.test('a write whose answer is lost, and the reading back too: IPVS_OUTCOME_UNKNOWN', async (t) => {
  for (const [name, call] of writes.filter(([name]) => name !== 'setWeight')) {
    const { kernel } = await kernelWithOne()
    const error: unknown = await call(losing(kernel, () => true)).catch((reason: unknown) => reason)
    t.match(error, { code: 'IPVS_OUTCOME_UNKNOWN', operation: name, errno: ENOBUFS, errnoName: 'ENOBUFS' }, name)
  }
})

t.test('a sync daemon other than the one to be started does not stand for it when the answer is lost', async (t) => {
  const multicast = { group: '239.0.0.1', port: 9000, ttl: 3 }
  const others: readonly SyncDaemon[] = [
    { ...master, interface: 'eth1' },
    { ...master, syncId: 2 },
    { ...master, multicast: { ...multicast, group: '239.0.0.2' } },
    { ...master, multicast: { ...multicast, port: 9001 } },
    { ...master, multicast: { ...multicast, ttl: 4 } },
  ]
  for (const other of [...others, { ...master, multicast }]) {
    const kernel = new FakeKernel(schedulers, ['eth0', 'eth1'])
    await createIpvs(kernel.session()).startSyncDaemon(other)
    const start = losing(kernel, (request) => !isRead(request)).startSyncDaemon({ ...master, multicast })
    t.equal(await codeOf(start), others.includes(other) ? 'IPVS_OUTCOME_UNKNOWN' : 'fulfilled', JSON.stringify(other))
  }
})

t.test('zero is sent again when its answer is lost, once', async (t) => {
  for (const call of [(ipvs: Ipvs) => ipvs.zero(http), (ipvs: Ipvs) => ipvs.zeroAll()]) {
    const { kernel } = await kernelWithOne()
    const before = kernel.writes
    t.equal(await codeOf(call(losing(kernel, (request) => !isRead(request), 1))), 'fulfilled')
    t.equal(kernel.writes, before + 2)
    t.equal(await codeOf(call(losing(kernel, (request) => !isRead(request)))), 'IPVS_OUTCOME_UNKNOWN')
    t.equal(kernel.writes, before + 4)
  }
})

t.test('a write refused by the kernel is not read back', async (t) => {
  const { kernel } = await kernelWithOne()
  const commands: Command[] = []
  const ipvs = observed(kernel, (requests) => void commands.push(...requests.map(({ command }) => command)))
  t.equal(await codeOf(ipvs.addService(web)), 'IPVS_SERVICE_EXISTS')
  t.same(commands, [Command.newService])
})

t.test('a batch without any answer: each call finds out for itself', async (t) => {
  const { kernel } = await kernelWithOne()
  const session = kernel.session()
  let batches = 0
  const ipvs = createIpvs({
    request: async (batch) => {
      const answer = await session.request(batch)
      return batches++ === 0 ? new ArrayBuffer(0) : answer
    },
    close: async () => session.close(),
  })
  const calls = [ipvs.addService({ ...web, port: 81 }), ipvs.services(), ipvs.addService(web), ipvs.removeService(http)]
  const [added, read, existed, removed] = await Promise.allSettled(calls)
  t.equal(added?.status, 'fulfilled')
  t.match(read, { status: 'fulfilled', value: [{ port: 81 }] }, 'read again')
  t.match(existed, { status: 'rejected', reason: { code: 'IPVS_OUTCOME_UNKNOWN' } })
  t.equal(removed?.status, 'fulfilled')
})

const readings: readonly (readonly [name: string, call: (ipvs: Ipvs) => Promise<unknown>])[] = [
  ['services', (ipvs) => ipvs.services()],
  ['service', (ipvs) => ipvs.service(http)],
  ['destinations', (ipvs) => ipvs.destinations(http)],
  ['table', (ipvs) => ipvs.table()],
  ['info', (ipvs) => ipvs.info()],
  ['timeouts', (ipvs) => ipvs.timeouts()],
  ['syncDaemons', (ipvs) => ipvs.syncDaemons()],
  ['sysctls', (ipvs) => ipvs.sysctls()],
]

t.test('a read is repeated when its answer is lost or a change interrupts it, up to three times', async (t) => {
  const interrupted: Answer = { ...lost, error: EINTR, stage: Stage.kernel }
  for (const [name, call] of readings) {
    for (const instead of [lost, interrupted]) {
      const { kernel, stranger } = await kernelWithOne()
      const failing = (times: number) => {
        let left = times
        return changed(kernel, (_request, reply) => (left-- > 0 ? instead : reply))
      }
      t.same(await call(failing(2)), await call(stranger), name)
      t.equal(await codeOf(call(failing(3))), 'IPVS_INTERRUPTED', name)
    }
  }
})

t.test(
  'open() repeats its question, too, when the answer is lost; the session is closed when there is no handle',
  async (t) => {
    const opening = (request: Session['request']) => {
      const state = { closed: 0 }
      const session = { request, close: async () => Promise.resolve(void state.closed++) }
      return { state, opened: greet(session, '/run/netns/blue').then(createIpvs) }
    }
    const kernel = new FakeKernel(schedulers).session()
    const answering = (lostFirst: number): Session['request'] => {
      let left = lostFirst
      return async (batch) => (left-- > 0 ? new ArrayBuffer(0) : kernel.request(batch))
    }
    const late = opening(answering(2))
    t.match(await (await late.opened).info(), { version: '1.2.1' })
    t.equal(late.state.closed, 0)
    const never = opening(answering(3))
    await t.rejects(never.opened, {
      code: 'IPVS_INTERRUPTED',
      operation: 'open',
      message: /^open .*no complete answer/,
    })
    t.equal(never.state.closed, 1)
    const broken = opening(async () => Promise.reject(new RangeError('no batch')))
    await t.rejects(broken.opened, RangeError)
    t.equal(broken.state.closed, 1)
  },
)

t.test('an abort while the entries are looped over ends the loop, with the reason', async (t) => {
  const { kernel, stranger } = await kernelWithOne()
  await stranger.addService({ ...web, port: 81 })
  const controller = new AbortController()
  const reason = new Error('enough')
  const entries = createIpvs(kernel.session()).entries({ signal: controller.signal })[Symbol.asyncIterator]()
  t.match(await entries.next(), { value: { service: { port: 80 } } })
  controller.abort(reason)
  t.equal(await entries.next().catch((error: unknown) => error), reason)
})

t.test('close() waits until the connection table is opened by the path of its thread', async (t) => {
  const order: string[] = []
  // No thread has this number, so that the answer is the same on every machine.
  const reply = encodeReplies([{ ...nothingRead, threads: [{ id: 0x7fffffff }] }])
  const ipvs = createIpvs({
    request: async () => Promise.resolve(reply),
    close: async () => Promise.resolve(void order.push('closed')),
  })
  const tried = codeOf(ipvs.connections()[Symbol.asyncIterator]().next()).then((code) => order.push(String(code)))
  await Promise.resolve()
  await Promise.resolve()
  await ipvs.close()
  await tried
  t.same(order, ['IPVS_UNAVAILABLE', 'closed'])
})

t.test('a read refused by the kernel is not repeated', async (t) => {
  let asked = 0
  const ipvs = changed(new FakeKernel(schedulers), (_request, reply) => {
    asked++
    return { ...reply, error: constants.errno.EPERM }
  })
  t.equal(await codeOf(ipvs.table()), 'IPVS_NOT_PERMITTED')
  t.equal(asked, 1)
})

t.test('entries that a dump repeats are there once', async (t) => {
  const { kernel } = await kernelWithOne()
  const ipvs = changed(kernel, (_request, reply) => ({
    ...reply,
    services: reply.services.flatMap((entry) => [entry, entry]),
    destinations: reply.destinations.flatMap((entry) => [entry, entry]),
  }))
  const table = await ipvs.table()
  t.equal(table.length, 1)
  t.equal(table[0]?.destinations.length, 1)
})

t.test('a service that goes away while the table is read is left out', async (t) => {
  const { kernel, stranger } = await kernelWithOne()
  await stranger.addService({ ...web, port: 81 })
  const ipvs = observed(kernel, async (requests) => {
    if (requests.some(({ command }) => command === Command.getDest)) await stranger.removeService(http)
  })
  t.match(await ipvs.table(), [{ service: { port: 81 }, destinations: [] }])
})

t.test('nothing comes between the reading and the writing of setWeight', async (t) => {
  const { kernel } = await kernelWithOne()
  const batches: (readonly Command[])[] = []
  const ipvs = observed(kernel, (requests) => void batches.push(requests.map(({ command }) => command)))
  await Promise.all([
    ipvs.setWeight(http, server(1), 5),
    ipvs.updateDestination(http, server(1, { weight: 3, limits: { upper: 7 } })),
    ipvs.setWeight(http, server(1), 9),
  ])
  t.same(batches, [[Command.getDest], [Command.setDest], [Command.setDest], [Command.getDest], [Command.setDest]])
  t.match(await ipvs.destinations(http), [{ weight: 9, limits: { upper: 7 } }])
})

t.test('closing twice closes the session once, and each caller waits for it', async (t) => {
  const kernel = new FakeKernel(schedulers)
  let closings = 0
  let ended = false
  const ipvs = createIpvs({
    ...kernel.session(),
    close: async () => {
      closings++
      await new Promise<void>((resolve) => setImmediate(resolve))
      ended = true
    },
  })
  const [first, second] = [ipvs.close(), ipvs.close()]
  await second
  t.equal(ended, true)
  await first
  await ipvs.close()
  t.equal(closings, 1)
})

t.test('the session is closed after the batch in flight; what waited rejects with IPVS_CLOSED', async (t) => {
  const kernel = new FakeKernel(schedulers)
  const order: string[] = []
  const session = kernel.session()
  const ipvs = createIpvs({
    request: async (batch) => {
      await new Promise<void>((resolve) => setImmediate(resolve))
      order.push('answered')
      return session.request(batch)
    },
    close: async () => {
      order.push('closed')
      return session.close()
    },
  })
  const sent = ipvs.addService(web)
  await Promise.resolve()
  await Promise.resolve()
  const waiting = ipvs.removeService(http).catch((error: unknown) => error)
  await ipvs.close()
  await sent
  t.same(order, ['answered', 'closed'])
  t.match(await waiting, { code: 'IPVS_CLOSED', operation: 'removeService' })
  t.equal(kernel.writes, 1)
})

t.test('every call after close rejects with IPVS_CLOSED and its own name', async (t) => {
  const kernel = createTestKernel()
  const ipvs = kernel.open()
  await ipvs.close()
  for (const [name, call] of [...writes, ...readings]) {
    const error: unknown = await call(ipvs).catch((reason: unknown) => reason)
    t.match(error, { code: 'IPVS_CLOSED', operation: name, message: `${name}: the handle is closed; open() a new one` })
  }
  t.equal(kernel.writes, 0)
})

t.test('closing one handle leaves the table and the other handles', async (t) => {
  const kernel = createTestKernel()
  const [first, second] = [kernel.open(), kernel.open()]
  await first.addService(web)
  await first.close()
  t.match(await second.services(), [web])
})

t.test('await using closes the handle', async (t) => {
  const ipvs = createTestKernel().open()
  await ipvs[Symbol.asyncDispose]()
  t.equal(await codeOf(ipvs.services()), 'IPVS_CLOSED')
})

t.test('a write once sent is found out about, whatever its signal says', async (t) => {
  const { kernel } = await kernelWithOne()
  const controller = new AbortController()
  const ipvs = changed(kernel, (request, reply) => {
    controller.abort()
    return isRead(request) ? reply : lost
  })
  t.equal(await codeOf(ipvs.removeService(http, { signal: controller.signal })), 'fulfilled')
})

t.test('a read of several messages can be withdrawn between them', async (t) => {
  const { kernel } = await kernelWithOne()
  const controller = new AbortController()
  const reason = new Error('enough read')
  let batches = 0
  const ipvs = observed(kernel, () => {
    batches++
    controller.abort(reason)
  })
  t.equal(await codeOf(ipvs.table({ signal: controller.signal })), reason)
  t.equal(batches, 1)
})

t.test("the channel 'ipvs:request' tells each request with its outcome", async (t) => {
  const { kernel } = await kernelWithOne()
  const messages: RequestTrace[] = []
  const listen = (message: unknown) => void messages.push(message as RequestTrace)
  subscribe('ipvs:request', listen)
  t.teardown(() => unsubscribe('ipvs:request', listen))
  const ipvs = createIpvs(kernel.session())
  await Promise.allSettled([ipvs.addService(web), ipvs.removeDestination(http, server(1)), ipvs.info()])
  await ipvs.flush()
  const [service, destination] = ['tcp 192.0.2.100:80', '10.0.0.1:80']
  t.same(messages, [
    { command: 'NEW_SERVICE', write: true, service, destination: '', errno: constants.errno.EEXIST },
    { command: 'DEL_DEST', write: true, service, destination, errno: 0 },
    { command: 'GET_INFO', write: false, service: '', destination: '', errno: 0 },
    { command: 'FLUSH', write: true, service: '', destination: '', errno: 0 },
  ])
  unsubscribe('ipvs:request', listen)
  await ipvs.info()
  t.equal(messages.length, 4)
})

t.test("what only reads is no write on the channel 'ipvs:request'", async (t) => {
  const { kernel } = await kernelWithOne()
  const writing: string[] = []
  const listen = (message: unknown) => {
    const { command, write } = message as RequestTrace
    if (write) writing.push(command)
  }
  subscribe('ipvs:request', listen)
  t.teardown(() => unsubscribe('ipvs:request', listen))
  const ipvs = createIpvs(kernel.session())
  for (const [, call] of readings) await call(ipvs)
  for await (const connection of ipvs.connections()) t.fail(JSON.stringify(connection))
  t.same(writing, [])
  await ipvs.setTimeouts({})
  t.same(writing, ['SET_CONFIG'])
})

t.test('each counter stands in its own place', async (t) => {
  const { kernel } = await kernelWithOne()
  const stats: StatsRecord = {
    connections: 1n,
    packetsIn: 2n,
    packetsOut: 3n,
    bytesIn: 4n,
    bytesOut: 2n ** 63n,
    connectionRate: 6n,
    packetInRate: 7n,
    packetOutRate: 8n,
    byteInRate: 9n,
    byteOutRate: 10n,
  }
  const ipvs = changed(kernel, (_request, reply) => ({
    ...reply,
    services: reply.services.map((entry) => ({ ...entry, stats })),
    destinations: reply.destinations.map((entry) => ({ ...entry, active: 11, inactive: 12, persistent: 13, stats })),
  }))
  const expected = {
    total: { connections: 1n, packetsIn: 2n, packetsOut: 3n, bytesIn: 4n, bytesOut: 2n ** 63n },
    rate: { connections: 6, packetsIn: 7, packetsOut: 8, bytesIn: 9, bytesOut: 10 },
  }
  const [entry] = await ipvs.table()
  t.same(entry?.service.stats, expected)
  t.match(entry?.destinations, [{ connections: { active: 11, inactive: 12, persistent: 13 }, stats: expected }])
})

t.test('a sync daemon of Linux before 4.3, which tells no group, is shown without multicast', async (t) => {
  const { kernel } = await kernelWithOne()
  const ipvs = changed(kernel, (_request, reply) => ({
    ...reply,
    daemons: reply.daemons.map((daemon) => ({ ...daemon, maxLength: 0, groupFamily: 0, port: 0, ttl: 0 })),
  }))
  t.same(await ipvs.syncDaemons(), [backup])
})

t.test('the engine sip takes UDP and whatever is marked', async (t) => {
  const ipvs = createTestKernel().open()
  const settings = { scheduler: 'rr', persistence: { engine: 'sip' } } as const
  await ipvs.addService({ ...settings, protocol: 'udp', address: '192.0.2.1', port: 5060 })
  await ipvs.addService({ ...settings, firewallMark: 7, family: 'ipv4' })
  t.match(await ipvs.services(), [{ persistence: { engine: 'sip' } }, { persistence: { engine: 'sip' } }])
})

t.test('sync daemons run on the interfaces that the in-memory kernel was given', async (t) => {
  const ipvs = createTestKernel({ interfaces: ['wan0'] }).open()
  await ipvs.startSyncDaemon({ ...master, interface: 'wan0' })
  t.equal(await codeOf(ipvs.startSyncDaemon(backup)), 'IPVS_INTERFACE_NOT_FOUND')
})

t.test('an in-memory kernel answers after the pause that it was given', async (t) => {
  const order: string[] = []
  const pause = () =>
    new Promise<void>((resolve) =>
      setImmediate(() => {
        order.push('paused')
        resolve()
      }),
    )
  await createTestKernel({ pause }).open().services()
  order.push('answered')
  t.same(order.slice(-2), ['paused', 'answered'])
  t.throws(() => createTestKernel({ pause: 5 as never }), { code: 'ERR_INVALID_ARG_TYPE' })
})

t.test('under one signal any number of calls may wait without a warning', async (t) => {
  const warnings: Error[] = []
  const listen = (warning: Error) => void warnings.push(warning)
  process.on('warning', listen)
  t.teardown(() => process.off('warning', listen))
  const ipvs = createTestKernel().open()
  const { signal } = new AbortController()
  await Promise.all(Array.from({ length: 30 }, () => ipvs.services({ signal })))
  await new Promise<void>((resolve) => setImmediate(resolve))
  t.same(warnings, [])
})

t.test('a missing module is told by its name', async (t) => {
  const ipvs = createTestKernel().open()
  const service = { protocol: 'udp', address: '192.0.2.1', port: 5060, scheduler: 'nosuch' } as const
  await t.rejects(ipvs.addService(service), { message: /\bip_vs_nosuch;/ })
  await t.rejects(ipvs.addService({ ...service, scheduler: 'rr', persistence: { engine: 'x' } }), {
    message: /\bip_vs_rr or ip_vs_pe_x;/,
  })
})
