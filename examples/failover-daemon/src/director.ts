/**
 * The level-triggered loop. Each turn computes what the table should be from configuration and health, compares, writes. A
 * change of health is written at once, against the last table that was read; every reconcile interval the table is read anew,
 * which repairs what failed and what others changed. Nothing but its signal ends the loop.
 */
import { diff } from 'ipvs'
import type { Change, DestinationKey, Ipvs, Table } from 'ipvs'
import { Checks } from './checks.js'
import type { HealthChange, StartMonitor } from './checks.js'
import { systemClock } from './clock.js'
import type { Clock } from './clock.js'
import type { Config, ServiceConfig } from './config.js'
import { Episodes } from './episodes.js'
import type { DirectorEvent } from './events.js'
import type { Facts, Order } from './facts.js'
import { Hosts } from './hosts.js'
import type { Echo } from './hosts.js'
import type { Log } from './log.js'
import { keyName, objectName, objectNames, serverName, serviceName } from './names.js'
import { Observations } from './observations.js'
import type { Orders } from './orders.js'
import { decide, noMemory, owned } from './policy.js'
import type { Decision, Memory } from './policy.js'
import { refusedReload } from './reload.js'
import { Resolver, systemAsking } from './resolver.js'
import type { Asking } from './resolver.js'
import { resolved } from './sources.js'
import type { Ledger } from './state.js'
import { statusOf } from './status.js'
import type { Status } from './status.js'
import { Transitions } from './transitions.js'
import { Wake } from './wake.js'
import { Writer, created, errorFields, some } from './writes.js'

/** What a director works with; the caller opens and closes it. */
export interface DirectorParts {
  readonly config: Config
  readonly ipvs: Ipvs
  readonly ledger: Ledger
  readonly orders: Orders
  readonly log: Log
  readonly startMonitor: StartMonitor
  /** How hosts are pinged. @default they are not: a server that is down is failed, never offline */
  readonly echo?: Echo | undefined
  /** Hears what happens. Must not throw. @default nobody */
  readonly onEvent?: ((event: DirectorEvent) => void) | undefined
  /** Hears of each full round that is complete: the table was read, and written where need be. Must not throw. @default nobody */
  readonly onRound?: ((status: Status) => void) | undefined
  /** Calls back every so many milliseconds until the returned function is called. @default setInterval */
  readonly every?: ((ms: number, callback: () => void) => () => void) | undefined
  /** @default the system's */
  readonly clock?: Clock | undefined
  /** How names and node lists are asked. @default the system's way */
  readonly asking?: Asking | undefined
}

/** So long the start, and a reload, wait for names. What is not known by then comes later. */
const patienceMs = 1000

/** Keeps a table right. */
export class Director {
  readonly #parts: DirectorParts
  readonly #clock: Clock
  readonly #wake = new Wake()
  readonly #episodes: Episodes
  readonly #resolver: Resolver
  readonly #checks: Checks
  readonly #observations = new Observations()
  readonly #hosts: Hosts | undefined
  readonly #transitions: Transitions
  readonly #writer: Writer
  /** As it was given. */
  #given: Config
  /** With the servers that are known. */
  #config: Config
  /** The table as it was last read; undefined when a write may have changed it since. */
  #table: Table | undefined
  #lastTable: Table = []
  #memory: Memory = noMemory
  #suspect = false
  #started = false
  /** A full round is to be done. */
  #due = true
  /** Something that the policy depends on has changed since the last plan. */
  #changed = false
  /** Those who wait for the next full round. */
  #waiting: (() => void)[] = []
  #cancelTimer = () => {}
  #stopRounds = () => {}

