/** Shows what changes again and again, until the user has seen enough. */
import { makeScreen, type Canvas, type Line } from './screen.js'
import type { Terminal } from './terminal.js'

/** How often. */
export interface Refreshing {
  /** Waits between two frames, or rejects with the signal's reason. */
  readonly pause: (signal: AbortSignal) => Promise<void>
  /** Ends after so many frames; the last of them stays on a terminal. */
  readonly count?: number | undefined
}

/** Reads and lays out one frame. */
export type Compose = (canvas: Canvas, signal: AbortSignal) => Promise<readonly Line[]>

/** How it ended: all frames are shown, or the user pressed a key. */
export type Ending = 'shown' | 'quit' | 'interrupted'

/** Rejects with the reason of the terminal's signal. The terminal is given back in any case. */
export async function refresh(io: Terminal, { pause, count }: Refreshing, compose: Compose): Promise<Ending> {
  const quit = new AbortController()
  const signal = AbortSignal.any([io.signal, quit.signal])
  let ending: Ending = 'quit'
  const screen = makeScreen(io, (key) => {
    // Ctrl-C is a key, too, while keys are heard one by one.
    if (key.includes(ctrlC)) ending = 'interrupted'
    if (key.includes(ctrlC) || key.toLowerCase().includes('q')) quit.abort()
  })
  // At once: a call that the kernel holds up must not hold up the terminal.
  signal.addEventListener('abort', () => screen.close(), { once: true })
  try {
    for (let shown = 1; ; shown++) {
      const isLast = shown === count
      const lines = await compose(isLast ? { ...screen.canvas, ending: undefined } : screen.canvas, signal)
      signal.throwIfAborted()
      if (isLast) screen.close()
      screen.draw(lines)
      if (isLast) return 'shown'
      await pause(signal)
    }
  } catch (error) {
    if (quit.signal.aborted && !io.signal.aborted && error === quit.signal.reason) return ending
    throw error
  } finally {
    screen.close()
  }
}

const ctrlC = '\x03'

/** `23:59:59` */
export function timeOfDay(): string {
  return new Date().toTimeString().slice(0, 8)
}
