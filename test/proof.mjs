// What takes longer than a test run may: node test/proof.mjs [--seconds N]
//
// races: native/worker.cc and what is below it under ThreadSanitizer. lifetimes: how handles end, with an addon under
// AddressSanitizer and UndefinedBehaviorSanitizer. kernels: all guest tests on both kernels. daemon: what the failover
// daemon promises, measured (test/proof). commands: ipvsadm's, to Debian's and to ours. fuzz: random replies of the kernel, for
// N seconds (600), all executions so far being counted in test/native/executions.json, to be committed.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build, fuzz, run } from './native.mjs'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '600' } } })
const seconds = Number(values.seconds)
if (!Number.isInteger(seconds) || seconds < 1) {
  console.error(`proof: expected --seconds to be a whole number from 1, found '${values.seconds}'`)
  process.exit(2)
}
const counted = join(import.meta.dirname, 'native/executions.json')
let failed = 0

/** @param {boolean} ok @param {string} name @param {string} output */
function report(ok, name, output) {
  if (!ok) failed++
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}${ok ? '' : `\n${output}`}`)
}

const [threads] = await build('threads')
const races = await run([threads])
report(races.code === 0, 'races: 1,800 handles on a slow kernel, under ThreadSanitizer', races.text)

const lifetimes = await run([process.execPath, 'test/run.mjs', 'asan'])
report(
  lifetimes.code === 0,
  `lifetimes: ${lifetimes.text.trim().split('\n').at(-1)}, under ASan and UBSan`,
  lifetimes.text,
)

process.env['NODE_IPVS_CALLS'] = '200000'
const kernels = await run([process.execPath, 'test/run.mjs', 'kernels', 'guest'])
report(kernels.code === 0, `kernels: ${kernels.text.trim().split('\n').at(-1)}, on both kernels`, kernels.text)

const daemon = await run([process.execPath, 'test/run.mjs', 'proof'])
report(daemon.code === 0, `daemon: ${daemon.text.trim().split('\n').at(-1)}`, daemon.text)

process.env['NODE_IPVS_STEPS'] = '1000'
const commands = await run([process.execPath, 'test/run.mjs', 'kernels', 'ipvsadm-random'])
report(
  commands.code === 0,
  'commands: 17,000 lines at random, to ours and to the real ipvsadm, on each kernel',
  commands.text,
)

const fuzzed = await fuzz(seconds)
const { executions } = JSON.parse(readFileSync(counted, 'utf8'))
const total = executions + fuzzed.executions
writeFileSync(counted, `{ "executions": ${total} }\n`)
report(fuzzed.ok, `fuzz: ${fuzzed.executions} executions in ${seconds} s, ${total} so far`, fuzzed.report)
process.exitCode = failed > 0 ? 1 : 0
