/** Hold-down: a server that comes and goes too often is left out for a while. Pure. */

/** How often is too often. */
export interface Flapping {
  /** So many changes of health … */
  readonly changes: number
  /** … within so many milliseconds … */
  readonly withinMs: number
  /** … and it stays out for so long; twice as long each time that it does so again soon after, an hour at most. */
  readonly holdMs: number
}

/** What is remembered of one server. */
export interface FlapHistory {
  /** When its health changed, the oldest first; no older than `withinMs`. */
  readonly changes: readonly number[]
  /** How often it was held in a row. */
  readonly holds: number
  readonly heldUntil?: number | undefined
}

export const calm: FlapHistory = { changes: [], holds: 0 }

const longestHoldMs = 3_600_000

/** The history after one more change of health. */
export function afterChange(history: FlapHistory, now: number, flapping: Flapping): FlapHistory {
  const { changes, withinMs, holdMs } = flapping
  const { heldUntil = -Infinity } = history
  const recent = [...history.changes.filter((at) => now - at < withinMs), now]
  if (recent.length < changes) return { ...history, changes: recent }
  const again = now - heldUntil < withinMs
  const holds = again ? history.holds + 1 : 1
  // Counted from nothing again: another hold takes as many changes as this one.
  return { changes: [], holds, heldUntil: now + Math.min(longestHoldMs, holdMs * 2 ** (holds - 1)) }
}
