/** What is wanted, as data. A floor is what must not be missed, an aim what is worked towards. */
import type { Which } from './samples.js'

/** A value, a part of it by that of another series of the same rounds, or the difference from it. */
export interface Target {
  readonly name: string
  readonly of: Which
  /** The other series: what `of` is compared with, and how. */
  readonly against?: Which
  readonly as: 'speed' | 'duration' | 'above' | 'value'
  readonly unit: '×' | 'µs' | 'ms' | 'MiB' | 'messages'
  /** Whether more is better. */
  readonly better: 'more' | 'less'
  readonly floor: number
  readonly aim?: number
}

const w4 = { workload: 'W4', case: '1,000 × 10' } as const
const nothing = { ...w4, measure: 'add' } as const
const w2 = { workload: 'W2', case: 'one weight', measure: 'p50' } as const
const faked = { case: 'faked kernel' } as const
const gap = { workload: 'W5', ...faked, contestant: 'ours' } as const

/** How fast this library is: the other's duration by ours. */
function speed(name: string, workload: Which, other: Which, floor: number, aim?: number): Target {
  const of = { ...workload, contestant: 'ours' } as const
  return { name, of, against: other, as: 'speed', unit: '×', better: 'more', floor, ...(aim !== undefined && { aim }) }
}

const reading = ['1 × 1,000', '1,000 × 10', '100 × 100'].map((size) => {
  const workload = { workload: 'W3', case: size, measure: 'read' } as const
  return speed(`table read, ${size}, against d`, workload, { ...workload, contestant: 'd' }, 0.5, 0.65)
})

const ten = { workload: 'W1', case: '10,000 destinations', measure: 'add' } as const

export const targets: readonly Target[] = [
  speed('applied from nothing, against C on libnl', nothing, { ...nothing, contestant: 'libnl' }, 1, 1.4),
  speed('applied from nothing, against d', nothing, { ...nothing, contestant: 'd' }, 0.38, 0.5),
  speed('applied from nothing, against a process a change', nothing, { ...nothing, contestant: 'fork' }, 300),
  speed('applied from nothing, against ipvsadm -R', nothing, { ...nothing, contestant: 'restore' }, 3),
  speed('10,000 destinations added, against d', ten, { ...ten, contestant: 'd' }, 0.75),
  ...reading,
  {
    name: 'no-op apply, against one pass of reading',
    of: { ...w4, measure: 'same', contestant: 'ours' },
    against: { ...w4, measure: 'pass', contestant: 'ours' },
    as: 'duration',
    unit: '×',
    better: 'less',
    floor: 1.5,
  },
  {
    name: 'messages for 100 changed of 10,000',
    of: { ...w4, measure: 'messages', contestant: 'ours' },
    as: 'value',
    unit: 'messages',
    better: 'less',
    floor: 100,
  },
  speed('one weight, against a process', w2, { ...w2, contestant: 'fork' }, 50),
  {
    name: 'one weight on the calling thread, against C on libnl',
    of: { ...w2, contestant: 'here' },
    against: { ...w2, contestant: 'libnl' },
    as: 'duration',
    unit: '×',
    better: 'less',
    floor: 1.5,
  },
  {
    name: 'one weight, faked kernel (2 µs of it)',
    of: { ...w2, ...faked, contestant: 'ours' },
    as: 'value',
    unit: 'µs',
    better: 'less',
    floor: 35,
  },
  {
    name: 'gap while applying, above the idle floor',
    of: { ...gap, measure: 'apply' },
    against: { ...gap, measure: 'idle' },
    as: 'above',
    unit: 'ms',
    better: 'less',
    floor: 1,
  },
  {
    name: 'gap while reading by entries(), above the idle floor',
    of: { ...gap, measure: 'entries' },
    against: { ...gap, measure: 'idle' },
    as: 'above',
    unit: 'ms',
    better: 'less',
    floor: 2,
  },
  { name: 'diff of 1,000 × 10', of: { ...gap, measure: 'diff' }, as: 'value', unit: 'ms', better: 'less', floor: 8 },
  ...['1 ×', '× 1'].flatMap((form) =>
    ['add per row', 'read per row'].map((measure): Target => {
      const series = (number: string) => {
        const name = form === '1 ×' ? `1 × ${number}` : `${number} × 1`
        return { workload: 'growth', case: `faked kernel ${name}`, measure, contestant: 'ours' } as const
      }
      const name = `a row of 10,000 ${form === '1 ×' ? 'destinations' : 'services'}, against one of 1,000 (${measure})`
      const [of, against] = [series('10,000'), series('1,000')]
      return { name, of, against, as: 'duration', unit: '×', better: 'less', floor: 1.3 }
    }),
  ),
  {
    name: 'resident for 10,000 × 5: table(), diff(), no-op apply()',
    of: { workload: 'memory', measure: 'largest', contestant: 'ours' },
    as: 'value',
    unit: 'MiB',
    better: 'less',
    floor: 200,
  },
]
