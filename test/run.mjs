// Runs the tests and prints `N passed, N failed` as its last line:
//   node test/run.mjs [unit] [native] [kernels] [package] [page] [host] [asan] [fuzz] [proof] [FILTER]
//
// unit: every *.test.ts on this machine, without root and without guest. native: the C++ core on a scripted kernel, under
// sanitizers (test/native). fuzz: the same with random replies, for a minute. kernels: test/kernel/*.guest.ts on the real
// kernels of the rig, those to which its version means little on one of them: on both with a FILTER, 'guest' for all of
// them. package: test/package/*.test.ts, the tarball as a user installs it, after `npm run prebuild`. page: the page of the
// failover daemon in chromium, after `rig/setup page`; its pictures go to $NODE_IPVS_ARTIFACTS, else to .artifacts. host: test/kernel/
// again on this machine's own kernel, in fresh network namespaces; it must have IPVS. asan: how handles, pings and attempts
// to connect end (test/*lifetime.test.ts), and pings, with addons built with AddressSanitizer and UndefinedBehaviorSanitizer. proof: what the
// failover daemon promises, measured for longer than a test run may take (test/proof): *.test.ts here, with nothing beside it,
// *.guest.ts in the rig; with NODE_IPVS_WRITE=1 what they measure goes into its documentation. Each test program is bundled and run by plain node, which prints TAP: tap's own runner takes most of a minute in an emulated guest. One test:
// `npx tap test/diff.test.ts`.
import { spawn } from 'node:child_process'
import { mkdir, readdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { Parser } from 'tap-parser'
import { buildSanitized, sanitizerEnvironment } from '../rig/build-sanitized.mjs'
import { bundle, bundlePair } from '../rig/bundle.mjs'
import { showMeasured } from './measured.mjs'
import { build, fuzz } from './native.mjs'

// node reads these certificates at every start, which makes it three times as long. Nothing here asks for them.
delete process.env.NODE_EXTRA_CA_CERTS
// Where rig/setup unpacks Debian's packages. In a guest, home is root's.
process.env.NODE_IPVS_CACHE ??= join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ipvs-rig')

const root = join(import.meta.dirname, '..')
const output = join(root, '.bundle')
const unitFolders = ['test', 'test/health', 'test/ipvsadm', 'test/cli', 'examples/failover-daemon/test']
/** In chromium: by itself, then in the rig. */
const pageFolders = ['examples/failover-daemon/test/page', 'test/page']
const guests = { 'Linux 6.1': ['--kernel', '6.1'], 'Linux 6.12': ['--kernel', '6.12'] }
const host = { 'this host': ['--host'] }
/** Guest tests of what lies above the library's calls, which the others prove on both kernels; and long ones, on both by `npm run proof`. */
const anyKernel = [
  'announce',
  'cli-plan',
  'cli-traffic',
  'concurrent',
  'daemon',
  'directors',
  'doctor',
  'ha',
  'interop',
  'ipvsadm',
  'ipvsadm-live',
  'ipvsadm-random',
  'lifetime',
  'name',
  'places',
  'readme',
  'refusals',
  'seed',
  'traffic',
  'verdicts',
]
/** Guest tests that want another process 1 than the rig's own. */
const inits = { systemd: 'systemd' }
/** These take longest. They start first, or one worker would wait for the other at the end. */
const longest = [
  'directors',
  'lifetime',
  'ipvsadm-random',
  'contract',
  'concurrent',
  'interop',
  'ipvsadm',
  'doctor',
  'daemon',
  'verdicts',
  'traffic',
]
const words = ['unit', 'native', 'kernels', 'package', 'page', 'host', 'asan', 'fuzz', 'proof']
/** Programs of test/native, with their arguments. */
const natives = { stories: [], replay: ['test/native/corpus', 'test/native/regressions'] }
const unitSeconds = 120
const guestSeconds = 600
const packageSeconds = 600
const pageSeconds = 300
const sanitizedSeconds = 300
const fuzzSeconds = 60
const proofSeconds = 3600
const slowestShown = 10

const parts = process.argv.slice(2)
const filters = parts.filter((part) => !words.includes(part))
if (filters.length === parts.length || filters.length > 1) {
  console.error(
    `usage: node test/run.mjs ${words.join('|')} ... [FILTER]: FILTER is a part of a path, kernel/host for instance`,
  )
  process.exit(2)
}
const [filter = ''] = filters
const totals = { passed: 0, failed: 0, skipped: 0 }
/** @type {{ name: string, seconds: number }[]} */
const partTimes = []
/** @type {{ name: string, seconds: number }[]} */
const programTimes = []
/** @param {number} since of performance.now() */
const secondsSince = (since) => (performance.now() - since) / 1000

/**
 * Runs a command that prints TAP, counts its results, and prints what failed.
 * @param {string} name @param {string[]} command @param {number} seconds @param {NodeJS.ProcessEnv} [env]
 */
async function runTap(name, command, seconds, env = process.env) {
  const started = performance.now()
  const parser = new Parser()
  const failures = []
  const comments = []
  let passed = 0
  let skipped = 0
  parser.on('pass', () => passed++)
  parser.on('skip', () => skipped++)
  const listen = (/** @type {Parser} */ to) => {
    to.on('comment', (line) => comments.push(line.trim()))
    to.on('child', listen)
  }
  listen(parser)
  parser.on('fail', (result) => failures.push(result))
  const child = spawn(command[0], command.slice(1), {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: seconds * 1000,
  })
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
    parser.write(chunk)
  })
  child.stderr.on('data', (chunk) => (text += chunk))
  const [code, signal] = await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (...end) => resolve(end))
  })
  const results = await new Promise((resolve) => {
    parser.on('complete', resolve)
    parser.end()
  })
  // A program that dies, or ends without its plan, has failed even if every result so far was good.
  const broken = code !== 0 || !results.ok || passed + skipped + failures.length === 0
  totals.passed += passed
  totals.skipped += skipped
  totals.failed += failures.length || (broken ? 1 : 0)
  const took = secondsSince(started)
  programTimes.push({ name, seconds: took })
  console.log(`${broken ? 'FAIL' : 'ok  '} ${name} (${passed} passed, ${took.toFixed(1)} s)`)
  await showMeasured(name, comments, !broken)
  if (!broken) return
  for (const { fullname, name: result, diag } of failures) console.log(`  not ok: ${fullname} > ${result}`, diag ?? '')
  console.log(`  ended with ${signal ?? `status ${code}`}; its output ends:\n${text.slice(-6000)}`)
}

