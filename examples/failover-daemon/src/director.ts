/**
 * The level-triggered loop. Each turn computes what the table should be from configuration and health, compares, writes. A
 * change of health is written at once, against the last table that was read; every reconcile interval the table is read anew,
 * which repairs what failed and what others changed. Nothing but its signal ends the loop.
 */
import { IpvsApplyError, IpvsError, apply, diff } from 'ipvs'
import type { Change, Ipvs, ObjectKey, Table } from 'ipvs'
import type { HealthEvent, Monitor } from 'ipvs/health'
import type { ServerTarget, StartMonitor } from './checks.js'
import type { Config, VirtualService } from './config.js'
import { Episodes } from './episodes.js'
import type { Log } from './log.js'
import { changeName, changeTarget, keyName, objectName, objectNames, serverName, serviceName } from './names.js'
import { desired, owned } from './policy.js'
import type { State } from './policy.js'
import type { Ledger } from './state.js'
import { Wake } from './wake.js'

/** What a director works with; the caller opens and closes it. */
export interface DirectorParts {
  readonly config: Config
  readonly ipvs: Ipvs
  readonly ledger: Ledger
  readonly log: Log
  readonly startMonitor: StartMonitor
  /** Calls back every so many milliseconds until the returned function is called. @default setInterval */
  readonly every?: ((ms: number, callback: () => void) => () => void) | undefined
}

/** Keeps the table right until the signal fires, then leaves it as it is. Does not reject for IPVS, disk or checks. */
export async function runDirector(parts: DirectorParts, signal: AbortSignal): Promise<void> {
  await new Director(parts, signal).run()
}

/** At most so many names in one log line. */
const MAX_NAMES = 20

class Director {
  readonly #parts: DirectorParts
  readonly #signal: AbortSignal
  readonly #wake = new Wake()
  readonly #episodes: Episodes
  readonly #configured: ReadonlySet<string>
  readonly #monitors: { readonly spec: VirtualService; readonly monitor: Monitor<ServerTarget> }[] = []
  readonly #followers: Promise<void>[] = []
  /** The table as it was last read; undefined when a write may have changed it since. */
  #table: Table | undefined
  /** A full round is to be done. */
  #due = true
  /** Health has changed since the last plan. */
  #changed = false
  /** Names of the changes that the last full round could not carry out: they wait for the next one. */
  #unfinished: ReadonlySet<string> | undefined

  constructor(parts: DirectorParts, signal: AbortSignal) {
    this.#parts = parts
    this.#signal = signal
    this.#episodes = new Episodes(parts.log)
    this.#configured = new Set(parts.config.services.flatMap(({ spec, servers }) => objectNames(spec, servers)))
  }

  async run(): Promise<void> {
    const { config, every = repeat } = this.#parts
    const stop = () => this.#wake.set()
    this.#signal.addEventListener('abort', stop)
    const stopTimer = every(config.reconcileMs, () => {
      this.#due = true
      this.#wake.set()
    })
    while (!this.#signal.aborted) {
      try {
        await this.#turn()
        this.#episodes.report('a round', [])
      } catch (error) {
        this.#table = undefined
        this.#episodes.report('a round', [{ error: String(error) }])
      }
      await this.#wake.wait()
    }
    stopTimer()
    this.#signal.removeEventListener('abort', stop)
    await Promise.all(this.#monitors.map(({ monitor }) => monitor[Symbol.asyncDispose]()))
    await Promise.all(this.#followers)
  }

  async #turn(): Promise<void> {
    if (this.#changed) {
      if (this.#table === undefined || !(await this.#transition(this.#table))) this.#due = true
    }
    if (!this.#due || this.#signal.aborted) return
    this.#due = false
    const table = await this.#read()
    if (table === undefined) return
    if (this.#monitors.length === 0) this.#start(table)
    await this.#round(table)
  }

  /**
   * Writes what health has changed, and reads the table again. What failed before stays out: a service that the kernel
   * refuses (after a search for its module) would hold up every other. False if the table is not what it was thought to be.
   */
  async #transition(table: Table): Promise<boolean> {
    const failed = this.#unfinished ?? new Set()
    const waits = (change: Change) =>
      failed.has(changeName(change)) || ('of' in change && failed.has(`addService ${serviceName(change.of)}`))
    const changes = (await this.#plan(table)).filter((change) => !waits(change))
    const { applied, failures } = await this.#write(changes)
    this.#logWritten('transition', applied)
    for (const failure of failures) this.#parts.log.warn(failure, 'writing the table failed: reading it anew')
    if (failures.length > 0) return false
    if (changes.length > 0) this.#table = await this.#read()
    return true
  }

  /** Brings the table that was just read to what it should be. */
  async #round(table: Table): Promise<void> {
    this.#table = table
    const transition = this.#changed
    const changes = await this.#plan(table)
    const { applied, failures } = await this.#write(changes)
    this.#logWritten(transition ? 'transition' : this.#cause(applied), applied)
    this.#episodes.report('writing the table', failures)
    this.#unfinished = new Set(changes.filter((change) => !applied.includes(change)).map(changeName))
    if (changes.length > 0) this.#table = await this.#read()
  }

  /** The kernel's table; undefined, and a line in the log, when it cannot be read. */
  async #read(): Promise<Table | undefined> {
    try {
      const table = await this.#parts.ipvs.table({ signal: this.#signal })
      this.#episodes.report('reading the table', [])
      return table
    } catch (error) {
      if (!this.#signal.aborted) this.#episodes.report('reading the table', [errorFields(error)])
      return undefined
    }
  }

  /** Adopts what is there and starts the checks. */
  #start(table: Table): void {
    const { config, ledger, log, startMonitor } = this.#parts
    const weights = new Map(
      table.flatMap(({ service, destinations }) =>
        destinations.map((server) => [objectName(service, server), server.weight] as const),
      ),
    )
    const present = table.flatMap(({ service, destinations }) => objectNames(service, destinations))
    const ours = new Set(ledger.keys.map(keyName))
    const adopted = present.filter((name) => this.#configured.has(name))
    const others = present.filter((name) => !this.#configured.has(name))
    const [leaving, foreign] = [others.filter((name) => ours.has(name)), others.filter((name) => !ours.has(name))]
    log.info({ adopted: some(adopted), leaving: some(leaving), foreign: some(foreign) }, 'table found')

    for (const service of config.services) {
      const initial = (server: { address: string; port: number }): State =>
        (weights.get(objectName(service.spec, server)) ?? 0) > 0 ? 'up' : 'unknown'
      const monitor = startMonitor(service, initial)
      this.#monitors.push({ spec: service.spec, monitor })
      this.#followers.push(this.#follow(service.spec, monitor))
    }
  }

  async #follow(spec: VirtualService, monitor: Monitor<ServerTarget>): Promise<void> {
    try {
      for await (const event of monitor) {
        this.#logTransition(spec, event)
        this.#changed = true
        this.#wake.set()
      }
    } catch (error) {
      // The rounds still read the states; only the immediate write is lost.
      this.#parts.log.error({ service: serviceName(spec), error: String(error) }, 'following the checks failed')
    }
  }

  #logTransition(spec: VirtualService, { target, state, verdict, latencyMs }: HealthEvent<ServerTarget>): void {
    const { reason, detail } = verdict.outcome === 'pass' ? {} : verdict
    const fields = {
      service: serviceName(spec),
      server: serverName(target.server),
      state,
      reason,
      latencyMs: Math.round(latencyMs * 10) / 10,
      detail,
    }
    if (state === 'up') this.#parts.log.info(fields, 'server up')
    else this.#parts.log.warn(fields, 'server down')
  }

  #states(): ReadonlyMap<string, State> {
    return new Map(
      this.#monitors.flatMap(({ spec, monitor }) =>
        [...monitor.states().values()].map(({ target, state }) => [objectName(spec, target.server), state] as const),
      ),
    )
  }

