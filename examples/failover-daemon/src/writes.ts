/** Carries out a plan, and what the log says of it. */
import { IpvsApplyError, IpvsError, apply } from 'ipvs'
import type { Change, Ipvs, ObjectKey } from 'ipvs'
import { changeName } from './names.js'

/** What became of a plan. */
export interface Written {
  readonly applied: readonly Change[]
  /** Fields for the log, one for each change that failed. */
  readonly failures: readonly object[]
}

/** Carries out changes. Does not reject: what fails is told. */
export async function writeChanges(ipvs: Ipvs, changes: readonly Change[]): Promise<Written> {
  if (changes.length === 0) return { applied: [], failures: [] }
  try {
    return { applied: (await apply(ipvs, { changes, foreign: [] })).applied, failures: [] }
  } catch (error) {
    if (!(error instanceof IpvsApplyError)) return { applied: [], failures: [errorFields(error)] }
    const { applied, failed, notAttempted } = error.result
    // A dead server goes even where another could not be added.
    const removals = notAttempted.filter(({ type }) => type === 'removeDestination')
    const more = await writeChanges(ipvs, removals)
    return {
      applied: [...applied, ...more.applied],
      failures: [...failed.map(({ change, error }) => errorFields(error, change)), ...more.failures],
    }
  }
}

/** The keys of what a change creates. */
export function created(change: Change): readonly ObjectKey[] {
  if (change.type === 'addService') return [{ service: change.service }]
  return change.type === 'addDestination' ? [{ service: change.of, destination: change.destination }] : []
}

/** An error for the log. */
export function errorFields(error: unknown, change?: Change): object {
  const code = IpvsError.is(error) ? error.code : undefined
  return { change: change && changeName(change), code, error: error instanceof Error ? error.message : String(error) }
}

/** At most so many names in one log line. */
const mostNames = 20

/** A list for the log, bounded. */
export const some = (names: readonly string[]): readonly string[] =>
  names.length <= mostNames ? names : [...names.slice(0, mostNames), `and ${names.length - mostNames} more`]
