/** The whole table. Not a snapshot: the kernel numbers nothing and locks for one message at a time. */
import { findAllDestinations, readServices, type Ask } from './commands.js'
import { IpvsError } from './errors.js'
import { serviceName } from './keys.js'
import { presentDestinationSpec, presentServiceSpec } from './present.js'
import type { DestinationRow, ServiceRow } from './rows.js'

/** A service with its destinations. */
export interface EntryRecord {
  readonly service: ServiceRow
  readonly destinations: readonly DestinationRow[]
}

/** Rows that are asked for together, as many as the services before had: they are decoded and shown within a millisecond. */
const rowsTogether = 512
/** Services of which nothing is known yet. */
const firstServices = 16
const mostServices = 256

/** How many passes an exact reading takes before it is given up. */
const exactPasses = 10

/** One pass. Each service once; one that went away meanwhile is left out. */
export async function* readEntries(operation: string, send: Ask): AsyncGenerator<EntryRecord> {
  for await (const some of parts(await readServices(operation, send), operation, send)) {
    for (const { service, destinations } of some) if (destinations) yield { service, destinations }
  }
}

/** All of one pass. */
export async function readTable(operation: string, send: Ask): Promise<readonly EntryRecord[]> {
  return readTableAs(operation, send, (entry) => entry)
}

/** The same, each entry made into what is wanted of it while the kernel lists the next ones. */
export async function readTableAs<T>(
  operation: string,
  send: Ask,
  present: (entry: EntryRecord) => T,
): Promise<readonly T[]> {
  const entries: T[] = []
  for await (const some of parts(await readServices(operation, send), operation, send)) {
    for (const { service, destinations } of some) if (destinations) entries.push(present({ service, destinations }))
  }
  return entries
}

/** A service with what was found of its destinations: undefined when it is gone. */
interface Found {
  readonly service: ServiceRow
  readonly destinations: readonly DestinationRow[] | undefined
}

/** The destinations of these services, in their order. While one part is looked at, the next is read. */
async function* parts(services: readonly ServiceRow[], operation: string, send: Ask): AsyncGenerator<readonly Found[]> {
  const read = async (some: readonly ServiceRow[]): Promise<readonly Found[]> => {
    const records = some.map(({ service }) => service)
    const found = await findAllDestinations(operation, records, send)
    return some.map((service, i) => ({ service, destinations: found[i] }))
  }
  let end = firstServices
  let next = services.length > 0 ? read(services.slice(0, end)) : undefined
  while (next) {
    const some = await next
    const start = end
    end += servicesLike(some)
    next = start < services.length ? read(services.slice(start, end)) : undefined
    // Who leaves the loop does not want to know.
    next?.catch(() => undefined)
    yield some
  }
}

/** How many services have about as many rows as are asked for together, if they are like these. */
function servicesLike(some: readonly Found[]): number {
  const rows = some.reduce((sum, { destinations = [] }) => sum + 1 + destinations.length, 0)
  return Math.max(1, Math.min(mostServices, Math.floor((rowsTogether * some.length) / rows)))
}

/**
 * Reads round and round, the list of services and then the destinations of each, until everything has been read again, and
 * found as it was a pass before, since something was last found changed: then all of it was like this at that moment, counters
 * aside. The moment may be anywhere in a pass: two passes that both begin at the top agree much less often.
 */
export async function readExactTable(operation: string, send: Ask): Promise<readonly EntryRecord[]> {
  const known = new Map<string, Known>()
  let listed: string | undefined
  /** What was found unchanged since the last reading that found a change: the list as '', and services. */
  const steady = new Set<string>()
  for (let pass = 0; pass < exactPasses; pass++) {
    const services = await readServices(operation, send)
    const list = JSON.stringify(services.map(({ service }) => presentServiceSpec(service)))
    if (list === listed) steady.add('')
    else steady.clear()
    listed = list
    const names = new Set(services.map(nameOf))
    // What comes back after its removal is new.
    for (const name of known.keys()) if (!names.has(name)) known.delete(name)
    if (steady.size > services.length) return entriesOf(services, known)
    // First what was never read, which counts as a change, so that all else is read since; last what needs no more reading.
    const rank = (service: ServiceRow) => Number(known.has(nameOf(service))) + Number(steady.has(nameOf(service)))
    const ordered = services.toSorted((a, b) => rank(a) - rank(b))
    for await (const { service, destinations } of each(ordered, operation, send)) {
      const name = nameOf(service)
      const settings = JSON.stringify(destinations?.map(({ destination }) => presentDestinationSpec(destination)))
      if (destinations && known.get(name)?.settings === settings) steady.add(name)
      else steady.clear()
      if (destinations) known.set(name, { destinations, settings })
      else known.delete(name)
      if (steady.size > services.length) return entriesOf(services, known)
    }
  }
  throw new IpvsError(
    `${operation}: the table changed too often for ${exactPasses} readings; try again, or read it without { exact: true }`,
    { code: 'IPVS_INTERRUPTED', operation },
  )
}

async function* each(services: readonly ServiceRow[], operation: string, send: Ask): AsyncGenerator<Found> {
  for await (const some of parts(services, operation, send)) yield* some
}

/** The destinations of a service as they were read last; their settings as text, in the kernel's order. */
interface Known {
  readonly destinations: readonly DestinationRow[]
  readonly settings: string
}

function nameOf({ service }: ServiceRow): string {
  return serviceName(service)
}

function entriesOf(services: readonly ServiceRow[], known: ReadonlyMap<string, Known>): readonly EntryRecord[] {
  return services.map((service) => ({ service, destinations: known.get(nameOf(service))?.destinations ?? [] }))
}
