/**
 * The program that test/lifetime.test.ts runs and looks at from outside: `node program.mjs SCENARIO [FIFO]`. It is also
 * the program of the worker threads that it starts.
 *
 * It needs no IPVS: without it a request is answered by an error, which takes the same way. A FIFO as the namespace keeps
 * a request in flight for as long as nobody opens it for writing: open(2) waits in the private thread.
 */
import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { constants, openSync } from 'node:fs'
import { parentPort, Worker } from 'node:worker_threads'
import { openNativeSession } from '../../lib/native.js'
import { Command } from '../../lib/records.js'
import { decodeReplies, encodeRequests } from '../../lib/wire.js'
import { descriptors, privateThreads, until as waitUntil } from '../held.js'
import type { Session } from '../../lib/records.js'

const [scenario = '', fifo = ''] = process.argv.slice(2)
const batch = encodeRequests([{ command: Command.getInfo }])
const patienceMs = 20_000
const cycles = 10_000
const cyclesMs = 4_000
const workers = 50
const busyWorkers = 20

const until = (what: string, condition: () => boolean) => waitUntil(what, condition, patienceMs)

// ── steps ──

/** Answers what waits for the FIFO, also when it only comes to wait later: stays open to the end. */
function openFifo(): void {
  openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK)
}

async function ask(session: Session): Promise<void> {
  decodeReplies(await session.request(batch), 1)
}

/** A request that is not answered before openFifo(). */
function askInFlight(): { session: Session; answered: Promise<void> } {
  const session = openNativeSession(fifo)
  return { session, answered: ask(session) }
}

async function openAskClose(): Promise<void> {
  const session = openNativeSession('')
  await ask(session)
  await session.close()
}

function newWorker(name: string): Worker {
  return new Worker(new URL(import.meta.url), { argv: [name, fifo] })
}

async function runToEnd(name: string): Promise<void> {
  assert.deepEqual(await once(newWorker(name), 'exit'), [0])
}

async function startWorker(name: string): Promise<Worker> {
  const worker = newWorker(name)
  await once(worker, 'message')
  return worker
}

function collect(): void {
  const { gc } = globalThis
  assert.ok(gc, 'run with --expose-gc')
  gc()
}

