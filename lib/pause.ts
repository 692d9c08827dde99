import type { Clock } from './health/clock.js'

/** Lets what waits for the event loop run. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** The longest that a timer of Node.js waits. */
export const maxDelayMs = 0x7fffffff

/** Waits, or rejects with the signal's reason. */
export async function pause(clock: Clock, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    const end = () => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }
    const abort = () => {
      cancel()
      reject(signal?.reason as Error)
    }
    const cancel = clock.after(delayMs, end)
    signal?.addEventListener('abort', abort, { once: true })
  })
}
