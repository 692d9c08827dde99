/**
 * The contest, in the guest: `node bench-contest.mjs '{"jobs":[…],"rounds":15,"slowRounds":5}'`. It prints a sample a line.
 *
 * Contestants take turns, one round each, beginning with another one each time; each round is in a fresh network namespace
 * with lo up (without it the kernel refuses every destination; in a used one the trash of removed destinations slows every
 * addition). Before the first round, those whose
 * process stays have one that is not counted.
 */
import { carryOut, flush, Ours, run, type Measured } from './contestants.js'
import { linesOf, verify } from './verify.js'
import { slow, staying, type Job, type Name } from './workloads.js'
import type { Sample } from './samples.js'

/** What it is told. */
export interface Plan {
  readonly jobs: readonly Job[]
  readonly rounds: number
  readonly slowRounds: number
  /** How often this library's process repeats its warm-up, on each kind of handle. */
  readonly warmUps: number
}

let made = 0

async function makeNamespace(): Promise<string> {
  const namespace = `bench-${++made}`
  await run('ip', ['netns', 'add', namespace])
  await run('ip', ['-n', namespace, 'link', 'set', 'lo', 'up'])
  return namespace
}

/** A namespace is taken down in the background, and on these kernels its services share the lists of the others'. */
async function dropNamespace(namespace: string): Promise<void> {
  await flush(namespace)
  await run('ip', ['netns', 'delete', namespace])
}

async function warmUp(ours: Ours, repeats: number): Promise<void> {
  for (const onCallingThread of [false, true]) {
    const namespace = await makeNamespace()
    await ours.ask({ what: 'warm', services: 100, destinations: 10, repeats, namespace, onCallingThread })
    await dropNamespace(namespace)
  }
}

/** One round of one contestant, and what it left looked at by a reader that is none of them. */
async function round(contestant: Name, job: Job, ours: Ours): Promise<Measured> {
  const namespace = await makeNamespace()
  const { measured, left } = await carryOut(contestant, job, namespace, ours)
  const shown = await run('ip', ['netns', 'exec', namespace, 'cat', '/proc/net/ip_vs'], { maxBuffer: 1 << 28 })
  verify(`${job.workload} ${job.case}: ${contestant}`, linesOf(shown.stdout), left)
  await dropNamespace(namespace)
  return measured
}

/** The contestants of a round; each is the first in turn. */
function inTurn(names: readonly Name[], round: number): readonly Name[] {
  const first = round % names.length
  return [...names.slice(first), ...names.slice(0, first)]
}

async function contest(job: Job, plan: Plan, ours: Ours): Promise<void> {
  for (let number = 0; number <= plan.rounds; number++) {
    const entered = job.contestants.filter((name) =>
      number === 0 ? staying.includes(name) : !slow.includes(name) || number <= plan.slowRounds,
    )
    for (const contestant of inTurn(entered, number)) {
      const measured = await round(contestant, job, ours)
      if (number === 0) continue
      for (const [measure, value] of Object.entries(measured)) {
        const { workload } = job
        const sample: Sample = { workload, case: job.case, measure, contestant, round: number - 1, value }
        console.log(JSON.stringify(sample))
      }
    }
  }
}

const plan = JSON.parse(process.argv[2] ?? '') as Plan
for (const module of ['ip_vs', 'ip_vs_rr']) await run('modprobe', [module])
const ours = new Ours()
await warmUp(ours, plan.warmUps)
for (const job of plan.jobs) {
  console.error(`bench: ${job.workload} ${job.case}: ${job.contestants.join(', ')}`)
  await contest(job, plan, ours)
}
ours.end()