  /** What is to be done; on return the ledger names what it creates, so that a crash leaves nothing without an owner. */
  async #plan(table: Table): Promise<readonly Change[]> {
    const { config, ledger } = this.#parts
    this.#changed = false
    const own = owned(config, table, ledger.keys)
    const { changes } = diff(table, desired(config, this.#states(), table, own), { owned: own })
    await ledger.replace([...own, ...changes.flatMap(created)])
    return changes
  }

  /** Why there was something to do although health has not changed. */
  #cause(applied: readonly Change[]): Cause {
    const before = this.#unfinished
    if (before === undefined) return 'start'
    if (applied.every((change) => !this.#configured.has(changeTarget(change)))) return 'drain'
    return applied.every((change) => before.has(changeName(change))) ? 'retry' : 'drift'
  }

  async #write(changes: readonly Change[]): Promise<{ applied: readonly Change[]; failures: readonly object[] }> {
    if (changes.length === 0) return { applied: [], failures: [] }
    try {
      return { applied: (await apply(this.#parts.ipvs, { changes, foreign: [] })).applied, failures: [] }
    } catch (error) {
      if (!(error instanceof IpvsApplyError)) return { applied: [], failures: [errorFields(error)] }
      const { applied, failed, notAttempted } = error.result
      // A dead server goes even where another could not be added.
      const removals = notAttempted.filter(({ type }) => type === 'removeDestination')
      const more = await this.#write(removals)
      return {
        applied: [...applied, ...more.applied],
        failures: [...failed.map(({ change, error }) => errorFields(error, change)), ...more.failures],
      }
    }
  }

  #logWritten(cause: Cause, applied: readonly Change[]): void {
    if (applied.length === 0) return
    const fields = { cause, changes: applied.length, written: some(applied.map(changeName)) }
    if (cause === 'drift') this.#parts.log.warn(fields, 'the table was changed by someone else: repaired')
    else this.#parts.log.info(fields, 'table written')
  }
}

/**
 * Why the table was written: health; what others did to it; servers that have left and were drained; what could not be
 * written before, or was not there at the start.
 */
type Cause = 'transition' | 'drift' | 'drain' | 'start' | 'retry'

function created(change: Change): readonly ObjectKey[] {
  if (change.type === 'addService') return [{ service: change.service }]
  return change.type === 'addDestination' ? [{ service: change.of, destination: change.destination }] : []
}

/** What went wrong, in words that stay the same from round to round. */
function errorFields(error: unknown, change?: Change): object {
  const code = IpvsError.is(error) ? error.code : undefined
  return { change: change && changeName(change), code, error: error instanceof Error ? error.message : String(error) }
}

/** A list for the log, bounded. */
const some = (names: readonly string[]): readonly string[] =>
  names.length <= MAX_NAMES ? names : [...names.slice(0, MAX_NAMES), `and ${names.length - MAX_NAMES} more`]

function repeat(ms: number, callback: () => void): () => void {
  const timer = setInterval(callback, ms)
  return () => clearInterval(timer)
}
