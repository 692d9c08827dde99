/** What a process holds. */
import { readdirSync, readFileSync } from 'node:fs'

/** The private threads of handles, which name themselves. */
export function privateThreads(): number {
  return readdirSync('/proc/self/task').filter((thread) => {
    try {
      return readFileSync(`/proc/self/task/${thread}/comm`, 'latin1') === 'ipvs\n'
    } catch {
      return false // it has ended
    }
  }).length
}

export function descriptors(): number {
  return readdirSync('/proc/self/fd').length
}

export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  patienceMs: number,
): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/** Until the garbage collector has closed what nobody refers to. */
export async function untilCollected(before: number, patienceMs: number): Promise<void> {
  const collected = () => {
    globalThis.gc?.()
    return descriptors() === before
  }
  await until('all collected', collected, patienceMs)
}
