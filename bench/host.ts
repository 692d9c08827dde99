/** The host's side of a run: this library on a faked kernel, a process for each round. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { buildFake } from './build.js'
import type { Options } from './options.js'
import type { Sample } from './samples.js'

const tasks = { W2: 'weight', W5: 'gaps', growth: 'growth', memory: 'memory' } as const
const rounds = 5

export function onHost({ only, short }: Options): readonly Sample[] {
  const fake = buildFake()
  return Object.entries(tasks)
    .filter(([workload]) => only.some((one) => one === workload) && !(short && workload === 'growth'))
    .flatMap(([, task]) => {
      console.error(`bench: ${task} on a faked kernel`)
      return Array.from({ length: short ? 1 : rounds }, (_, round) => inProcess(fake, task, round))
    })
    .flat()
}

function inProcess(fake: string, task: string, round: number): readonly Sample[] {
  const program = join(import.meta.dirname, 'bench-faked.mjs')
  const table = task === 'memory' ? { FAKE_IPVS_TABLE: '10000x5' } : {}
  const printed = execFileSync(process.execPath, [program, task, String(round)], {
    encoding: 'utf8',
    env: { ...process.env, LD_PRELOAD: fake, ...table },
  })
  return printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Sample)
}
