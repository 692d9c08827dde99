/** New connections per second, of services and of servers in them, over the last minutes. */
import type { DestinationKey, ServiceKey, Stats, Table } from 'ipvs'
import { serviceName } from './names.js'

/** Between two samples; more where the table is read less often. */
const sampleMs = 5000
/** Of five minutes. */
const mostSamples = 60

/** Of one object. */
interface Course {
  total: bigint
  /** The last sample that found it. */
  sample: number
  /** The newest last. */
  readonly history: number[]
}

/** What there is to show of a course; nothing before its second sample. */
export interface Rate {
  readonly connectionsPerSecond: number | undefined
  readonly history: readonly number[]
}

export class Rates {
  #sampledAt: number | undefined
  /** By the name of a service, and in that by the endpoint of a server; the service's own by ''. */
  readonly #services = new Map<string, Map<string, Course>>()
  #samples = 0

  /** How many have been taken. */
  get samples(): number {
    return this.#samples
  }

  /** A table was read: a sample, if one is due. */
  table(table: Table, now: number): void {
    const passedMs = this.#sampledAt === undefined ? Infinity : now - this.#sampledAt
    // A round that is a little early is a sample, too: the next one is far.
    if (passedMs < sampleMs * 0.9) return
    this.#samples++
    for (const { service, destinations } of table) {
      const name = serviceName(service)
      const courses = this.#services.get(name) ?? new Map<string, Course>()
      this.#services.set(name, courses)
      this.#add(courses, '', service.stats, passedMs)
      for (const server of destinations) this.#add(courses, endpointOf(server), server.stats, passedMs)
    }
    this.#rest()
    this.#sampledAt = now
  }

  /** Of a service, or of a server in it. */
  of(service: ServiceKey, server?: DestinationKey): Rate {
    const course = this.#services.get(serviceName(service))?.get(server === undefined ? '' : endpointOf(server))
    const history = course?.history ?? []
    return { connectionsPerSecond: history.at(-1), history: [...history] }
  }

  #add(courses: Map<string, Course>, endpoint: string, { total }: Stats, passedMs: number): void {
    const { connections } = total
    const course = courses.get(endpoint)
    if (course === undefined) {
      courses.set(endpoint, { total: connections, sample: this.#samples, history: [] })
      return
    }
    // A smaller total is that of a new entry.
    const added = Number(connections >= course.total ? connections - course.total : connections)
    course.total = connections
    course.sample = this.#samples
    append(course.history, Math.round((10_000 * added) / passedMs) / 10)
  }

  /** What is out of the table has no new connections, and is forgotten with the last that it had: it may come back. */
  #rest(): void {
    for (const [name, courses] of this.#services) {
      for (const [endpoint, { sample, history }] of courses) {
        if (sample === this.#samples) continue
        append(history, 0)
        if (history.every((perSecond) => perSecond === 0)) courses.delete(endpoint)
      }
      if (courses.size === 0) this.#services.delete(name)
    }
  }
}

/** Rows of a table are new objects each time: a name in serverName()'s memory would be work, and memory, for nothing. */
const endpointOf = ({ address, port }: DestinationKey): string => `${address} ${port}`

function append(history: number[], perSecond: number): void {
  if (history.length === mostSamples) history.shift()
  history.push(perSecond)
}
