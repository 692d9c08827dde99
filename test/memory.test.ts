/**
 * What calls leave behind in memory. Only a long run tells: V8 takes memory for itself until some 150,000 calls. The faked kernel
 * lets them pass in seconds; the guest's kernel answers fewer calls in test/kernel/lifetime.guest.ts.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { buildFake } from '../bench/build.js'
import { median } from '../bench/statistics.js'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..')
const program = join(root, '.bundle', 'memory-program.mjs')
const rounds = 40
const calls = 10_000
/** A single round's end is up to 2 MiB off. */
const few = 8
/** In bytes, what malloc() gives at least. */
const smallest = 32
t.setTimeout(300_000)

t.test(`${(rounds / 2) * calls} calls more leave memory as it was`, async (t) => {
  await run(process.execPath, ['rig/bundle.mjs', 'test/memory/program.ts', program], { cwd: root })
  const { stdout } = await run(process.execPath, ['--expose-gc', program, String(rounds), String(calls)], {
    env: { PATH: process.env.PATH, LD_PRELOAD: buildFake(), FAKE_IPVS_US: '0' },
  })
  const resident = stdout.trim().split('\n').map(Number)
  t.equal(resident.length, rounds)
  const before = median(resident.slice(rounds / 2 - few, rounds / 2))
  const after = median(resident.slice(-few))
  const grown = ((after - before) * 1024) / ((rounds / 2) * calls)
  t.ok(grown < smallest, `${grown.toFixed(1)} bytes a call: ${before} KiB before, ${after} KiB after`)
  t.comment(`${grown.toFixed(1)} bytes a call`)
})
