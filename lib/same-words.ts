/** Destinations that are told in just the same words as before: most of a table, most of the time. */
import type { CheckedDestination } from './validate-destination.js'
import type { Destination } from './types.js'

/**
 * Whether what is wanted says of each destination, in the order of a table that was read or made in one go, just what is there:
 * then all that was found right of the one is right of the other, and nothing is left to compare.
 */
export function allInSameWords(have: readonly CheckedDestination[], want: readonly unknown[]): boolean {
  const last = want.length - 1
  if (have.length !== want.length) return false
  // The kernel lists what was added last first.
  return want.every((one, i) => sameWords(have[last - i], one)) || want.every((one, i) => sameWords(have[i], one))
}

function sameWords(have: CheckedDestination | undefined, want: unknown): boolean {
  const given = have?.given as Partial<Destination>
  const other = want as Partial<Destination> | null
  if (other?.address !== given.address || other?.port !== given.port || other?.forwarding !== given.forwarding)
    return false
  if (other?.weight !== given.weight || 'limits' in given || 'encapsulation' in given || 'idleEncapsulation' in given)
    return false
  for (const name in other) if (!plainFields.has(name)) return false
  return true
}
const plainFields = new Set(['address', 'port', 'forwarding', 'weight', 'connections', 'stats'])
