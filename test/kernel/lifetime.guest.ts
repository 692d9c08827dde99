/** How handles live and end with a real kernel, which may answer late. What needs no IPVS is in test/lifetime.test.ts. */
import { spawn } from 'node:child_process'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { open, type Ipvs } from '../../lib/index.js'
import { descriptors, privateThreads, until as waitUntil } from '../held.js'
import { makeNamespace, openIn } from './namespace.js'

const program = join(import.meta.dirname, 'test-kernel-lifetime.program.mjs')
const service = { protocol: 'tcp', address: '192.0.2.1', port: 80, scheduler: 'rr' } as const
/** `npm run proof` makes more. */
const calls = Number(process.env.NODE_IPVS_CALLS ?? 8_000)
const rounds = 4
const cycles = 400
const workers = 8

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

// ── what the process holds ──

const held = () => ({
  threads: readdirSync('/proc/self/task').length,
  descriptors: descriptors(),
})

const until = (what: string, condition: () => boolean) => waitUntil(what, condition, 60_000)

// ── a kernel that answers late ──

// Never on a host: it changes what the kernel runs to load modules.
const skip = process.env.RIG === 'guest' ? false : 'only in a throw-away guest'
const loader = '/proc/sys/kernel/modprobe'
const lateSeconds = 5

interface LateKernel {
  readonly namespace: string
  /** Exists while a request holds the kernel up, and since. */
  readonly mark: string
  /** Milliseconds since the epoch at which the kernel went on; undefined while it is held up. */
  wentOn(): number | undefined
  /** Makes it wait, by a scheduler that it has to look for; resolves when it does. */
  holdUp(): Promise<void>
}

/** A kernel whose modprobe takes seconds: the request that needs it holds the lock that all requests to IPVS take. */
async function lateKernel(t: Test): Promise<LateKernel> {
  const namespace = await makeNamespace(t)
  const ipvs = await openIn(t, namespace)
  const folder = await mkdtemp(join(tmpdir(), 'late-'))
  const [script, mark, end] = [join(folder, 'modprobe'), join(folder, 'mark'), join(folder, 'end')]
  await writeFile(script, `#!/bin/sh\n: >${mark}\nsleep ${lateSeconds}\ndate +%s%3N >${end}\n`, { mode: 0o755 })
  const before = await readFile(loader)
  await writeFile(loader, script)
  t.teardown(async () => {
    await until('the kernel went on', () => !existsSync(mark) || existsSync(end))
    await writeFile(loader, before)
    await rm(folder, { recursive: true })
  })
  return {
    namespace,
    mark,
    wentOn: () => (existsSync(end) ? Number(readFileSync(end, 'utf8')) || undefined : undefined),
    async holdUp() {
      ipvs.addService({ ...service, scheduler: 'nosuch' }).catch(() => {})
      await until('held up', () => existsSync(mark))
    },
  }
}

