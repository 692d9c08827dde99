/** What a program costs, with all that it has started. */
import { readFileSync } from 'node:fs'

export interface Usage {
  readonly cpuMs: number
  /** Resident, pages that several share counted once in all. */
  readonly memoryKiB: number
}

/** /proc counts in ticks of 10 ms, whatever the kernel's own. */
const tickMs = 10

export function usageOf(pid: number): Usage {
  const file = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8')
  // After the name, which may have blanks: the 14th to 17th are its own times and those of its children that have ended.
  const fields = file('stat')
    .replace(/^.*\) /s, '')
    .split(' ')
    .map(Number)
  const ticks = fields.slice(11, 15).reduce((sum, ticks) => sum + ticks, 0)
  const pss = Number(/^Pss: +(\d+) kB$/m.exec(file('smaps_rollup'))?.[1])
  const children = file(`task/${pid}/children`).split(' ').filter(Boolean)
  return children
    .map((child) => usageOf(Number(child)))
    .reduce((sum, one) => ({ cpuMs: sum.cpuMs + one.cpuMs, memoryKiB: sum.memoryKiB + one.memoryKiB }), {
      cpuMs: ticks * tickMs,
      memoryKiB: pss,
    })
}