/** The files of a folder that end like that. @param {string} folder @param {string} ending */
async function filesOf(folder, ending) {
  const names = await readdir(join(root, folder))
  return names.filter((name) => name.endsWith(ending)).map((name) => join(folder, name))
}

/** The test programs of a folder that the filter leaves. @param {string} folder @param {string} ending */
async function programs(folder, ending) {
  return (await filesOf(folder, ending)).filter((file) => file.includes(filter)).sort()
}

/** The bundle of a test program. @param {string} file */
function programOf(file) {
  return join(output, file.replaceAll('/', '-').replace(/ts$/, 'mjs'))
}

/** @param {string} file @param {number} seconds */
async function runHere(file, seconds) {
  const program = programOf(file)
  await bundle(join(root, file), program, ['ipvs', 'ipvs/*', 'typescript', 'playwright-core'])
  await runTap(file, [process.execPath, program], seconds)
}

async function unit() {
  const queue = (await Promise.all(unitFolders.map((folder) => programs(folder, '.test.ts')))).flat()
  const worker = async () => {
    for (let file = queue.shift(); file; file = queue.shift()) await runHere(file, unitSeconds)
  }
  await Promise.all([worker(), worker()])
}

async function native() {
  const chosen = Object.entries(natives).filter(([name]) => `test/native/${name}`.includes(filter))
  if (chosen.length === 0) return
  const built = await build(...chosen.map(([name]) => name))
  for (const [i, [name, args]] of chosen.entries()) {
    await runTap(`test/native/${name}`, [built[i], ...args], unitSeconds)
  }
}

