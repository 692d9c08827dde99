/** What program.ts does for the tests of openConnector(). */
import { strict as assert } from 'node:assert'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { type AddressInfo, type Socket, createServer } from 'node:net'
import { parentPort } from 'node:worker_threads'
import { type ConnectEnd, type Connector, openConnector } from '../../lib/system/index.js'
import { descriptors, until, untilCollected } from '../held.js'

const patienceMs = 60_000
const swallowed = '198.51.100.2'
const soon = () => AbortSignal.timeout(patienceMs)

/** A port of this address that accepts; what its program hears of. */
async function listening(address: string): Promise<{ port: number; heard: Socket[]; close: () => Promise<unknown> }> {
  const heard: Socket[] = []
  const server = createServer((socket) => void heard.push(socket.on('error', () => {})))
  await once(server.listen({ host: address, port: 0, backlog: 4096 }), 'listening')
  const close = async () => {
    for (const socket of heard) socket.destroy()
    await once(server.close(), 'close')
  }
  return { port: (server.address() as AddressInfo).port, heard, close }
}

async function closedPort(address: string): Promise<number> {
  const { port, close } = await listening(address)
  await close()
  return port
}

/** The code of the error, or what was expected instead of one, and the address from which the kernel sent. */
const told = ({ error, from }: ConnectEnd) => [
  error === undefined ? 'accepted' : ((error as { code?: unknown }).code ?? error),
  from,
]

/** Many attempts that are never answered, and some that are, again and again. */
function keepBusy(): void {
  const connector = openConnector()
  for (let i = 0; i < 20; i++) void connector.connect(swallowed, 80, soon())
  const loop = async (address: string) => {
    for (;;) {
      await connector.connect(address, 1, soon())
      parentPort?.postMessage('ready')
    }
  }
  for (let i = 0; i < 8; i++) void loop(i % 2 ? '::1' : '127.0.0.1')
}

/** So many to this port, some hundred at once. */
async function connectTimes(connector: Connector, port: number, times: number): Promise<void> {
  const { signal } = new AbortController()
  let begun = 0
  const lane = async () => {
    while (begun++ < times) assert.deepEqual(await connector.connect('127.0.0.1', port, signal), {})
  }
  await Promise.all(Array.from({ length: 10 }, lane))
}

/** Of this process, without what the heap of JavaScript has reserved and does not use. */
function usedBytes(): number {
  globalThis.gc?.()
  const { rss, heapTotal, heapUsed } = process.memoryUsage()
  return rss - heapTotal + heapUsed
}

/** Of this process's network namespace, in TIME_WAIT. */
const timeWaits = () =>
  readFileSync('/proc/self/net/tcp', 'latin1')
    .split('\n')
    .filter((row) => / 06 /.test(row)).length

