/**
 * The program that the tests of ipvs/system look at from outside: `node program.mjs SCENARIO KIND`, in a network namespace made
 * for it. It is also the program of the worker threads that it starts.
 */
import { strict as assert } from 'node:assert'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { parentPort, Worker } from 'node:worker_threads'
import { icmp } from '../../lib/health/index.js'
import { openPing, type Ping } from '../../lib/system/index.js'
import { descriptors, until, untilCollected } from '../held.js'
import { connects } from './connects.js'

const [scenario = '', kind = ''] = process.argv.slice(2)
const patienceMs = 20_000
const workers = 50
const unanswered = '127.0.0.2'
const swallowed = '198.51.100.2'

const soon = () => AbortSignal.timeout(patienceMs)
const codeOf = (echo: Promise<unknown>) =>
  echo.then(
    () => 'answered',
    (error: unknown) => (error as { code?: unknown }).code,
  )
const ignoreAbort = (echo: Promise<unknown>) => void echo.catch(() => {})

/** The verdicts of icmp() on these addresses, side by side. */
async function verdicts(ping: Ping, addresses: readonly string[], signal = soon()): Promise<unknown[]> {
  return Promise.all(addresses.map((address) => icmp({ ping })({ address, port: 1 }, signal)))
}

async function startForger(): Promise<() => void> {
  const forger = spawn('python3', ['test/system/forger.py'], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(forger.stdout, 'data')
  return () => void forger.stdin.end()
}

const newWorker = (name: string) => new Worker(new URL(import.meta.url), { argv: [name, kind] })

/** One echo that nobody answers, and one that is answered again and again. */
function keepBusy(): void {
  const ping = openPing()
  for (let i = 0; i < 20; i++) ignoreAbort(ping.echo(swallowed, soon()))
  const loop = async (address: string) => {
    for (;;) {
      await ping.echo(address, soon())
      parentPort?.postMessage('ready')
    }
  }
  for (let i = 0; i < 8; i++) ignoreAbort(loop(i % 2 ? '::1' : '127.0.0.1'))
}

/** Fifty worker threads of this scenario, each terminated in the midst of it. */
async function terminateWorkers(scenario: string): Promise<void> {
  const before = descriptors()
  let started = 0
  const lane = async () => {
    while (started++ < workers) {
      const worker = newWorker(scenario)
      await once(worker, 'message')
      await worker.terminate()
    }
  }
  await Promise.all([lane(), lane(), lane(), lane(), lane()])
  await until('all closed', () => descriptors() <= before + 1, patienceMs)
}

const scenarios: Readonly<Record<string, () => unknown>> = {
  async 'loopback answers'() {
    using ping = openPing()
    assert.deepEqual(ping.sockets, { ipv4: kind, ipv6: kind })
    for (const address of ['127.0.0.1', '127.1.2.3', '::1', '0:0::1']) {
      const { latencyMs } = await ping.echo(address, soon())
      assert.ok(latencyMs > 0 && latencyMs < patienceMs)
    }
    assert.deepEqual(await verdicts(ping, ['127.0.0.1', '::1']), [{ outcome: 'pass' }, { outcome: 'pass' }])
  },

  async 'a thousand at once'() {
    using ping = openPing()
    for (const address of ['127.0.0.1', '::1']) {
      await Promise.all(Array.from({ length: 1000 }, () => ping.echo(address, soon())))
    }
  },

  // The errors of some are no errors of the others, though they share a socket.
  async 'unreachable and answering side by side'() {
    using ping = openPing()
    const unreachable = ['198.51.100.2', '2001:db8::2']
    // By the own routing table: nothing was sent.
    const local = ['203.0.113.1', '192.0.2.1', '192.0.2.129', '2001:db8:1::1', '100.64.0.1', '255.255.255.255']
    for (let round = 0; round < 3; round++) {
      const found = await verdicts(ping, [...unreachable, ...local, '127.0.0.1', '::1'])
      for (const verdict of found.splice(0, unreachable.length)) {
        assert.deepEqual({ ...(verdict as object), detail: '' }, { outcome: 'fail', reason: 'unreachable', detail: '' })
      }
      for (const verdict of found.splice(0, local.length)) {
        assert.deepEqual(
          { ...(verdict as object), detail: '' },
          { outcome: 'inconclusive', reason: 'local', detail: '' },
        )
      }
      assert.deepEqual(found, [{ outcome: 'pass' }, { outcome: 'pass' }])
    }
    assert.equal(await codeOf(ping.echo('100.64.0.1', soon())), 'ENETUNREACH')
    assert.equal(await codeOf(ping.echo('192.0.2.1', soon())), 'EINVAL', 'a blackhole route')
  },

  async 'a firewall on this host, and one on the target'() {
    using ping = openPing()
    assert.equal(await codeOf(ping.echo('127.0.0.7', soon())), 'EPERM')
    assert.equal(await codeOf(ping.echo('127.0.0.5', soon())), 'EHOSTUNREACH')
    assert.equal(await codeOf(ping.echo('127.0.0.6', soon())), 'ECONNREFUSED')
    assert.equal(await codeOf(ping.echo('127.0.0.1', soon())), 'answered')
  },

  async 'no answer'() {
    using ping = openPing()
    const timeout = { outcome: 'fail', reason: 'timeout' }
    assert.deepEqual(await verdicts(ping, [unanswered, '::1'], AbortSignal.timeout(20)), [timeout, timeout])
    await assert.rejects(ping.echo(unanswered, AbortSignal.timeout(1)), { name: 'TimeoutError' })
    const aborted = AbortSignal.abort(new Error('on purpose'))
    await assert.rejects(ping.echo(unanswered, aborted), { message: 'on purpose' })
  },

  async 'forged answers'() {
    const end = await startForger()
    using ping = openPing()
    let settled = false
    const echo = ping.echo(unanswered, soon()).finally(() => (settled = true))
    ignoreAbort(echo)
    // The forger takes one after the other.
    for (let i = 0; i < 3; i++) await ping.echo('127.0.0.3', soon())
    assert.equal(await codeOf(ping.echo('127.0.0.4', soon())), 'EHOSTUNREACH')
    assert.equal(settled, false)
    end()
  },

  'not permitted'() {
    assert.throws(() => openPing(), { code: 'EPERM', syscall: 'openPing', message: /ping_group_range.*CAP_NET_RAW/ })
  },

  async 'wrong arguments'() {
    using ping = openPing()
    const wrong: unknown[] = ['localhost', '127.1', '[::1]', 'fe80::1%lo', '', 1, undefined]
    for (const address of wrong) {
      await assert.rejects(ping.echo(address as string, soon()), { name: 'TypeError', message: /address: expected/ })
    }
    await assert.rejects(ping.echo('::1', undefined as unknown as AbortSignal), { name: 'TypeError' })
  },

  async 'closes in flight'() {
    const ping = openPing()
    const echoes = [unanswered, '::1'].map((address) => codeOf(ping.echo(address, soon())))
    ping.close()
    ping.close()
    assert.deepEqual(await Promise.all(echoes), ['ECANCELED', 'ECANCELED'])
    assert.equal(await codeOf(ping.echo('127.0.0.1', soon())), 'ECANCELED')
    process.on('exit', () => console.log('ended'))
  },

  async 'ends with an idle ping'() {
    await openPing().echo('127.0.0.1', soon())
    console.log('idle')
  },

  async 'lives until the deadline'() {
    process.on('beforeExit', () => console.log('nothing to wait for'))
    await openPing()
      .echo(unanswered, AbortSignal.timeout(20)) // a timer that keeps no process alive
      .catch(({ name }: Error) => console.log(name))
  },

  async 'opens and closes'() {
    openPing().close()
    await new Promise(setImmediate)
    const before = descriptors()
    for (let i = 0; i < 1000; i++) {
      using ping = openPing()
      if (i % 10 === 0) await ping.echo('127.0.0.1', soon())
      else ignoreAbort(ping.echo(swallowed, soon()))
    }
    assert.equal(descriptors(), before)
  },

  async 'collects what nobody closed'() {
    openPing().close()
    const before = descriptors()
    for (let i = 0; i < 50; i++) await openPing().echo('127.0.0.1', soon())
    await untilCollected(before, patienceMs)
  },

  async 'exits in flight'() {
    keepBusy()
    setImmediate(() => process.exit(7))
    await new Promise(() => {})
  },

  'terminates fifty workers in flight': () => terminateWorkers('worker'),

  worker: keepBusy,

  ...connects(() => terminateWorkers('worker with attempts')),
}

const chosen = scenarios[scenario]
assert.ok(chosen, `no scenario '${scenario}'`)
await chosen()