async function fuzzing() {
  const { ok, executions, report } = await fuzz(fuzzSeconds)
  totals[ok ? 'passed' : 'failed']++
  console.log(`${ok ? 'ok  ' : 'FAIL'} test/native/fuzz (${executions} executions in ${fuzzSeconds} s)`)
  if (!ok) console.log(report)
}

/** @param {string} folder @param {Record<string, string[]>} kernels options of rig/vm, by name @param {number} [seconds] */
async function onKernels(folder, kernels, seconds = guestSeconds) {
  const files = await programs(folder, '.guest.ts')
  // With them, the programs that they start.
  for (const file of [...files, ...(await filesOf(folder, '.program.ts'))]) {
    await bundle(join(root, file), programOf(file))
  }
  if (files.length > 0) await bundlePair(output)
  const names = Object.keys(kernels)
  const jobs = files.flatMap((file, i) => {
    const one = filter === '' && anyKernel.includes(basename(file, '.guest.ts'))
    return (one ? [names[i % names.length]] : names).map((name) => ({ file, name }))
  })
  const run = async (/** @type {typeof jobs} */ queue) => {
    for (let job = queue.shift(); job; job = queue.shift()) {
      const { file, name } = job
      const init = inits[basename(file, '.guest.ts')]
      const options = [...kernels[name], ...(init === undefined ? [] : ['--init', init]), '--timeout', String(seconds)]
      const rig = ['rig/vm', ...options, '--']
      await runTap(`${file} on ${name}`, [...rig, process.execPath, programOf(file)], seconds + 60)
    }
  }
  // A guest is emulated by one thread: two take a core each.
  const queue = jobs.sort((a, b) => rank(a) - rank(b))
  await Promise.all(names.map(() => run(queue)))
}

/** The place of a guest test's program in the queue. @param {{ file: string }} job */
function rank({ file }) {
  const place = longest.indexOf(basename(file, '.guest.ts'))
  return place < 0 ? longest.length : place
}

async function sanitized() {
  const folder = buildSanitized()
  const files = await Promise.all(
    ['lifetime.test.ts', 'ping.test.ts', 'connect.test.ts'].map((ending) => programs('test', ending)),
  )
  for (const file of files.flat()) {
    const program = join(folder, '.bundle', basename(programOf(file)))
    await bundle(join(root, file), program)
    const env = { ...process.env, ...sanitizerEnvironment() }
    await runTap(`${file} under ASan and UBSan`, [process.execPath, program], sanitizedSeconds, env)
  }
}

/** Runs a part if it was asked for. @param {string} name @param {() => Promise<void>} run */
async function part(name, run) {
  if (!parts.includes(name)) return
  const started = performance.now()
  await run()
  partTimes.push({ name, seconds: secondsSince(started) })
}

/** Where the time went, once there is something to compare. */
function showTimes() {
  if (programTimes.length <= slowestShown) return
  console.log(`parts: ${partTimes.map(({ name, seconds }) => `${name} ${seconds.toFixed(0)} s`).join(', ')}`)
  console.log('slowest:')
  const slowest = programTimes.sort((a, b) => b.seconds - a.seconds).slice(0, slowestShown)
  for (const { name, seconds } of slowest) console.log(`${seconds.toFixed(1).padStart(7)} s  ${name}`)
}

await mkdir(output, { recursive: true })
await part('unit', unit)
await part('native', native)
await part('fuzz', fuzzing)
await part('kernels', () => onKernels('test/kernel', guests))
await part('package', async () => {
  for (const file of await programs('test/package', '.test.ts')) await runHere(file, packageSeconds)
})
await part('page', async () => {
  const files = await Promise.all(pageFolders.map((folder) => programs(folder, '.browser.ts')))
  for (const file of files.flat()) await runHere(file, pageSeconds)
})
await part('host', () => onKernels('test/kernel', host))
await part('asan', sanitized)
await part('proof', async () => {
  for (const file of await programs('test/proof', '.test.ts')) await runHere(file, proofSeconds)
  await onKernels('test/proof', guests, proofSeconds)
})
showTimes()
const { passed, failed, skipped } = totals
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
if (skipped > 0) console.log(`${skipped} skipped`)
if (passed + failed + skipped === 0) console.log(`no test program has '${filter}' in its path`)
console.log(`${passed} passed, ${failed} failed`)
