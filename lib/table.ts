/** The whole table. Not a snapshot: the kernel numbers nothing and locks for one message at a time. */
import { findDestinations, readServices, type Ask } from './commands.js'
import { IpvsError } from './errors.js'
import { serviceName } from './keys.js'
import { presentDestinationSpec, presentServiceSpec } from './present.js'
import type { DestinationEntry, ServiceEntry } from './records.js'

/** A service with its destinations. */
export interface EntryRecord {
  readonly service: ServiceEntry
  readonly destinations: readonly DestinationEntry[]
}

/** Dumps that are asked for together: enough to share a batch, few enough for a short wait until the first entry. */
const chunk = 64

/** How many passes an exact reading takes before it is given up. */
const exactPasses = 10

/** One pass. Each service once; one that went away meanwhile is left out. */
export async function* readEntries(operation: string, send: Ask): AsyncGenerator<EntryRecord> {
  for await (const [service, destinations] of eachOf(await readServices(operation, send), operation, send)) {
    if (destinations) yield { service, destinations }
  }
}

/** The destinations of these services, in their order; undefined for one that is gone. */
async function* eachOf(
  services: readonly ServiceEntry[],
  operation: string,
  send: Ask,
): AsyncGenerator<readonly [ServiceEntry, readonly DestinationEntry[] | undefined]> {
  for (let start = 0; start < services.length; start += chunk) {
    const some = services.slice(start, start + chunk)
    // Pushed in one turn, so that they share a batch.
    const found = await Promise.all(some.map(({ service }) => findDestinations(operation, service, send)))
    for (const [i, service] of some.entries()) yield [service, found[i]]
  }
}

/** All of one pass. */
export async function readTable(operation: string, send: Ask): Promise<readonly EntryRecord[]> {
  const entries: EntryRecord[] = []
  for await (const entry of readEntries(operation, send)) entries.push(entry)
  return entries
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
    const rank = (service: ServiceEntry) => Number(known.has(nameOf(service))) + Number(steady.has(nameOf(service)))
    const ordered = services.toSorted((a, b) => rank(a) - rank(b))
    for await (const [service, destinations] of eachOf(ordered, operation, send)) {
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

/** The destinations of a service as they were read last; their settings as text, in the kernel's order. */
interface Known {
  readonly destinations: readonly DestinationEntry[]
  readonly settings: string
}

function nameOf({ service }: ServiceEntry): string {
  return serviceName(service)
}

function entriesOf(services: readonly ServiceEntry[], known: ReadonlyMap<string, Known>): readonly EntryRecord[] {
  return services.map((service) => ({ service, destinations: known.get(nameOf(service))?.destinations ?? [] }))
}
