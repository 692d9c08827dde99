/**
 * How handles end: with their process, worker thread, last reference, or close(). Each story is a process of its own
 * (lifetime/program.ts) whose status and signal count: a crash at the very end is a failure, too.
 */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

const root = join(import.meta.dirname, '..')
// One level below the root: lib/native.ts looks for the addon in the folder above its own.
const program = join(root, '.bundle', 'lifetime-program.mjs')
const patienceMs = 100_000
t.setTimeout(2 * patienceMs)

await promisify(execFile)(process.execPath, ['rig/bundle.mjs', 'test/lifetime/program.ts', program], { cwd: root })

const folder = await mkdtemp(join(tmpdir(), 'ipvs-lifetime-'))
t.teardown(() => rm(folder, { recursive: true }))
let fifos = 0

/** Not tap's loader, which opens descriptors of its own. The others are those of `node test/run.mjs asan`. */
const inherited = ['PATH', 'LD_PRELOAD', 'ASAN_OPTIONS', 'UBSAN_OPTIONS']

interface Ended {
  readonly status: number | null
  readonly signal: string | null
  readonly output: string
  readonly errors: string
}

/** Runs a scenario to its end. One that hangs is killed, which its signal tells. */
async function run(scenario: string): Promise<Ended> {
  const fifo = join(folder, String(++fifos))
  execFileSync('mkfifo', [fifo])
  // In a network namespace of its own: where this machine has IPVS, its table is not this test's.
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user']
  const node = [process.execPath, '--expose-gc', program, scenario, fifo]
  const child = spawn('unshare', [...asRoot, '--net', ...node], {
    env: Object.fromEntries(inherited.map((name) => [name, process.env[name]])),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: patienceMs,
    killSignal: 'SIGKILL',
  })
  const text = { output: '', errors: '' }
  child.stdout.on('data', (chunk) => (text.output += chunk))
  child.stderr.on('data', (chunk) => (text.errors += chunk))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status, signal) => resolve({ status, signal, ...text }))
  })
}

const well = { status: 0, signal: null, errors: '' }

t.test('open handles do not keep the process alive', async (t) => {
  t.match(await run('ends with open handles'), { ...well, output: 'idle\n' })
})

t.test('a request in flight keeps the process alive until it is answered, and no longer', async (t) => {
  t.match(await run('lives until the answer'), { ...well, output: /^answered\nnothing to wait for\n$/ })
})

t.test('process.exit() with a request in flight does not wait for the answer', async (t) => {
  t.match(await run('exits in flight'), { ...well, status: 7 })
})

t.test('process.exit() in the continuation of an answer', async (t) => {
  t.match(await run('exits when answered'), { ...well, status: 7 })
})

t.test('an uncaught exception ends the process with its status, request in flight or not', async (t) => {
  t.match(await run('throws in flight'), { status: 1, signal: null, errors: /Error: on purpose/ })
  t.match(await run('throws when answered'), { status: 1, signal: null, errors: /Error: on purpose/ })
})

t.test('close() waits for the answer and for the end of the thread', async (t) => {
  t.match(await run('closes in flight'), { ...well, output: 'opened,answered,closed\n' })
})

t.test('a second request at once, half a record, and anything but bytes are refused', async (t) => {
  t.match(await run('refuses'), well)
})

t.test('garbage collection of an idle handle ends its thread and closes its descriptors', async (t) => {
  t.match(await run('collects idle handles'), well)
})

t.test('a handle with a request in flight is not collected', async (t) => {
  t.match(await run('collects no handle in flight'), well)
})

t.test('opening and closing ten thousand times leaves no thread and no descriptor', async (t) => {
  const ended = await run('cycles')
  t.match(ended, well)
  t.comment(`${ended.output.trim()} cycles`)
})

t.test('worker.terminate() of a worker with idle handles', async (t) => {
  t.match(await run('terminates an idle worker'), well)
})

t.test('worker.terminate() with a request in flight does not wait for it, and survives its answer', async (t) => {
  t.match(await run('terminates a worker in flight'), well)
})

t.test('worker.terminate() while answers arrive', async (t) => {
  t.match(await run('terminates busy workers'), well)
})

t.test('fifty workers that open, request, close, exit or are terminated', async (t) => {
  t.match(await run('runs fifty workers'), well)
})

t.test('fifty workers that open and close a handle each, at once and in turn', async (t) => {
  t.match(await run('runs fifty workers at once and in turn'), well)
})

t.test('an uncaught exception in a worker with a request in flight reaches its error event', async (t) => {
  t.match(await run('hears of a throw in flight'), well)
})
