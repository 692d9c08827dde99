import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for it, and gives the milliseconds that it took. */
export async function until(what: () => boolean, withinMs = 10_000): Promise<number> {
  const began = performance.now()
  while (!what()) {
    if (performance.now() - began > withinMs) throw new Error(`not within ${withinMs} ms: ${what.toString()}`)
    await sleep(5)
  }
  return performance.now() - began
}
