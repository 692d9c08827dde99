/** Work that can pause: a generator that yields where the event loop may go on with something else. */
import { nextTurn } from './pause.js'

/** How long a slice holds the event loop. */
const sliceMs = 1

/** All of it at once. */
export function wholly<T>(work: Iterator<void, T>): T {
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}

/** In slices, with a turn of the event loop between any two. */
export async function inSlices<T>(work: Iterator<void, T>): Promise<T> {
  for (;;) {
    const end = performance.now() + sliceMs
    do {
      const step = work.next()
      if (step.done) return step.value
    } while (performance.now() < end)
    await nextTurn()
  }
}
