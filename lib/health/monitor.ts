import { invalidState, outOfRange } from './arguments.js'
import type { Target, Verdict } from './check.js'
import { type Cancel, type Clock, systemClock } from './clock.js'
import { Controllers } from './controllers.js'
import { EventQueue } from './events.js'
import { type CheckedMonitorOptions, type MonitorOptions, checkedMonitorOptions } from './monitor-options.js'
import { type Run, type RunContext, type RunEnd, startRun } from './run.js'
import { StallDetector } from './stall.js'
import { type Health, isFollowedUp, isUnsure, nextDelay, placing, step, stillUrgent } from './state.js'
import { checkTarget, checkedTargets, targetKey } from './target.js'
import { type Hold, Tripwire, holdTcp } from './tripwire.js'

/** A target's state has changed. From unknown to up or down is a change as well. */
export interface HealthEvent<T extends Target> {
  /** As given to the monitor. */
  readonly target: T
  /** What it is from now on. */
  readonly state: 'up' | 'down'
  /** The last of the verdicts that made the change. */
  readonly verdict: Verdict
  /** Milliseconds that its check took. */
  readonly latencyMs: number
}

/** What a monitor knows of one target. */
export interface TargetState<T extends Target> {
  /** As given to the monitor. */
  readonly target: T
  /** `unknown` until `rise` passes or `fall` failures in a row. */
  readonly state: 'up' | 'down' | 'unknown'
  /** The last verdict, also an inconclusive one; undefined before the first. */
  readonly last?: Verdict | undefined
  /** Milliseconds that its check took. */
  readonly latencyMs?: number | undefined
}

/**
 * Checks targets for ever, each on its own: no check waits for another, and no target is checked twice at the same time
 * unless its check goes on after its deadline.
 *
 * With a check that answers at once, a target that refuses is seen as down within `intervalMs + (fall - 1) * fastIntervalMs`
 * of its last pass; one that swallows everything within `fall * timeoutMs` more. With `tripwire` one whose process dies is down
 * within as long as `fall` checks take.
 *
 * Iterate it for changes. One consumer at a time: a second iterator throws as long as the first has not ended. Changes that
 * nobody has taken yet wait, of each target only the newest: a slow consumer may see the same state twice in a row, but never
 * an outdated one last. The iteration ends with `[Symbol.asyncDispose]()`; until then the timers keep the process alive.
 */
export interface Monitor<T extends Target> extends AsyncIterable<HealthEvent<T>>, AsyncDisposable {
  /**
   * Replaces the targets. Those that stay (the same address and port) keep state and phase; the new ones are checked at once.
   * A check of one that leaves is withdrawn and gives no more event, nor does a change of it that was not taken yet.
   */
  set(targets: readonly T[]): void
  /** A snapshot, by `targetKey()`, in the order of the targets. */
  states(): ReadonlyMap<string, TargetState<T>>
  /** Checks this target now, or once more right after the check that is under way. RangeError if it is not monitored. */
  poke(target: Target): void
  /** Ends iteration and checks. Resolves once the checks under way have settled, at their deadline at the latest. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts to monitor. Throws TypeError or RangeError for a wrong option or target, or for one that is listed twice. */
export function createMonitor<T extends Target>(targets: readonly T[], options: MonitorOptions<T>): Monitor<T> {
  return createMonitorWith(systemClock, targets, options)
}

/** The same by another clock, and other connections for tripwires. */
export function createMonitorWith<T extends Target>(
  clock: Clock,
  targets: readonly T[],
  options: MonitorOptions<T>,
  hold: Hold = holdTcp,
): Monitor<T> {
  const monitor = new TargetMonitor(clock, checkedMonitorOptions(options), hold)
  monitor.set(targets)
  return monitor
}

interface Entry<T extends Target> {
  target: T
  health: Health
  last: Verdict | undefined
  latencyMs: number | undefined
  cancelNext: Cancel
  run: Run | undefined
  /** Poked while a check was under way. */
  again: boolean
  /** Checks that a tripwire set off and that are still to follow without delay. */
  urgent: number
  /** It has its own place in the interval. */
  placed: boolean
  readonly tripwire: Tripwire | undefined
}

class TargetMonitor<T extends Target> implements Monitor<T> {
  readonly #clock: Clock
  readonly #options: CheckedMonitorOptions<T>
  readonly #context: RunContext<T>
  readonly #hold: Hold
  readonly #events = new EventQueue<HealthEvent<T>>()
  /** Checks under way of targets that have left. */
  readonly #leaving = new Set<Run>()
  #entries = new Map<string, Entry<T>>()
  #disposing: Promise<void> | undefined

  constructor(clock: Clock, options: CheckedMonitorOptions<T>, hold: Hold) {
    const { check, timeoutMs } = options
    this.#hold = hold
    this.#clock = clock
    this.#options = options
    const stalls = new StallDetector(clock, Math.max(100, timeoutMs / 5))
    this.#context = { clock, check, timeoutMs, stalls, controllers: new Controllers(check) }
  }

