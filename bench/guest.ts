/** The guest's side of a run: the contest, started in the rig, and its samples as they come. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { jobs, shortJobs, slow, type Job } from './workloads.js'
import type { Plan } from './contest.js'
import type { Options } from './options.js'
import type { Sample } from './samples.js'

const root = join(import.meta.dirname, '..')
const seconds = 3_600
/** The guest holds in memory what it writes, and a table of 10,000 services. */
const megabytes = 2_048
const slowRounds = 5
const growthRounds = 3

/** What the options leave, the growth in fewer rounds than the contest. */
export function plansOf({ only, contestants, rounds, short }: Options): readonly Plan[] {
  const left = (short ? shortJobs : jobs)
    .filter(({ workload }) => only.includes(workload))
    .map((job): Job => ({ ...job, contestants: job.contestants.filter((name) => contestants.includes(name)) }))
    .filter((job) => job.contestants.length > 0)
  const grows = ({ workload }: Job) => workload === 'growth'
  const fewer = Math.min(rounds, growthRounds)
  const warmUps = short ? 2 : 10
  return [
    { jobs: left.filter((job) => !grows(job)), rounds, slowRounds: Math.min(rounds, slowRounds), warmUps },
    { jobs: left.filter(grows), rounds: fewer, slowRounds: fewer, warmUps },
  ].filter((plan) => plan.jobs.length > 0)
}

/** Runs it; throws when it failed, or when a contestant gave no sample. */
export async function inGuest(kernel: string, plan: Plan): Promise<readonly Sample[]> {
  const samples = await samplesOf(kernel, ['.bundle/bench-contest.mjs', JSON.stringify(plan)])
  for (const job of plan.jobs) {
    for (const contestant of job.contestants) {
      const rounds = slow.includes(contestant) ? plan.slowRounds : plan.rounds
      const of = samples.filter((one) => one.workload === job.workload && one.case === job.case)
      const found = new Set(of.filter((one) => one.contestant === contestant).map((one) => one.round)).size
      if (found === rounds) continue
      throw new Error(`${job.workload} ${job.case}: expected ${rounds} rounds of ${contestant}, found ${found}`)
    }
  }
  return samples
}

/** The failover daemon, in a LAN of its own. */
export async function daemonInGuest(kernel: string): Promise<readonly Sample[]> {
  console.error('bench: daemon')
  return samplesOf(kernel, ['.bundle/bench-daemon.mjs'])
}

async function samplesOf(kernel: string, program: readonly string[]): Promise<readonly Sample[]> {
  const limits = ['--kernel', kernel, '--timeout', String(seconds), '--memory', String(megabytes)]
  const guest = spawn('rig/vm', [...limits, '--', process.execPath, ...program], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { RIG_THREADS: 'multi', ...process.env },
  })
  const samples: Sample[] = []
  const ended = once(guest, 'close')
  for await (const line of createInterface({ input: guest.stdout })) samples.push(JSON.parse(line) as Sample)
  const [status] = (await ended) as [number | null]
  if (status !== 0) throw new Error(`the guest ended with status ${status}, after ${samples.length} samples`)
  return samples
}
