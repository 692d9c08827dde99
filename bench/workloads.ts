/** What is measured in the guest: data. */
import type { Size } from './table.js'

/** What a contestant does. */
export type Kind = 'servers' | 'apply' | 'add' | 'weight' | 'read' | 'gaps'

/** A workload at one size. */
export interface Job {
  readonly workload: Workload
  readonly case: string
  readonly kind: Kind
  readonly size: Size
  /** How often it is repeated inside a round. */
  readonly repeats: number
  readonly contestants: readonly Name[]
}

export const workloads = ['W1', 'W2', 'W3', 'W4', 'W5', 'growth', 'daemon', 'memory'] as const
export type Workload = (typeof workloads)[number]

/** The contestants; the other programs that run in the guest stand in contestants.ts. */
export const contestants = {
  ours: 'this library',
  here: 'this library, on the calling thread',
  setWeight: 'this library, on the calling thread, setWeight()',
  entries: 'this library, entries()',
  libnl: 'C on libnl, one by one',
  d: 'C, raw and batched',
  restore: 'ipvsadm -R',
  fork: 'ipvsadm, a process a change',
  keepalived: 'keepalived, from its file',
} as const
export type Name = keyof typeof contestants

/** Those whose process stays, and is warm before it counts. */
export const staying: readonly Name[] = ['ours', 'here', 'setWeight', 'entries']

/** They take seconds a round, and are told apart from the others in five. */
export const slow: readonly Name[] = ['restore', 'fork', 'keepalived']

/** So many changes are made by a process each; what more of them would take is extrapolated. */
export const forks = 20

const servers = (destinations: number): Job => ({
  workload: 'W1',
  case: `${destinations.toLocaleString('en')} destinations`,
  kind: 'servers',
  size: { services: 1, destinations },
  repeats: 1,
  contestants: ['ours', 'libnl', 'd', 'restore', 'fork'],
})

const read = (services: number, destinations: number, repeats: number): Job => ({
  workload: 'W3',
  case: nameOf({ services, destinations }),
  kind: 'read',
  size: { services, destinations },
  repeats,
  contestants: ['ours', 'entries', 'libnl', 'd'],
})

const weight: Job = {
  workload: 'W2',
  case: 'one weight',
  kind: 'weight',
  size: { services: 1, destinations: 10 },
  repeats: 300,
  contestants: ['ours', 'here', 'setWeight', 'libnl', 'd', 'fork'],
}

const apply: Job = {
  workload: 'W4',
  case: '1,000 × 10',
  kind: 'apply',
  size: { services: 1_000, destinations: 10 },
  repeats: 1,
  contestants: ['ours', 'libnl', 'd', 'restore', 'keepalived', 'fork'],
}

const gaps: Job = { ...apply, workload: 'W5', kind: 'gaps', contestants: ['ours'] }

export const growthSizes = [10, 30, 100, 300, 1_000, 3_000, 10_000] as const

function growth(size: Size): Job {
  return { workload: 'growth', case: nameOf(size), kind: 'add', size, repeats: 1, contestants: ['ours', 'd'] }
}

/** All of it, in the order in which it runs. */
export const jobs: readonly Job[] = [
  servers(1_000),
  servers(10_000),
  weight,
  read(1, 1_000, 5),
  read(1_000, 10, 3),
  read(100, 100, 3),
  apply,
  gaps,
  ...growthSizes.map((destinations) => growth({ services: 1, destinations })),
  ...growthSizes.map((services) => growth({ services, destinations: 1 })),
]

/** What fits into two minutes, start of the guest included: smaller, and with fewer contestants. */
export const shortJobs: readonly Job[] = [
  servers(1_000),
  { ...weight, repeats: 100, contestants: ['ours', 'here', 'libnl', 'd'] },
  { ...read(1, 1_000, 1), contestants: ['ours', 'libnl', 'd'] },
  { ...apply, case: '100 × 10', size: { services: 100, destinations: 10 }, contestants: ['ours', 'libnl', 'd'] },
]

export function nameOf({ services, destinations }: Size): string {
  return `${services.toLocaleString('en')} × ${destinations.toLocaleString('en')}`
}
