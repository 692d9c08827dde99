/** Carries out plans, and tells the log of it. */
import { IpvsApplyError, IpvsError, apply } from 'ipvs'
import type { Change, Ipvs, ObjectKey } from 'ipvs'
import type { Episodes } from './episodes.js'
import type { Log } from './log.js'
import { changeName, changeTarget, objectName, serviceName } from './names.js'
import type { Insertion } from './places.js'

export interface WriterParts {
  readonly ipvs: Ipvs
  readonly log: Log
  readonly episodes: Episodes
  /** Names of the objects of the configuration. */
  readonly configured: () => ReadonlySet<string>
  /** Hears how many changes undid what others did. @default nobody */
  readonly onRepair?: ((changes: number) => void) | undefined
}

/** Writes to one table. */
export class Writer {
  readonly #parts: WriterParts
  /** Names of the changes that the last full round could not carry out: they wait for the next one. */
  #unfinished: ReadonlySet<string> | undefined

  constructor(parts: WriterParts) {
    this.#parts = parts
  }

  /**
   * The changes without those that failed before: a service that the kernel refuses (after a search for its module) would hold up
   * every other.
   */
  ready(changes: readonly Change[]): readonly Change[] {
    const failed = this.#unfinished ?? new Set()
    const waits = (change: Change) =>
      failed.has(changeName(change)) || ('of' in change && failed.has(`addService ${serviceName(change.of)}`))
    return changes.filter((change) => !waits(change))
  }

  /** Writes at once what health, time or an operator has changed; false if something failed. */
  async transition(changes: readonly Change[]): Promise<boolean> {
    const { applied, failures } = await writeChanges(this.#parts.ipvs, changes)
    this.#logWritten('transition', applied)
    for (const failure of failures) this.#parts.log.warn(failure, 'writing the table failed: reading it anew')
    return failures.length === 0
  }

  /** Writes what a full round found; false if something failed, which is tried again by the next one. */
  async round(changes: readonly Change[], transition: boolean): Promise<boolean> {
    const { applied, failures } = await writeChanges(this.#parts.ipvs, changes)
    this.#logWritten(transition ? 'transition' : this.#cause(applied), applied)
    this.#parts.episodes.report('writing the table', failures)
    this.#unfinished = new Set(changes.filter((change) => !applied.includes(change)).map(changeName))
    return failures.length === 0
  }

  /** Gives servers their places, one after the other; false if something failed, which is tried again by the next round. */
  async insert(insertions: readonly Insertion[]): Promise<boolean> {
    const failures: object[] = []
    const inserted: string[] = []
    for (const insertion of insertions) {
      const name = objectName(insertion.of, insertion.server)
      try {
        await insert(this.#parts.ipvs, insertion)
        inserted.push(name)
      } catch (error) {
        failures.push({ of: name, ...errorFields(error) })
      }
    }
    if (inserted.length > 0) this.#parts.log.info({ inserted: some(inserted) }, 'servers were put into their places')
    this.#parts.episodes.report('inserting servers', failures)
    return failures.length === 0
  }

  #cause(applied: readonly Change[]): Cause {
    const before = this.#unfinished
    if (before === undefined) return 'start'
    const configured = this.#parts.configured()
    if (applied.every((change) => !configured.has(changeTarget(change)))) return 'drain'
    return applied.every((change) => before.has(changeName(change))) ? 'retry' : 'drift'
  }

  #logWritten(cause: Cause, applied: readonly Change[]): void {
    if (applied.length === 0) return
    const fields = { cause, changes: applied.length, written: some(applied.map(changeName)) }
    if (cause === 'drift') {
      this.#parts.log.warn(fields, 'the table was changed by someone else: repaired')
      this.#parts.onRepair?.(applied.length)
    } else this.#parts.log.info(fields, 'table written')
  }
}

/**
 * Why the table was written: health, time or an operator; what others did to it; servers that have left and were drained; what
 * could not be written before, or was not there at the start.
 */
type Cause = 'transition' | 'drift' | 'drain' | 'start' | 'retry'

/** What became of a plan. */
interface Written {
  readonly applied: readonly Change[]
  /** Fields for the log, one for each change that failed. */
  readonly failures: readonly object[]
}

/** Carries out changes. Does not reject: what fails is told. */
async function writeChanges(ipvs: Ipvs, changes: readonly Change[]): Promise<Written> {
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

/**
 * In one turn, so that it is one batch: only while the kernel works on that the server is missing, or one at weight 0 gets clients. What a
 * connection sends meanwhile is lost, and sent again; the server comes back as the same object with its connections (Linux 6.1
 * ip_vs_trash_get_dest).
 */
async function insert(ipvs: Ipvs, { of, again, server, weight }: Insertion): Promise<void> {
  const writes = again ? [ipvs.removeDestination(of, server)] : []
  writes.push(ipvs.addDestination(of, server))
  if (weight !== server.weight) writes.push(ipvs.updateDestination(of, { ...server, weight }))
  for (const end of await Promise.allSettled(writes)) if (end.status === 'rejected') throw end.reason
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
