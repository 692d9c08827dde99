import type { Clock } from '../src/clock.js'

/** A clock that moves when it is told to. */
export function fakeClock(): Clock & { pass(ms: number): Promise<void> } {
  let now = 0
  let timers: { at: number; call: () => void }[] = []
  return {
    now: () => now,
    after: (ms, call) => {
      const timer = { at: now + ms, call }
      timers.push(timer)
      return () => void (timers = timers.filter((other) => other !== timer))
    },
    async pass(ms) {
      const end = now + ms
      for (;;) {
        const [next] = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
        if (next === undefined) break
        now = Math.max(now, next.at)
        timers = timers.filter((other) => other !== next)
        next.call()
        await new Promise((resolve) => setImmediate(resolve))
      }
      now = end
    },
  }
}
