/** What `ha:` adds to the daemon: the pair that this director is one of, while the configuration has one. */
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { Config } from '../config.js'
import type { DirectorEvent } from '../events.js'
import type { Fitness } from '../fitness.js'
import type { Log } from '../log.js'
import type { DirectorStatus } from '../status-schema.js'
import { hostAddresses, thisDirector } from '../this-host.js'
import type { HaConfig } from './config.js'
import { keepalivedInclude } from './keepalived.js'
import { Pair } from './pair.js'
import type { SyncKernel } from './sync-keeper.js'

export interface HaParts {
  readonly ipvs: SyncKernel
  readonly log: Log
  /** Of the director. */
  readonly fitness: Pick<Fitness, 'working' | 'ailments'>
  /** Hears of each change of the role. Must not throw. */
  readonly onEvent: (event: DirectorEvent) => void
  /** The program that is the watcher. @default that of this package */
  readonly watcher?: string | undefined
}

export class Ha {
  readonly #parts: HaParts
  #pair: Pair | undefined
  #reconcileMs = 0
  /** What is wrong with keepalived's configuration. */
  #stale: string | undefined

  constructor(parts: HaParts) {
    this.#parts = parts
  }

  /** This configuration holds. What is the same in it goes on. */
  async configure({ ha, reconcileMs }: Pick<Config, 'ha' | 'reconcileMs'>): Promise<void> {
    this.#reconcileMs = reconcileMs
    this.#stale = ha && staleInclude(ha)
    if (this.#stale !== undefined) this.#parts.log.warn({}, this.#stale)
    const before = this.#pair
    if (isDeepStrictEqual(ha, before?.ha)) return
    before?.end()
    this.#pair =
      ha &&
      new Pair({
        ...this.#parts,
        ha,
        said: ha.runDirectory === before?.ha.runDirectory ? before.said : undefined,
        working: () => this.#parts.fitness.working,
        ailments: () => this.#parts.fitness.ailments(this.#reconcileMs, ha.stallMs),
        addresses: hostAddresses,
      })
    await this.#pair?.start()
  }

  /** The director may be fitter, or less fit, than before. */
  changed(): void {
    this.#pair?.changed()
  }

  /** For people. */
  problems(): readonly string[] {
    return [...(this.#pair?.problems() ?? []), ...(this.#stale === undefined ? [] : [this.#stale])]
  }

  /** This director in the snapshot. */
  director(): DirectorStatus {
    if (this.#pair === undefined) return thisDirector
    const { role, standing, syncDaemon, vipHere } = this.#pair.status()
    const [peer, ...others] = this.#pair.ha.peers
    const holder = vipHere ? thisDirector.host : role === 'backup' && others.length === 0 ? peer : undefined
    return {
      ...thisDirector,
      role,
      standing: standing.word,
      ...(standing.reason !== '' && { standingReason: standing.reason }),
      ...(holder !== undefined && { vipHolder: holder }),
      ...(syncDaemon !== undefined && { syncDaemon }),
    }
  }

  /** Gives the VIPs to another director. Rejects with an Error for people. */
  async handOver(): Promise<void> {
    if (this.#pair === undefined) throw new Error('expected a configuration with ha: this director is alone')
    await this.#pair.handOver()
  }

  /** The daemon ends; nothing of what others see changes. */
  end(): void {
    this.#pair?.end()
  }
}

/** What is wrong with what keepalived reads; of a file that is not there, or not for us to read, nothing can be said. */
function staleInclude(ha: HaConfig): string | undefined {
  try {
    if (readFileSync(ha.include, 'utf8') === keepalivedInclude(ha)) return undefined
  } catch {
    return undefined
  }
  return `${ha.include} is not what ha: says: write it by ipvs-failover keepalived, as root, and reload keepalived`
}
