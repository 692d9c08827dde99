/**
 * The level-triggered loop. Each turn computes what the table should be from configuration and health, compares, writes. A
 * change of health is written at once, against the last table that was read; every reconcile interval the table is read anew,
 * which repairs what failed and what others changed. Nothing but its signal ends the loop.
 */
import type { Change, DestinationKey, Table } from 'ipvs'
import { alone } from './agreement.js'
import { Agenda, everyInterval } from './agenda.js'
import { Checks } from './checks.js'
import type { HealthChange } from './checks.js'
import { systemClock } from './clock.js'
import type { Clock } from './clock.js'
import type { Config, ServiceConfig } from './config.js'
import type { DirectorParts } from './director-parts.js'
import { Episodes } from './episodes.js'
import type { Order } from './facts.js'
import { Hosts } from './hosts.js'
import { keyName, objectKey, objectName, objectNames, serverName, serviceName } from './names.js'
import { hostAddresses, thisDirector } from './this-host.js'
import { insertions } from './places.js'
import { Planner } from './planner.js'
import { Reading } from './reading.js'
import { refusedReload } from './reload.js'
import { Resolver, systemAsking } from './resolver.js'
import { resolved } from './sources.js'
import { statusOf } from './status.js'
import type { Status } from './status.js'
import { Timeline } from './timeline.js'
import { Transitions } from './transitions.js'
import { Writer, some } from './writes.js'

/** So long the start, and a reload, wait for names. What is not known by then comes later. */
const patienceMs = 1000

const nothingCounted = { of: () => ({ connectionsPerSecond: undefined, history: [] }) }

/** Keeps a table right. */
export class Director {
  readonly #parts: DirectorParts
  readonly #clock: Clock
  readonly #agenda: Agenda
  readonly #episodes: Episodes
  readonly #resolver: Resolver
  readonly #checks: Checks
  readonly #planner: Planner
  readonly #hosts: Hosts | undefined
  readonly #transitions: Transitions
  readonly #reading: Reading
  readonly #writer: Writer
  readonly #timeline: Timeline
  /** As it was given. */
  #given: Config
  /** With the servers that are known. */
  #config: Config
  /** Since the last decision. */
  #lastStatus: Status | undefined
  #started = false

