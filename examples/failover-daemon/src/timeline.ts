/** What happened of late: the newest events, the last transition of each server, and what is still wrong with the configuration. */
import type { DirectorEvent, ServerEvent } from './events.js'
import { isOut } from './facts.js'
import type { EventStatus, LastTransition } from './status-schema.js'

const mostEvents = 100

export class Timeline {
  #next = 1
  #events: readonly EventStatus[] = []
  /** By `service > server`. */
  readonly #last = new Map<string, LastTransition>()
  #refused: string | undefined

  /** Hears all that the director, and whoever reads its configuration, tell. */
  note(event: DirectorEvent): void {
    if (event.type === 'server') this.#server(event)
    else {
      const { type, ok, service, detail } = event
      if (type === 'config') this.#refused = ok ? undefined : detail
      this.#add({ type, at: isoTime(event.at), ok, service, detail })
    }
  }

  /** The newest last. */
  get events(): readonly EventStatus[] {
    return this.#events
  }

  /** Of a server, by `objectName()`; undefined before the first. */
  lastTransition(name: string): LastTransition | undefined {
    return this.#last.get(name)
  }

  /** For people. */
  get problems(): readonly string[] {
    return this.#refused === undefined ? [] : [`the configuration was refused, the old one holds: ${this.#refused}`]
  }

  /** Forgets all servers but these. */
  prune(names: ReadonlySet<string>): void {
    for (const name of this.#last.keys()) if (!names.has(name)) this.#last.delete(name)
  }

  #server({ at, service, server, name, from, to, reason, detail }: ServerEvent): void {
    // One more failure of what has failed is no news.
    if (from === to) return
    const [when, known] = [isoTime(at), this.#last.get(`${service} > ${server}`)]
    this.#last.set(`${service} > ${server}`, { at: when, from, to, reason, detail })
    // Nor is that a healthy server is found so at the start.
    if (known === undefined && from === 'unknown' && to === 'online') return
    this.#add({ type: 'server', at: when, ok: !isOut(to), service, server, name, from, to, reason, detail })
  }

  #add(event: Omit<EventStatus, 'id'>): void {
    this.#events = [...this.#events, { id: this.#next++, ...event }].slice(-mostEvents)
  }
}

const isoTime = (ms: number): string => new Date(ms).toISOString()