  set(targets: readonly T[]): void {
    if (this.#disposing) throw invalidState('This monitor has been disposed: it takes no targets any more')
    const wanted = checkedTargets(targets)
    const added = new Map<string, Entry<T>>()
    for (const [key, target] of wanted) {
      if (!this.#entries.has(key)) added.set(key, this.#newEntry(key, target))
    }
    // All that may throw has been done, and nothing is changed so far.
    for (const [key, entry] of this.#entries) {
      if (!wanted.has(key)) this.#remove(key, entry)
    }
    const known = this.#entries
    this.#entries = new Map()
    for (const [key, target] of wanted) {
      const entry = known.get(key) ?? added.get(key)
      if (!entry) continue
      entry.target = target
      this.#entries.set(key, entry)
    }
    const gapMs = this.#options.jitterMs / added.size
    let delayMs = 0
    for (const [key, entry] of added) {
      this.#schedule(key, entry, delayMs)
      delayMs += gapMs
    }
  }

  states(): ReadonlyMap<string, TargetState<T>> {
    const states = new Map<string, TargetState<T>>()
    for (const [key, { target, health, last, latencyMs }] of this.#entries)
      states.set(key, { target, state: health.state, last, latencyMs })
    return states
  }

  poke(target: Target): void {
    checkTarget('target', target)
    const key = targetKey(target)
    const entry = this.#entries.get(key)
    if (!entry) throw outOfRange('target', 'one that is monitored', key)
    this.#checkNow(key, entry)
  }

  [Symbol.asyncIterator](): AsyncIterator<HealthEvent<T>, undefined> {
    return this.#events[Symbol.asyncIterator]()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#disposing ??= this.#dispose())
  }

  async #dispose(): Promise<void> {
    this.set([])
    this.#events.end()
    await Promise.all([...this.#leaving].map((run) => run.ended))
  }

  #newEntry(key: string, target: T): Entry<T> {
    const health = { state: this.#options.initial(target), passes: 0, failures: 0 }
    const tripwire = this.#options.tripwire
      ? new Tripwire(this.#clock, this.#hold, target, () => this.#hint(key, entry))
      : undefined
    const entry: Entry<T> = {
      target,
      health,
      last: undefined,
      latencyMs: undefined,
      cancelNext: () => {},
      run: undefined,
      again: false,
      urgent: 0,
      placed: false,
      tripwire,
    }
    return entry
  }

  /** Something may have happened to the target: only checks tell. */
  #hint(key: string, entry: Entry<T>): void {
    entry.urgent = this.#options.fall
    this.#checkNow(key, entry)
  }

  #checkNow(key: string, entry: Entry<T>): void {
    if (entry.run) {
      entry.again = true
    } else {
      entry.cancelNext()
      this.#check(key, entry)
    }
  }

  #remove(key: string, entry: Entry<T>): void {
    entry.cancelNext()
    entry.tripwire?.disarm()
    this.#events.drop(key)
    const { run } = entry
    if (run === undefined) return
    run.withdraw()
    this.#leaving.add(run)
    void run.ended.then(() => this.#leaving.delete(run))
  }

  #schedule(key: string, entry: Entry<T>, delayMs: number): void {
    entry.cancelNext = this.#clock.after(delayMs, () => this.#check(key, entry))
  }

  #check(key: string, entry: Entry<T>): void {
    const run = startRun(this.#context, entry.target)
    entry.run = run
    void run.ended.then((ended) => {
      entry.run = undefined
      // The target may have left meanwhile, and even have come back as a new one.
      if (this.#entries.get(key) === entry) this.#conclude(key, entry, ended)
    })
  }

  #conclude(key: string, entry: Entry<T>, { verdict, latencyMs }: RunEnd): void {
    const { health, changed } = step(entry.health, verdict, this.#options)
    const soon = isFollowedUp(verdict, entry.last)
    entry.health = health
    entry.last = verdict
    entry.latencyMs = latencyMs
    this.#options.onVerdict(entry.target, verdict, latencyMs)
    if (health.state === 'down') entry.tripwire?.disarm()
    else if (health.state === 'up' && verdict.outcome === 'pass') entry.tripwire?.arm()
    entry.urgent = entry.again ? entry.urgent : stillUrgent(entry.urgent, verdict, health)
    const usual = !soon && !isUnsure(health)
    const timing = usual && !entry.placed ? placing(this.#options) : this.#options
    entry.placed ||= usual
    const usualMs = nextDelay(health, soon, timing, this.#clock.random())
    const delayMs = entry.again || entry.urgent > 0 ? 0 : usualMs
    entry.again = false
    // From start to start: the time that the check took is part of the interval.
    this.#schedule(key, entry, Math.max(0, delayMs - latencyMs))
    if (changed) this.#events.push(key, { target: entry.target, state: changed, verdict, latencyMs })
  }
}
