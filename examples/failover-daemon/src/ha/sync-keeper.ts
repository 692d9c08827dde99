/** Keeps the kernel's sync daemons as the role wants them, again and again; whether the kernel answers is known by it, too. */
import { IpvsError } from 'ipvs'
import type { Ipvs, SyncDaemon } from 'ipvs'
import type { Log } from '../log.js'
import type { SyncConfig } from './config.js'
import type { Role } from './role.js'
import { syncSteps, wantedDaemon } from './sync-daemons.js'
import type { SyncStep } from './sync-daemons.js'

export type SyncKernel = Pick<Ipvs, 'info' | 'syncDaemons' | 'startSyncDaemon' | 'stopSyncDaemon'>

export interface SyncKeeperParts {
  readonly ipvs: SyncKernel
  /** undefined: the kernel is asked whether it answers, and nothing else. */
  readonly sync: SyncConfig | undefined
  readonly log: Log
  /** A kernel that does not answer for so many ticks is lost. */
  readonly patience: number
  /** Hears that something is other than before. */
  readonly onChange: () => void
}

export class SyncKeeper {
  readonly #parts: SyncKeeperParts
  #running: SyncDaemon['role'] | undefined
  #problem: string | undefined
  #refused: string | undefined
  #role: Role | undefined
  #asking = false
  /** Since the kernel was asked. */
  #ticks = 0

  constructor(parts: SyncKeeperParts) {
    this.#parts = parts
  }

  /** The daemon of ours that runs. */
  get running(): SyncDaemon['role'] | undefined {
    return this.#running
  }

  /** Whether this director is told of connections that another one has, or nobody asks for that. */
  get receiving(): boolean {
    return this.#parts.sync === undefined || this.#running === 'backup'
  }

  /** What is wrong with the sync daemons, for people. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** What the kernel says to this daemon that it cannot be worked with, for people. */
  get refused(): string | undefined {
    return this.#refused
  }

  /** Whether it says nothing, for people. */
  get silent(): string | undefined {
    return this.#asking && this.#ticks > this.#parts.patience ? 'the kernel does not answer' : undefined
  }

  /** Some time has passed. It is counted, so that a process that did not run itself does not take that for the kernel's silence. */
  tick(): void {
    this.#ticks++
  }

  /** Looks, and brings it to what the role wants. Does not reject. While the kernel is being asked, the newest role waits. */
  async keep(role: Role): Promise<void> {
    this.#role = role
    if (this.#asking) return
    this.#asking = true
    do {
      role = this.#role
      this.#ticks = 0
      const before = [this.#running, this.#problem, this.#refused].join()
      await this.#keep(role)
      if ([this.#running, this.#problem, this.#refused].join() !== before) this.#parts.onChange()
    } while (role !== this.#role)
    this.#asking = false
  }

  async #keep(role: Role): Promise<void> {
    const { ipvs, sync } = this.#parts
    try {
      const running = sync === undefined ? void (await ipvs.info()) : await ipvs.syncDaemons()
      this.#refused = undefined
      if (sync !== undefined) await this.#bring(wantedDaemon(sync, role), running ?? [])
    } catch (error) {
      this.#running = undefined
      this.#refused = error instanceof Error ? error.message : String(error)
    }
  }

  async #bring(wanted: SyncDaemon, running: readonly SyncDaemon[]): Promise<void> {
    const steps = syncSteps(wanted, running)
    try {
      for (const step of steps) await this.#take(step)
      this.#running = wanted.role
      this.#say(undefined)
    } catch (error) {
      this.#running = undefined
      const { message } = error as Error
      // The kernel does not say why; of what is asked here, this alone is left (kernel: start of a sync daemon while there are mixed tunnels).
      const mixed = IpvsError.is(error) && error.errnoName === 'EINVAL'
      const hint = mixed ? ' Does a service, of anybody, have a tunnel to a server of the other family?' : ''
      this.#say(`the ${wanted.role} sync daemon cannot run, connections would not survive: ${message}${hint}`)
    }
  }

  async #take(step: SyncStep): Promise<void> {
    const { ipvs, log } = this.#parts
    if ('start' in step) {
      await ipvs.startSyncDaemon(step.start)
      log.info({ daemon: step.start }, 'sync daemon started')
      return
    }
    try {
      await ipvs.stopSyncDaemon(step.stop)
      log.info({ daemon: { role: step.stop } }, 'sync daemon stopped')
    } catch (error) {
      if (!IpvsError.is(error, 'IPVS_SYNC_DAEMON_NOT_FOUND')) throw error
    }
  }

  /** Once for each episode. */
  #say(problem: string | undefined): void {
    if (problem === this.#problem) return
    if (problem !== undefined) this.#parts.log.error({}, problem)
    else this.#parts.log.info({}, 'the sync daemons are right again')
    this.#problem = problem
  }
}
