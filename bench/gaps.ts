/** How long a program's own timers wait while something else goes on in it. */

/** The largest distance between two ticks of a 1 ms timer while `work` runs, and how long it ran; in microseconds. */
export async function largestGap(
  work: () => Promise<unknown>,
): Promise<{ readonly gap: number; readonly took: number }> {
  let gap = 0
  let last = performance.now()
  const look = () => {
    const now = performance.now()
    gap = Math.max(gap, now - last)
    last = now
  }
  const timer = setInterval(look, 1)
  // The timer's first tick comes before the work begins: a gap of its start is not the work's.
  await new Promise((resolve) => setTimeout(resolve, 3))
  gap = 0
  last = performance.now()
  const start = last
  await work()
  const took = performance.now() - start
  // What held the loop up until now shows at the next tick.
  await new Promise((resolve) => setTimeout(resolve, 2))
  look()
  clearInterval(timer)
  return { gap: gap * 1000, took: took * 1000 }
}