const scenarios: Readonly<Record<string, () => unknown>> = {
  // ── in the main thread ──

  async 'ends with open handles'() {
    openNativeSession('')
    await ask(openNativeSession(''))
    console.log('idle')
  },

  async 'lives until the answer'() {
    const { answered } = askInFlight()
    process.on('beforeExit', () => console.log('nothing to wait for'))
    // Fires only if something else keeps the event loop alive.
    setTimeout(openFifo, 20).unref()
    await answered
    console.log('answered')
  },

  'exits in flight'() {
    askInFlight()
    setImmediate(() => process.exit(7))
  },

  async 'exits when answered'() {
    await ask(openNativeSession(''))
    process.exit(7)
  },

  'throws in flight'() {
    askInFlight()
    setImmediate(() => {
      throw new Error('on purpose')
    })
  },

  async 'throws when answered'() {
    await ask(openNativeSession(''))
    throw new Error('on purpose')
  },

  async 'closes in flight'() {
    const order: string[] = []
    const session = openNativeSession(fifo)
    const answered = Promise.resolve(session.request(batch)).then(() => order.push('answered'))
    const closed = session.close().then(() => order.push('closed'))
    assert.throws(() => session.request(batch), { name: 'TypeError', message: /busy or closed/ })
    setTimeout(() => {
      order.push('opened')
      openFifo()
    }, 20)
    await Promise.all([answered, closed])
    assert.equal(privateThreads(), 0)
    console.log(order.join())
  },

  async refuses() {
    const { session, answered } = askInFlight()
    assert.throws(() => session.request(batch), { name: 'TypeError', message: /busy or closed/ })
    openFifo()
    await answered
    for (const wrong of [new Uint8Array(), batch.subarray(1), new Uint8Array([...batch, 0])]) {
      assert.throws(() => session.request(wrong), { name: 'TypeError', message: /whole requests/ })
    }
    const others: unknown[] = [undefined, 'text', batch.buffer, new Uint16Array(batch.length), [...batch]]
    for (const wrong of others) {
      assert.throws(() => session.request(wrong as Uint8Array), { name: 'TypeError', message: /Uint8Array/ })
    }
    assert.throws(() => openNativeSession(undefined as unknown as string), { name: 'TypeError', message: /string/ })
    await ask(session)
    await session.close()
    assert.throws(() => session.request(batch), { name: 'TypeError', message: /busy or closed/ })
    assert.throws(() => session.close(), { name: 'TypeError', message: /closed/ })
  },

  async 'collects idle handles'() {
    await openAskClose()
    const before = descriptors()
    for (let i = 0; i < workers; i++) await ask(openNativeSession(''))
    await until('all collected', () => {
      collect()
      return privateThreads() === 0
    })
    assert.equal(descriptors(), before)
  },

  async 'collects no handle in flight'() {
    const { answered } = askInFlight()
    for (let i = 0; i < 10; i++) {
      collect()
      await new Promise(setImmediate)
    }
    assert.equal(privateThreads(), 1)
    openFifo()
    await answered
    await until('collected', () => {
      collect()
      return privateThreads() === 0
    })
  },

  async cycles() {
    await openAskClose()
    const before = descriptors()
    const deadline = performance.now() + cyclesMs
    let done = 0
    while (done < cycles && performance.now() < deadline) {
      await openAskClose()
      done++
    }
    assert.equal(privateThreads(), 0)
    assert.equal(descriptors(), before)
    console.log(done)
  },

  // ── with worker threads; the main thread does not load the addon, so that it goes when the last worker does ──

  async 'terminates an idle worker'() {
    await (await startWorker('worker: idle')).terminate()
    await until('thread ended', () => privateThreads() === 0)
  },

  async 'terminates a worker in flight'() {
    await (await startWorker('worker: in flight')).terminate()
    // Left to itself: it waits in the kernel, and runs on when everything else of the addon is gone.
    assert.equal(privateThreads(), 1)
    openFifo()
    await until('thread ended', () => privateThreads() === 0)
  },

  // As many answers as possible on their way when the end comes: all private threads and the event loop are busy.
  async 'terminates busy workers'() {
    for (let i = 0; i < busyWorkers; i++) await (await startWorker('worker: busy')).terminate()
    await until('threads ended', () => privateThreads() === 0)
  },

  async 'runs fifty workers at once and in turn'() {
    await runToEnd('worker: closes')
    const before = descriptors()
    await Promise.all(Array.from({ length: workers }, () => runToEnd('worker: closes')))
    for (let i = 0; i < workers; i++) await runToEnd('worker: closes')
    assert.equal(privateThreads(), 0)
    assert.equal(descriptors(), before)
  },

  async 'runs fifty workers'() {
    await (await startWorker('worker: closes')).terminate()
    const before = descriptors()
    const names = Object.keys(scenarios).filter((name) => name.startsWith('worker: ') && !name.includes('throws'))
    const run = async (name: string) => {
      const worker = newWorker(name)
      const ended = once(worker, 'exit') // before the first message, which may come together with it
      await once(worker, 'message')
      if (!name.includes('closes') && !name.includes('exits')) await worker.terminate()
      await ended
    }
    let started = 0
    const lane = async () => {
      while (started < workers) await run(names[started++ % names.length] as string)
    }
    await Promise.all([lane(), lane(), lane(), lane(), lane()])
    openFifo()
    await until('threads ended', () => privateThreads() === 0)
    assert.equal(descriptors(), before + 1)
  },

  async 'hears of a throw in flight'() {
    const [error] = (await once(newWorker('worker: throws'), 'error')) as [Error]
    assert.equal(error.message, 'on purpose')
    openFifo()
    await until('thread ended', () => privateThreads() === 0)
  },

  // ── the workers ──

  async 'worker: idle'() {
    openNativeSession('')
    await ask(openNativeSession(''))
    parentPort?.once('message', () => {}) // lives until terminated
    parentPort?.postMessage('ready')
  },

  'worker: in flight'() {
    askInFlight()
    parentPort?.postMessage('ready')
  },

  'worker: busy'() {
    const loop = async () => {
      const session = openNativeSession('')
      for (;;) {
        for (let i = 0; i < 7; i++) await ask(session)
        await openAskClose()
        parentPort?.postMessage('ready')
      }
    }
    for (let i = 0; i < 8; i++) void loop()
  },

  async 'worker: closes'() {
    await openAskClose()
    parentPort?.postMessage('ready')
  },

  async 'worker: exits'() {
    await ask(openNativeSession(''))
    askInFlight()
    parentPort?.postMessage('ready')
    setImmediate(() => process.exit())
  },

  'worker: throws'() {
    askInFlight()
    setImmediate(() => {
      throw new Error('on purpose')
    })
  },
}

const chosen = scenarios[scenario]
assert.ok(chosen, `no scenario '${scenario}'`)
await chosen()