/** Runs a scenario to its end: its status, and how long after its last word the end was heard of. */
async function runToExit(scenario: string, { namespace, mark }: LateKernel, ready?: () => Promise<void>) {
  const child = spawn(process.execPath, [program, scenario, namespace, mark], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  let said = ''
  let saidAt = 0
  child.stdout.on('data', (chunk) => {
    if (said === '') void ready?.()
    said += String(chunk)
    saidAt = Date.now()
  })
  const [status] = (await ended) as [number | null]
  const heardAt = Date.now()
  return { status, said, tookMs: heardAt - saidAt, heardAt }
}

t.test('process.exit() while its own request waits for modprobe is prompt', { skip }, async (t) => {
  const kernel = await lateKernel(t)
  const { status, said, tookMs } = await runToExit('exits while its module is loaded', kernel)
  t.same([status, said], [7, 'exits\n'])
  t.equal(kernel.wentOn(), undefined, 'the parent hears of it while modprobe still runs: that wait can be killed')
  t.comment(`heard of after ${tookMs} ms`)
})

t.test(
  'process.exit() while its request waits behind another is heard of when the kernel has answered',
  { skip },
  async (t) => {
    const kernel = await lateKernel(t)
    const { status, said, tookMs, heardAt } = await runToExit('exits behind another', kernel, () => kernel.holdUp())
    t.same([status, said], [7, 'ready\nexits\n'])
    const wentOn = kernel.wentOn()
    t.ok(wentOn !== undefined, 'not before: Linux ends a process when its last thread has left the kernel')
    const lateMs = heardAt - Number(wentOn)
    t.ok(lateMs < 1000, `and then at once: ${lateMs} ms after modprobe ended, ${tookMs} ms after process.exit()`)
    t.comment(`heard of ${tookMs} ms after process.exit(), ${lateMs} ms after the kernel went on`)
  },
)

t.test('worker.terminate() while its request waits does not wait for the kernel', { skip }, async (t) => {
  const kernel = await lateKernel(t)
  const worker = new Worker(program, { workerData: ['worker: waits behind another', kernel.namespace, kernel.mark] })
  await once(worker, 'message')
  const before = privateThreads()
  await kernel.holdUp()
  await once(worker, 'message')
  const started = performance.now()
  await worker.terminate()
  t.comment(`terminated after ${Math.round(performance.now() - started)} ms`)
  t.equal(kernel.wentOn(), undefined)
  t.equal(privateThreads(), before, 'the thread is left to itself')
  await until('it ends with the answer', () => privateThreads() === before - 1)
  t.ok(kernel.wentOn())
})

t.test('close() while a request waits resolves when the kernel has answered', { skip }, async (t) => {
  const kernel = await lateKernel(t)
  const ipvs = await open({ namespace: kernel.namespace })
  const before = held()
  await kernel.holdUp()
  const order: string[] = []
  const info = ipvs.info().then(() => order.push('answered'))
  await new Promise((resolve) => setImmediate(resolve))
  await ipvs.close().then(() => order.push('closed'))
  await info
  t.same(order, ['answered', 'closed'])
  t.ok(kernel.wentOn())
  t.same(held(), { threads: before.threads - 1, descriptors: before.descriptors - 1 })
})

t.test('four handles that wait for the kernel leave files and DNS alone', { skip }, async (t) => {
  const kernel = await lateKernel(t)
  const handles = await Promise.all(Array.from({ length: 4 }, () => openIn(t, kernel.namespace)))
  /** Milliseconds of 40 look-ups and 40 files, all of them libuv's pool's work. */
  const latencies = async () => {
    const took: number[] = []
    for (let i = 0; i < 40; i++) {
      for (const work of [() => lookup('localhost'), () => readFile('/proc/self/status')]) {
        const started = performance.now()
        await work()
        took.push(performance.now() - started)
      }
    }
    const sorted = took.sort((a, b) => a - b)
    return { median: sorted[sorted.length / 2] ?? 0, longest: sorted.at(-1) ?? 0 }
  }
  await latencies()
  const idle = await latencies()
  await kernel.holdUp()
  let answered = 0
  const infos = handles.map((ipvs) => ipvs.info().then(() => answered++))
  const blocked = await latencies()
  t.equal(answered, 0, 'all of it was done while all four waited')
  t.equal(kernel.wentOn(), undefined)
  const ms = ({ median, longest }: typeof idle) => `median ${median.toFixed(2)} ms, longest ${longest.toFixed(1)} ms`
  t.ok(blocked.median < 3 * idle.median + 5, `idle: ${ms(idle)}; with four waiting: ${ms(blocked)}`)
  t.comment(`idle: ${ms(idle)}; with four waiting: ${ms(blocked)}`)
  await Promise.all(infos)
})

t.test('open handles that nobody holds any more are collected, with thread and descriptor', async (t) => {
  const namespace = await makeNamespace(t)
  const forget = async () => {
    for (let i = 0; i < 50; i++) await (await open({ namespace })).info()
  }
  gc()
  const before = held()
  await forget()
  await until('collected', () => {
    gc()
    return privateThreads() === 0
  })
  t.same(held(), before)
})

/** Calls of many kinds, refused ones too, that share a batch. */
function mixedCalls(ipvs: Ipvs): readonly Promise<unknown>[] {
  const destination = { address: '10.0.0.1', port: 80, forwarding: 'masquerade' } as const
  return [
    ipvs.addService(service),
    ipvs.addService(service).catch(() => {}),
    ipvs.addDestination(service, destination),
    ipvs.services(),
    ipvs.destinations(service),
    ipvs.updateDestination(service, { ...destination, weight: 3 }),
    ipvs.service(service),
    ipvs.info(),
    ipvs.removeDestination(service, destination),
    ipvs.removeService(service),
  ]
}

/**
 * Bytes of resident memory by which each of several rounds of work grows it at least: what is lost is lost in every round, what V8
 * keeps for later is not. In so few calls V8 still takes memory for itself, for compiled code above all: test/memory.test.ts is
 * exact, in 200,000 calls. Here a lost buffer of an answer would show, which is 32 KiB.
 */
async function leastGrowth(work: () => Promise<void>): Promise<number> {
  const resident = () => {
    gc()
    return process.memoryUsage().rss
  }
  await work()
  let least = Infinity
  for (let round = 0; round < rounds; round++) {
    const before = resident()
    await work()
    least = Math.min(least, resident() - before)
  }
  return least
}

t.test(`${calls} calls leave memory, threads and descriptors as they were`, async (t) => {
  const ipvs = await openIn(t, await makeNamespace(t))
  const atOnce = 25
  const callOften = async () => {
    for (let done = 0; done < calls / rounds;) {
      const some = Array.from({ length: atOnce }, () => mixedCalls(ipvs)).flat()
      // These stand alone.
      some.push(
        ipvs.table(),
        ipvs.setWeight(service, { address: '10.0.0.1', port: 80 }, 3).catch(() => {}),
      )
      await Promise.all(some)
      done += some.length
    }
  }
  await ipvs.info()
  const heldBefore = held()
  const grown = await leastGrowth(callOften)
  const told = `${grown} bytes at least in each ${calls / rounds} calls`
  t.ok(grown < (4096 * calls) / rounds, told)
  t.same(held(), heldBefore)
  t.comment(told)
})

t.test(`${cycles} handles opened and closed leave no thread, no descriptor and no memory`, async (t) => {
  const namespace = await makeNamespace(t)
  const openAndClose = async () => {
    for (let i = 0; i < cycles / rounds; i++) {
      const ipvs = await open({ namespace })
      await ipvs.info()
      await ipvs.close()
    }
  }
  // A thread that has ended is still there for a moment.
  const threadsEnded = () => until('no private thread', () => privateThreads() === 0)
  await openAndClose()
  await threadsEnded()
  const heldBefore = held()
  const grown = await leastGrowth(openAndClose)
  await threadsEnded()
  t.same(held(), heldBefore)
  t.ok(grown < (8192 * cycles) / rounds, `${grown} bytes at least with each ${cycles / rounds} handles`)
})

t.test('worker threads open, use and close a handle each, at once', async (t) => {
  const namespace = await makeNamespace(t)
  const answers = await Promise.all(
    Array.from({ length: workers }, async (_, i) => {
      const worker = new Worker(program, { workerData: ['worker: uses a handle', namespace, String(i + 1)] })
      return Promise.all([once(worker, 'message'), once(worker, 'exit')])
    }),
  )
  t.same(answers, Array(workers).fill([['rr'], [0]]))
  t.equal(privateThreads(), 0)
  t.same(await (await openIn(t, namespace)).services(), [])
})
