/**
 * One of a pair of directors: hears what keepalived makes of it, tells keepalived how fit it is, and keeps the sync daemons. It decides
 * nothing of the table, which is the same on both.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { systemClock } from '../clock.js'
import type { Clock } from '../clock.js'
import type { DirectorEvent } from '../events.js'
import type { Log } from '../log.js'
import { runProgram } from '../programs.js'
import type { HaConfig } from './config.js'
import { Fifo } from './fifo.js'
import { handOver } from './handover.js'
import { fifoPath, standingPath } from './keepalived.js'
import { roleOf } from './role.js'
import type { Role, Word } from './role.js'
import { bands, judge, noMemory } from './standing.js'
import type { Memory, Standing } from './standing.js'
import { SyncKeeper } from './sync-keeper.js'
import type { SyncKernel } from './sync-keeper.js'
import { Watched } from './watched.js'

export interface PairParts {
  readonly ha: HaConfig
  readonly ipvs: SyncKernel
  readonly log: Log
  /** Whether a round was completed. */
  readonly working: () => boolean
  /** What else keeps the daemon from its work, for people. */
  readonly ailments: () => readonly string[]
  /** The addresses of this host. */
  readonly addresses: () => ReadonlySet<string>
  /** Hears of each change of the role. Must not throw. */
  readonly onEvent: (event: DirectorEvent) => void
  /** What keepalived said last to whom this one replaces. @default nothing */
  readonly said?: Word | undefined
  /** @default the system's */
  readonly clock?: Clock | undefined
  /** The program that is the watcher. @default that of this package */
  readonly watcher?: string | undefined
}

/** How often keepalived's FIFO, the VIPs and the kernel are looked at. */
const lookMs = 1000
/** In a `stall`, the watcher is told so often, and the kernel's silence counted. */
const tellings = 10

/** What there is to see of it. */
export interface PairStatus {
  readonly role: Role
  readonly standing: Standing
  readonly syncDaemon: 'master' | 'backup' | 'none' | undefined
  /** Whether the VIPs are here. */
  readonly vipHere: boolean
}

export class Pair {
  readonly #parts: PairParts
  readonly #clock: Clock
  readonly #fifo: Fifo
  readonly #watched: Watched
  readonly #keeper: SyncKeeper
  readonly #startedAt: number
  readonly #hearing = new Set<(word: Word) => void>()
  #said: Word | undefined
  #role: Role = 'unknown'
  /** VIPs that are not here. */
  #missing: readonly string[] = []
  #vipHere = false
  #standing: Standing = { word: 'undecided', reason: 'it has just started' }
  #memory: Memory = noMemory
  #leaving = false
  #deaf: string | undefined
  #unwatched: string | undefined
  #cancelTick = () => {}
  #lookedAt = -Infinity

