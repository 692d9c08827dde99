/**
 * Follows what is under a prefix. Level-triggered: a watch only says that it is time to read all of it anew, at one revision. So it
 * makes no difference whether something changed, was compacted away while nobody was connected, or the watch fell silent.
 */
import type { Clock } from '../clock.js'
import type { Etcd } from './client.js'
import type { Snapshot } from './wire.js'

export interface FollowParts {
  readonly etcd: Pick<Etcd, 'range' | 'changed'>
  readonly prefix: string
  /** So long a watch is believed when it says nothing. */
  readonly silenceMs: number
  /** What changes one after the other within so long is read at once. */
  readonly settleMs: number
  readonly clock: Clock
  /** Hears what is there, also if it is the same; `asked`: the time at which etcd was asked. */
  readonly onSnapshot: (snapshot: Snapshot, asked: number) => void
  /** Hears that etcd does not answer, or refuses, each time. */
  readonly onTrouble: (error: unknown) => void
  /** @default Math.random */
  readonly random?: () => number
}

/** Follows until the signal fires. Does not reject. */
export async function follow(parts: FollowParts, signal: AbortSignal): Promise<void> {
  const { etcd, prefix, silenceMs, settleMs, clock, onSnapshot, onTrouble, random = Math.random } = parts
  for (let failures = 0; !signal.aborted;) {
    try {
      const asked = clock.now()
      const snapshot = await etcd.range(prefix, signal)
      if (signal.aborted) return
      onSnapshot(snapshot, asked)
      await etcd.changed(prefix, snapshot, silenceMs, signal)
      failures = 0
      await pause(settleMs, clock, signal)
    } catch (error) {
      if (signal.aborted) return
      onTrouble(error)
      await pause(backoffMs(failures++, random()), clock, signal)
    }
  }
}

const firstMs = 250
const longestMs = 5000

/** How long to wait after so many failures in a row: twice as long each time, and never all directors at once. */
export const backoffMs = (failures: number, random: number): number =>
  Math.min(longestMs, firstMs * 2 ** Math.min(failures, 10)) * (0.5 + random / 2)

/** Resolves after so long, or when the signal fires. */
export async function pause(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    const done = () => {
      cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(ms, done)
    signal.addEventListener('abort', done)
  })
}