  constructor(parts: DirectorParts) {
    const { clock = systemClock, asking = systemAsking, log, config } = parts
    this.#parts = parts
    this.#clock = clock
    this.#given = config
    this.#config = config
    this.#episodes = new Episodes(log)
    this.#transitions = new Transitions(log, parts.onEvent)
    this.#writer = new Writer(parts.ipvs, log, this.#episodes, () => this.#configured())
    this.#hosts = parts.echo && new Hosts(parts.echo, () => this.#look())
    this.#resolver = new Resolver(asking, clock, this.#episodes, () => this.#reconfigure())
    this.#checks = new Checks({
      start: parts.startMonitor,
      isServing: (service, server) => this.#weight(service, server) > 0,
      onChange: (changes) => this.#heard(changes),
      onVerdict: (service, server, verdict, latencyMs) =>
        this.#transitions.verdict(service, server, verdict, latencyMs),
      onError: (error) => log.error({ error: String(error) }, 'following the checks failed'),
    })
  }

  /** Keeps the table right until the signal fires, then leaves it as it is. Does not reject for IPVS, disk or checks. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.#wake.set()
    signal.addEventListener('abort', stop)
    this.#resolver.follow(this.#given)
    await this.#refreshed()
    this.#startRounds()
    while (!signal.aborted) {
      try {
        await this.#turn(signal)
        this.#episodes.report('a round', [])
      } catch (error) {
        this.#table = undefined
        this.#episodes.report('a round', [{ error: String(error) }])
      }
      await this.#wake.wait()
    }
    this.#stopRounds()
    this.#cancelTimer()
    signal.removeEventListener('abort', stop)
    this.#resolver.end()
    for (const done of this.#waiting.splice(0)) done()
    await this.#checks.end()
  }

  /**
   * Takes another configuration; resolves when it has been written, with the error that it met if there is one. What is the same in
   * both keeps its checks' state and is not written. Refuses, by an Error, to remove most services at once, unless forced.
   */
  async reload(config: Config, { force = false } = {}): Promise<void> {
    const refused = force ? undefined : refusedReload(this.#given, config)
    if (refused !== undefined) throw new Error(refused)
    this.#given = config
    this.#resolver.follow(config)
    await this.#refreshed()
    this.#reconfigure()
    if (this.#started) this.#startRounds()
    await this.#nextRound()
  }

  /** What reload() of this configuration would write, or a round would, from what is known now. */
  async plan(config: Config = this.#given): Promise<readonly Change[]> {
    const planned = resolved(config, this.#resolver.known)
    const table = await this.#parts.ipvs.table()
    const { changes } = this.#compared(planned, table)
    return changes
  }

  /** Gives an order for these servers, or takes it back; resolves when it is saved and has been written. */
  async order(names: readonly string[], order: Order | undefined): Promise<void> {
    const orders = new Map(this.#parts.orders.all)
    for (const name of names) {
      if (order === undefined) orders.delete(name)
      else orders.set(name, order)
    }
    await this.#parts.orders.replace(orders)
    await this.#nextRound()
  }

  /** The configuration with the servers that are known. */
  get config(): Config {
    return this.#config
  }

  /** What there is to see. */
  status(): Status {
    const checks = this.#checks.states()
    return statusOf({
      config: this.#config,
      facts: this.#facts(this.#config, checks),
      checks,
      table: this.#lastTable,
      owned: this.#parts.ledger.keys,
      short: this.#memory.short,
      problems: [
        ...this.#episodes.current(),
        ...(this.#suspect
          ? ['most hosts failed at once: this director is suspected, and they stay in for a while']
          : []),
      ],
      now: this.#clock.now(),
    })
  }

  async #turn(signal: AbortSignal): Promise<void> {
    if (this.#changed) {
      if (this.#table === undefined || !(await this.#transition(this.#table, signal))) this.#due = true
    }
    if (!this.#due || signal.aborted) return
    this.#due = false
    const waiting = this.#waiting.splice(0)
    try {
      const table = await this.#read(signal)
      if (table === undefined) return
      if (!this.#started) this.#start(table)
      await this.#round(table, signal)
      this.#parts.onRound?.(this.status())
    } finally {
      for (const done of waiting) done()
    }
  }

  /** Writes what has changed, and reads the table again. False if the table is not what it was thought to be. */
  async #transition(table: Table, signal: AbortSignal): Promise<boolean> {
    const changes = this.#writer.ready(await this.#plan(table))
    if (!(await this.#writer.transition(changes))) return false
    if (changes.length > 0) this.#table = await this.#read(signal)
    return true
  }

  /** Brings the table that was just read to what it should be. */
  async #round(table: Table, signal: AbortSignal): Promise<void> {
    this.#table = table
    const transition = this.#changed
    const changes = await this.#plan(table)
    await this.#writer.round(changes, transition)
    if (changes.length > 0) this.#table = await this.#read(signal)
  }

  /** The kernel's table; undefined, and a line in the log, when it cannot be read. */
  async #read(signal: AbortSignal): Promise<Table | undefined> {
    try {
      const table = await this.#parts.ipvs.table({ signal })
      this.#lastTable = table
      this.#episodes.report('reading the table', [])
      this.#transitions.kernel(undefined)
      return table
    } catch (error) {
      if (!signal.aborted) {
        this.#episodes.report('reading the table', [errorFields(error)])
        this.#transitions.kernel(error)
      }
      return undefined
    }
  }

  /** Adopts what is there and starts the checks. */
  #start(table: Table): void {
    const { ledger, log } = this.#parts
    const present = table.flatMap(({ service, destinations }) => objectNames(service, destinations))
    const ours = new Set(ledger.keys.map(keyName))
    const configured = this.#configured()
    const adopted = present.filter((name) => configured.has(name))
    const others = present.filter((name) => !configured.has(name))
    const [leaving, foreign] = [others.filter((name) => ours.has(name)), others.filter((name) => !ours.has(name))]
    log.info({ adopted: some(adopted), leaving: some(leaving), foreign: some(foreign) }, 'table found')
    this.#started = true
    this.#checks.set(this.#config)
  }

  /** Other servers may be known than before. */
  #reconfigure(): void {
    this.#config = resolved(this.#given, this.#resolver.known)
    this.#observations.prune(this.#config)
    if (this.#started) this.#checks.set(this.#config)
    this.#look()
  }

  /** Something that the policy depends on has changed. */
  #look(): void {
    this.#changed = true
    this.#wake.set()
  }

  #heard(changes: readonly HealthChange[]): void {
    const now = this.#clock.now()
    for (const { service, server, event } of changes) {
      this.#observations.note(service, server, now)
      this.#transitions.health(service, server, event)
    }
    const down = changes.filter(({ event }) => event.state === 'down')
    this.#hosts?.ask(
      down.map(({ server }) => server.address),
      this.#config,
    )
    this.#look()
  }

  #facts(config: Config, checks = this.#checks.states()): Facts {
    return this.#observations.facts(config, checks, this.#parts.orders.all, this.#hosts?.answers ?? new Map())
  }

  #downAddresses(): readonly string[] {
    const states = this.#checks.states()
    return this.#config.services.flatMap(({ spec, servers }) =>
      servers.filter((server) => states.get(objectName(spec, server))?.health === 'down').map(({ address }) => address),
    )
  }

  #weight({ spec }: ServiceConfig, server: DestinationKey): number {
    const entry = this.#lastTable.find(({ service }) => serviceName(service) === serviceName(spec))
    return entry?.destinations.find((other) => serverName(other) === serverName(server))?.weight ?? 0
  }

  #configured(): ReadonlySet<string> {
    return new Set(this.#config.services.flatMap(({ spec, servers }) => objectNames(spec, servers)))
  }

  /** What is to be done; on return the ledger names what it creates, so that a crash leaves nothing without an owner. */
  async #plan(table: Table): Promise<readonly Change[]> {
    this.#changed = false
    const { decision, facts, own, changes } = this.#compared(this.#config, table)
    this.#memory = decision.memory
    this.#suspect = decision.suspect
    this.#transitions.decided(this.#config, facts, decision, this.#clock.now())
    this.#wakeAt(decision.nextAt)
    await this.#parts.ledger.replace([...own, ...changes.flatMap(created)])
    return changes
  }

  #compared(config: Config, table: Table) {
    const own = owned(config, table, this.#parts.ledger.keys)
    const facts = this.#facts(config)
    const now = this.#clock.now()
    const decision: Decision = decide({ config, facts, current: table, owned: own, memory: this.#memory, now })
    const { changes } = diff(table, decision.table, { owned: own })
    return { decision, facts, own, changes }
  }

  /** Looks again when time alone has changed what is right. */
  #wakeAt(at: number | undefined): void {
    this.#cancelTimer()
    if (at === undefined) return
    this.#cancelTimer = this.#clock.after(at - this.#clock.now(), () => this.#look())
  }

  #startRounds(): void {
    const { every = repeat } = this.#parts
    this.#stopRounds()
    this.#stopRounds = every(this.#given.reconcileMs, () => {
      void this.#resolver.refresh()
      this.#hosts?.ask(this.#downAddresses(), this.#config)
      this.#due = true
      this.#wake.set()
    })
  }

  async #nextRound(): Promise<void> {
    this.#due = true
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
      this.#wake.set()
    })
  }

  /** Looks at names and lists, and waits for them, but not long. */
  async #refreshed(): Promise<void> {
    let cancel = () => {}
    const late = new Promise<void>((resolve) => (cancel = this.#clock.after(patienceMs, resolve)))
    await Promise.race([this.#resolver.refresh(), late])
    cancel()
  }
}

function repeat(ms: number, callback: () => void): () => void {
  const timer = setInterval(callback, ms)
  return () => clearInterval(timer)
}