export const connects = (terminateWorkers: () => Promise<void>): Readonly<Record<string, () => unknown>> => ({
  async 'ports that accept and ports that refuse'() {
    using connector = openConnector()
    for (const [address, from] of [
      ['127.0.0.1', '127.0.0.1'],
      ['127.1.2.3', '127.0.0.1'],
      ['::1', '::1'],
      ['::ffff:127.0.0.1', '::ffff:127.0.0.1'],
    ] as const) {
      const open = await listening(address)
      assert.deepEqual(await connector.connect(address, open.port, soon()), {})
      await open.close()
      assert.deepEqual(told(await connector.connect(address, open.port, soon())), ['ECONNREFUSED', from])
    }
  },

  async 'a thousand attempts at once'() {
    using connector = openConnector()
    const [open, closed] = [await listening('127.0.0.1'), await closedPort('127.0.0.1')]
    const ends = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => connector.connect('127.0.0.1', i % 3 === 0 ? closed : open.port, soon())),
    )
    for (const [i, end] of ends.entries())
      assert.deepEqual(told(end), i % 3 === 0 ? ['ECONNREFUSED', '127.0.0.1'] : ['accepted', undefined])
    await open.close()
  },

  async 'no answer to an attempt'() {
    using connector = openConnector()
    const end = await connector.connect(swallowed, 80, AbortSignal.timeout(20))
    assert.equal((end.error as Error).name, 'TimeoutError')
    assert.equal(end.from, '198.51.100.1')
    const { error } = await connector.connect(swallowed, 80, AbortSignal.timeout(1))
    assert.equal((error as Error).name, 'TimeoutError')
    const aborted = AbortSignal.abort(new Error('on purpose'))
    await assert.rejects(connector.connect(swallowed, 80, aborted), { message: 'on purpose' })
  },

  async 'what the network says, and what this host says'() {
    using connector = openConnector()
    const end = async (address: string) => told(await connector.connect(address, 80, soon()))
    assert.deepEqual(await end('198.51.100.2'), ['EHOSTUNREACH', '198.51.100.1'])
    assert.deepEqual(await end('2001:db8::2'), ['EHOSTUNREACH', '2001:db8::1'])
    assert.deepEqual(await end('203.0.113.1'), ['EHOSTUNREACH', undefined])
    assert.deepEqual(await end('192.0.2.1'), ['EINVAL', undefined])
    assert.deepEqual(await end('100.64.0.1'), ['ENETUNREACH', undefined])
  },

  async 'no descriptor left'() {
    using connector = openConnector()
    const open = await listening('127.0.0.1')
    spawnSync('prlimit', ['--pid', String(process.pid), '--nofile=64:'])
    const taken: number[] = []
    try {
      for (;;) taken.push(openSync('/dev/null', 'r'))
    } catch {
      // This is the end of the file descriptors.
    }
    assert.deepEqual(told(await connector.connect('127.0.0.1', open.port, soon())), ['EMFILE', undefined])
    assert.throws(() => openConnector(), { code: 'EMFILE', syscall: 'openConnector' })
    for (const descriptor of taken) closeSync(descriptor)
    assert.deepEqual(await connector.connect('127.0.0.1', open.port, soon()), {})
    await open.close()
  },

  async 'wrong arguments to a connector'() {
    using connector = openConnector()
    const wrong: unknown[] = ['localhost', '127.1', '[::1]', 'fe80::1%lo', '', 1, undefined]
    for (const address of wrong)
      await assert.rejects(connector.connect(address as string, 80, soon()), { message: /address: expected/ })
    for (const port of [0, 65536, 1.5, '80'])
      await assert.rejects(connector.connect('::1', port as number, soon()), { message: /port: expected/ })
    await assert.rejects(connector.connect('::1', 80, undefined as unknown as AbortSignal), { name: 'TypeError' })
  },

  async 'closes attempts in flight'() {
    const connector = openConnector()
    const ends = [1, 2].map((port) => connector.connect(swallowed, port, soon()))
    connector.close()
    connector.close()
    assert.deepEqual((await Promise.all(ends)).map(told), Array(2).fill(['ECANCELED', '198.51.100.1']))
    assert.deepEqual(told(await connector.connect('127.0.0.1', 1, soon())), ['ECANCELED', undefined])
    process.on('exit', () => console.log('ended'))
  },

  async 'ends with an idle connector'() {
    await openConnector().connect('127.0.0.1', await closedPort('127.0.0.1'), soon())
    console.log('idle')
  },

  async 'an attempt lives until its deadline'() {
    process.on('beforeExit', () => console.log('nothing to wait for'))
    // A timer that keeps no process alive.
    const { error } = await openConnector().connect(swallowed, 80, AbortSignal.timeout(20))
    console.log((error as Error).name)
  },

  async 'a hundred thousand attempts'() {
    using connector = openConnector()
    const open = await listening('127.0.0.1')
    await connectTimes(connector, open.port, 20_000)
    const [held, heldBytes] = [descriptors(), usedBytes()]
    await connectTimes(connector, open.port, 80_000)
    assert.ok(open.heard.length < 50_000, `its program heard of ${open.heard.length}`)
    for (const socket of open.heard) socket.destroy()
    await until('as many descriptors as before', () => descriptors() <= held, patienceMs)
    assert.equal(timeWaits(), 0)
    const grownMB = (usedBytes() - heldBytes) / 2 ** 20
    // AddressSanitizer keeps what is freed.
    if (process.env['ASAN_OPTIONS'] === undefined) assert.ok(grownMB < 8, `${grownMB.toFixed(1)} MB more`)
    await open.close()
  },

  async 'opens and closes connectors'() {
    openConnector().close()
    await new Promise(setImmediate)
    const before = descriptors()
    for (let i = 0; i < 1000; i++) {
      using connector = openConnector()
      if (i % 10 === 0) await connector.connect('127.0.0.1', 1, soon())
      else void connector.connect(swallowed, 80, soon())
    }
    assert.equal(descriptors(), before)
  },

  async 'collects connectors that nobody closed'() {
    openConnector().close()
    const before = descriptors()
    for (let i = 0; i < 50; i++) await openConnector().connect('127.0.0.1', 1, soon())
    await untilCollected(before, patienceMs)
  },

  async 'exits with attempts in flight'() {
    keepBusy()
    setImmediate(() => process.exit(7))
    await new Promise(() => {})
  },

  'terminates workers with attempts in flight': terminateWorkers,

  'worker with attempts': keepBusy,
})
