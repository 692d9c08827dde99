/** When a round may be spared: a decision stands until something that it rests on is different. Pure. */
import type { Table } from 'ipvs'
import type { Config } from './config.js'
import type { Memory } from './policy.js'

/** A decision that found nothing to write. */
export interface Rest {
  readonly table: Table
  readonly config: Config
  /** When it was made, in milliseconds. */
  readonly since: number
}

/** So long a decision stands at most: whatever else there is to see is seen then. */
const longestMs = 60_000

/** Whether a decision can stand: servers that leave wait for their connections, and checks may ask for other weights at any time. */
export const canRest = (config: Config, { leaving }: Memory): boolean =>
  leaving.size === 0 && !config.services.some(({ policy }) => policy.weightFromCheck)

/**
 * Whether it still stands, if nobody has said that something has changed: the table is the same but for what is counted in it, and
 * so is the configuration.
 */
export const stands = (rest: Rest, config: Config, table: Table, now: number): boolean =>
  rest.config === config && now - rest.since < longestMs && isSame(rest.table, table)

/** What the kernel counts. */
const counted: ReadonlySet<string> = new Set(['connections', 'stats'])

function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (!isObject(a) || !isObject(b)) return false
  const fields = Object.keys(a)
  return (
    fields.length === Object.keys(b).length && fields.every((field) => counted.has(field) || isSame(a[field], b[field]))
  )
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
