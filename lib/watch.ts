/** Follows the table. */
import { fieldsOf, integer, signalOf } from './check.js'
import { changesBetween } from './diff.js'
import { IpvsError } from './errors.js'
import { systemClock, type Clock } from './health/clock.js'
import { maxDelayMs, pause } from './pause.js'
import type { CallOptions, Ipvs } from './handle.js'
import type { Change } from './plan.js'
import type { Table } from './types.js'

/** Options of `watch()`. */
export interface WatchOptions extends CallOptions {
  /** Milliseconds between two readings, 1 to 2147483647. */
  readonly intervalMs: number
}

/** What `watch()` yields. */
export interface Observation {
  /** All of it, as `table()` reads it. */
  readonly table: Table
  /** What is different from the table before; in the first observation: nothing. */
  readonly changes: readonly Change[]
}

/**
 * IPVS sends no notifications: polls, yields the first table, then each one that differs from the last, counters aside. What
 * it yields is `exact`, so that no change is told that only a reading made; while the table does not stand still for that,
 * nothing is yielded. A slow consumer skips states, never queues them.
 *
 * Ends with the loop, or rejects with signal.reason, or with the IpvsError of a reading that failed. Between two observations
 * only the signal ends it.
 */
export function watch(ipvs: Ipvs, options: WatchOptions): AsyncIterable<Observation> {
  return watchBy(systemClock, ipvs, options)
}

/** The same, by any clock. */
export async function* watchBy(clock: Clock, ipvs: Ipvs, options: WatchOptions): AsyncGenerator<Observation> {
  const fields = fieldsOf('options', options, ['intervalMs', 'signal'])
  const intervalMs = integer('intervalMs', fields.intervalMs, 1, maxDelayMs)
  const signal = signalOf({ signal: fields.signal })
  let table: Table | undefined
  for (;;) {
    // The first table, too: an entry that it missed would be told as added.
    if (!table || changesBetween(table, await ipvs.table({ signal })).length > 0) {
      const steady = await steadyTable(ipvs, signal)
      const changes = table && steady ? changesBetween(table, steady) : []
      if (steady && (!table || changes.length > 0)) {
        table = steady
        yield { table, changes }
      }
    }
    await pause(clock, intervalMs, signal)
  }
}

/** undefined while it does not stand still: a single reading may miss entries. */
async function steadyTable(ipvs: Ipvs, signal: AbortSignal | undefined): Promise<Table | undefined> {
  try {
    return await ipvs.table({ exact: true, signal })
  } catch (error) {
    if (IpvsError.is(error, 'IPVS_INTERRUPTED')) return undefined
    throw error
  }
}