  constructor(parts: DirectorParts) {
    const { clock = systemClock, asking = systemAsking, every = everyInterval, log, config } = parts
    this.#parts = parts
    this.#clock = clock
    this.#agenda = new Agenda(clock, every)
    this.#given = config
    this.#config = config
    this.#episodes = new Episodes(log)
    this.#planner = new Planner({
      ledger: parts.ledger,
      orders: parts.orders,
      clock,
      checks: () => this.#checks.states(),
      pings: () => this.#hosts?.answers ?? new Map(),
      votes: () => parts.others?.votes ?? alone,
    })
    this.#timeline = parts.timeline ?? new Timeline()
    this.#transitions = new Transitions(log, (event) => {
      this.#timeline.note(event)
      parts.onEvent?.(event)
    })
    this.#reading = new Reading({ ...parts, clock, episodes: this.#episodes, transitions: this.#transitions })
    this.#writer = new Writer({
      ipvs: parts.ipvs,
      log,
      episodes: this.#episodes,
      configured: () => this.#configured(),
      onRepair: parts.onRepair,
    })
    this.#hosts = parts.echo && new Hosts(parts.echo, () => this.#agenda.look())
    this.#resolver = new Resolver(asking, clock, this.#episodes, () => this.#reconfigure())
    this.#checks = new Checks({
      start: parts.startMonitor,
      isServing: (service, server) => this.#weight(service, server) > 0,
      onChange: (changes) => this.#heard(changes),
      onVerdict: (service, server, verdict, latencyMs) => {
        this.#transitions.verdict(service, server, verdict, latencyMs)
        parts.onVerdict?.(serviceName(service.spec), verdict, latencyMs)
      },
      onError: (error) => log.error({ error: String(error) }, 'following the checks failed'),
    })
  }

  /** Keeps the table right until the signal fires, then leaves it as it is. Does not reject for IPVS, disk or checks. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.#agenda.wake()
    signal.addEventListener('abort', stop)
    this.#resolver.follow(this.#given)
    await this.#refreshed()
    this.#startRounds()
    while (!signal.aborted) {
      try {
        await this.#turn(signal)
        this.#episodes.report('a round', [])
      } catch (error) {
        this.#reading.doubt()
        this.#episodes.report('a round', [{ error: String(error) }])
      }
      await this.#agenda.wait()
    }
    signal.removeEventListener('abort', stop)
    this.#resolver.end()
    this.#agenda.end()
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
    await this.#agenda.nextRound()
  }

  /** What reload() of this configuration would write, or a round would, from what is known now. */
  async plan(config: Config = this.#given): Promise<readonly Change[]> {
    const planned = resolved(config, this.#resolver.known)
    const table = await this.#parts.ipvs.table()
    return this.#planner.look(planned, table).changes
  }

  /** Gives an order for these servers, or takes it back; resolves when it is saved and has been written. */
  async order(names: readonly string[], order: Order | undefined): Promise<void> {
    const orders = new Map(this.#parts.orders.all)
    for (const name of names) {
      if (order === undefined) orders.delete(name)
      else orders.set(name, order)
    }
    await this.#parts.orders.replace(orders)
    this.#agenda.look()
    await this.#agenda.nextRound()
  }

  /** Something outside has changed that a decision rests on: what other directors find. */
  look(): void {
    this.#agenda.look()
  }

  /** The table as it was last read. */
  get table(): Table {
    return this.#reading.last
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
      facts: this.#planner.facts(this.#config, checks),
      checks,
      table: this.#reading.last,
      owned: this.#parts.ledger.keys,
      short: this.#planner.short,
      problems: this.#problems(),
      director: this.#parts.director?.() ?? thisDirector,
      addresses: hostAddresses(),
      rates: this.#parts.rates ?? nothingCounted,
      timeline: this.#timeline,
      announced: this.#parts.announced?.(),
      votes: this.#parts.others?.votes ?? alone,
      now: this.#clock.now(),
    })
  }

  #problems(): readonly string[] {
    const suspected = 'most hosts failed at once: this director is suspected, and they stay in for a while'
    const others = this.#parts.problems?.() ?? []
    const own = [...this.#episodes.current(), ...this.#timeline.problems]
    return [...own, ...others, ...(this.#planner.suspect ? [suspected] : [])]
  }

  async #turn(signal: AbortSignal): Promise<void> {
    if (this.#agenda.changed) {
      const { table } = this.#reading
      if (table === undefined || !(await this.#transition(table, signal))) this.#agenda.demandRound()
    }
    if (!this.#agenda.due || signal.aborted) return
    const began = this.#clock.now()
    await this.#agenda.round(async () => {
      const table = await this.#reading.read(signal)
      if (table === undefined) return
      if (!this.#started) this.#start(table)
      const written = await this.#round(table, signal)
      this.#lastStatus = this.#lastStatus ? { ...this.#lastStatus, problems: this.#problems() } : this.status()
      this.#parts.onRound?.(this.#lastStatus, { tookMs: this.#clock.now() - began, written })
    })
  }

  /** Writes what has changed, and reads the table again. False if the table is not what it was thought to be. */
  async #transition(table: Table, signal: AbortSignal): Promise<boolean> {
    const changes = this.#writer.ready(await this.#plan(table))
    if (!(await this.#writer.transition(changes))) return false
    if (changes.length > 0) await this.#reading.readAgain(signal)
    return true
  }

  /** Brings the table that was just read to what it should be; false if the kernel did not take all of it. */
  async #round(table: Table, signal: AbortSignal): Promise<boolean> {
    const transition = this.#agenda.changed
    if (!transition && this.#planner.stands(this.#config, table)) return this.#inPlaces(signal)
    const changes = await this.#plan(table)
    const written = await this.#writer.round(changes, transition)
    if (changes.length > 0) await this.#reading.readAgain(signal)
    return (await this.#inPlaces(signal)) && written
  }

  /** Gives servers their places where these are kept; false if the kernel did not take all of it. */
  async #inPlaces(signal: AbortSignal): Promise<boolean> {
    const { table } = this.#reading
    const missing = table ? insertions(this.#config, table) : []
    if (missing.length === 0) return true
    const { ledger } = this.#parts
    const created = missing.filter(({ again }) => !again).map(({ of, server }) => objectKey(of, server))
    if (created.length > 0) await ledger.replace([...ledger.keys, ...created])
    const written = await this.#writer.insert(missing)
    await this.#reading.readAgain(signal)
    return written
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
    this.#planner.prune(this.#config)
    this.#timeline.prune(this.#configured())
    if (this.#started) this.#checks.set(this.#config)
    this.#agenda.look()
  }

  #heard(changes: readonly HealthChange[]): void {
    for (const { service, server, event } of changes) {
      this.#planner.note(service, server)
      this.#transitions.health(service, server, event)
    }
    const down = changes.filter(({ event }) => event.state === 'down')
    this.#hosts?.ask(
      down.map(({ server }) => server.address),
      this.#config,
    )
    this.#agenda.look()
  }

  #downAddresses(): readonly string[] {
    const states = this.#checks.states()
    return this.#config.services.flatMap(({ spec, servers }) =>
      servers.filter((server) => states.get(objectName(spec, server))?.health === 'down').map(({ address }) => address),
    )
  }

  #weight({ spec }: ServiceConfig, server: DestinationKey): number {
    const entry = this.#reading.last.find(({ service }) => serviceName(service) === serviceName(spec))
    return entry?.destinations.find((other) => serverName(other) === serverName(server))?.weight ?? 0
  }

  #configured(): ReadonlySet<string> {
    return new Set(this.#config.services.flatMap(({ spec, servers }) => objectNames(spec, servers)))
  }

  /** What is to be done; on return the ledger names what it creates. */
  async #plan(table: Table): Promise<readonly Change[]> {
    this.#agenda.looked()
    this.#lastStatus = undefined
    const { decision, facts, changes, ledger } = this.#planner.plan(this.#config, table)
    this.#transitions.decided(this.#config, facts, decision, this.#clock.now())
    this.#parts.others?.publish(this.#config, facts)
    this.#agenda.lookAt(decision.nextAt)
    await this.#parts.ledger.replace(ledger)
    return changes
  }

  #startRounds(): void {
    this.#agenda.startRounds(this.#given.reconcileMs, () => {
      void this.#resolver.refresh()
      this.#hosts?.ask(this.#downAddresses(), this.#config)
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
