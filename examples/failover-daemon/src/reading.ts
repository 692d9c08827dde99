import type { Table } from 'ipvs'
import type { Clock } from './clock.js'
import type { DirectorParts } from './director-parts.js'
import type { Episodes } from './episodes.js'
import type { Transitions } from './transitions.js'
import { errorFields } from './writes.js'

export interface ReadingParts extends Pick<DirectorParts, 'ipvs' | 'rates' | 'onTable'> {
  readonly clock: Clock
  readonly episodes: Episodes
  readonly transitions: Transitions
}

/** The kernel's table, as far as it is known. */
export class Reading {
  readonly #parts: ReadingParts
  #last: Table = []
  #known = false

  constructor(parts: ReadingParts) {
    this.#parts = parts
  }

  /** As it was last read; empty before that. */
  get last(): Table {
    return this.#last
  }

  /** The table; undefined when a write may have changed it since it was read. */
  get table(): Table | undefined {
    return this.#known ? this.#last : undefined
  }

  /** It may be another now. */
  doubt(): void {
    this.#known = false
  }

  /** Reads it; undefined, and a line in the log, when it cannot be read. What was known before is known still. */
  async read(signal: AbortSignal): Promise<Table | undefined> {
    const { ipvs, rates, onTable, clock, episodes, transitions } = this.#parts
    try {
      const table = await ipvs.table({ signal })
      this.#last = table
      this.#known = true
      rates?.table(table, clock.now())
      onTable?.()
      episodes.report('reading the table', [])
      transitions.kernel(undefined)
      return table
    } catch (error) {
      if (!signal.aborted) {
        episodes.report('reading the table', [errorFields(error)])
        transitions.kernel(error)
      }
      return undefined
    }
  }

  /** Reads it after a write. */
  async readAgain(signal: AbortSignal): Promise<void> {
    this.doubt()
    await this.read(signal)
  }
}