  constructor(parts: PairParts) {
    const { ha, ipvs, log, clock = systemClock } = parts
    this.#parts = parts
    this.#clock = clock
    this.#startedAt = clock.now()
    this.#said = parts.said
    this.#fifo = new Fifo(fifoPath(ha), {
      onWord: (word) => this.#hear(word),
      onGone: () => this.#gone(),
    })
    this.#keeper = new SyncKeeper({
      ipvs,
      sync: ha.sync,
      log,
      patience: tellings,
      onChange: () => this.#decide(),
    })
    this.#watched = new Watched({
      path: standingPath(ha),
      stallMs: ha.stallMs,
      program: parts.watcher,
      onProblem: (problem) => {
        if (problem !== undefined && problem !== this.#unwatched) log.error({}, problem)
        this.#unwatched = problem
      },
    })
  }

  get ha(): HaConfig {
    return this.#parts.ha
  }

  /** Begins; resolves when keepalived can be heard, or it is known why not. */
  async start(): Promise<void> {
    await this.#makeFifo()
    this.#tick()
  }

  /** Leaves all as it is: keepalived, the track file, the sync daemons. */
  end(): void {
    this.#cancelTick()
    this.#fifo.close()
    this.#watched.end()
  }

  status(): PairStatus {
    const { sync } = this.#parts.ha
    return {
      role: this.#role,
      standing: this.#standing,
      syncDaemon: sync && (this.#keeper.running ?? 'none'),
      vipHere: this.#vipHere,
    }
  }

  /** What keepalived said last. */
  get said(): Word | undefined {
    return this.#said
  }

  /** For people. */
  problems(): readonly string[] {
    const missing = this.#said === 'MASTER' && this.#missing.length > 0
    return [
      this.#deaf ?? (this.#fifo.running ? undefined : 'keepalived does not run: nobody moves the VIPs'),
      missing ? `keepalived says master, but ${this.#missing.join(', ')} is not here` : undefined,
      this.#standing.word === 'sick' ? `this director is not fit for the VIPs: ${this.#standing.reason}` : undefined,
      this.#unwatched,
      this.#keeper.problem,
    ].filter((problem) => problem !== undefined)
  }

  /** Something has happened that the standing may depend on. */
  changed(): void {
    this.#decide()
  }

  /** Gives the VIPs to another director. Rejects with an Error for people when it has none, or nobody takes them. */
  handOver(): Promise<void> {
    return handOver({
      role: () => this.#role,
      advertIntervalMs: this.#parts.ha.advertIntervalMs,
      clock: this.#clock,
      leave: (leaving) => {
        this.#leaving = leaving
        this.#decide()
      },
      hear: (callback) => {
        this.#hearing.add(callback)
        return () => this.#hearing.delete(callback)
      },
    })
  }

  #tick(): void {
    const { ha } = this.#parts
    this.#cancelTick = this.#clock.after(ha.stallMs / tellings, () => {
      // What keepalived said while this process did not run is heard first: it lies in the FIFO.
      const soon = setImmediate(() => this.#tick())
      this.#cancelTick = () => clearImmediate(soon)
    })
    this.#keeper.tick()
    if (this.#clock.now() - this.#lookedAt >= lookMs) this.#look()
    this.#decide()
  }

  #look(): void {
    this.#lookedAt = this.#clock.now()
    this.#listen()
    if (!this.#fifo.running) this.#said = undefined
    const addresses = this.#parts.addresses()
    this.#missing = this.#parts.ha.vips.filter((vip) => !addresses.has(vip))
    // They move together. One that was not there yet when keepalived was told what to do is no sign of anything.
    this.#vipHere = this.#missing.length < this.#parts.ha.vips.length
    void this.#keeper.keep(this.#settleRole())
  }

  #listen(): void {
    try {
      this.#fifo.look()
      this.#deaf = undefined
    } catch (error) {
      const deaf = `keepalived cannot be heard: ${(error as Error).message}`
      if (deaf !== this.#deaf) this.#parts.log.error({}, deaf)
      this.#deaf = deaf
    }
  }

  /** Best before keepalived starts: what it makes itself is for root alone. */
  async #makeFifo(): Promise<void> {
    const { ha } = this.#parts
    try {
      mkdirSync(ha.runDirectory, { recursive: true, mode: 0o750 })
      if (existsSync(fifoPath(ha))) return
      // Node has no mkfifo(3).
      await runProgram(['mkfifo', '-m', '0600', fifoPath(ha)], { env: {}, stdin: '', timeoutMs: 5000 })
    } catch (error) {
      this.#parts.log.error({ error: String(error) }, 'the FIFO for keepalived cannot be made')
    }
  }

  #hear(word: Word): void {
    this.#said = word
    this.#decide()
    for (const callback of this.#hearing) callback(word)
  }

  /** What it has said holds no longer; where the VIPs are tells. */
  #gone(): void {
    this.#said = undefined
    this.#look()
    this.#decide()
  }

  #settleRole(): Role {
    const role = roleOf(this.#said, this.#fifo.running, this.#vipHere)
    if (role === this.#role) return role
    const from = this.#role
    this.#role = role
    const ok = role === 'master' || role === 'backup'
    this.#parts.log[ok ? 'info' : 'warn']({ from, to: role }, `director is ${role}`)
    this.#parts.onEvent({ type: 'role', at: Date.now(), ok, detail: `this director is ${role}, was ${from}` })
    void this.#keeper.keep(role)
    return role
  }

  #decide(): void {
    const { ha, working, ailments } = this.#parts
    const { refused, silent, receiving } = this.#keeper
    // Who has just started has a patience of its own.
    const lost = refused ?? (working() ? silent : undefined)
    const { standing, memory } = judge(
      ha,
      {
        now: this.#clock.now(),
        role: this.#settleRole(),
        ailments: [...(lost === undefined ? [] : [lost]), ...ailments()],
        startedAt: this.#startedAt,
        working: working(),
        receiving,
        leaving: this.#leaving,
      },
      this.#memory,
    )
    this.#memory = memory
    if (standing.word !== this.#standing.word)
      this.#parts.log.info(
        { from: this.#standing.word, to: standing.word, reason: standing.reason },
        'standing changed',
      )
    this.#standing = standing
    this.#watched.tell(standing.word === 'undecided' ? undefined : bands[standing.word])
  }
}
