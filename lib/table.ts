/** The whole table. Not a snapshot: the kernel numbers nothing and locks for one message at a time. */
import { findDestinations, readServices, type Ask } from './commands.js'
import { IpvsError } from './errors.js'
import { presentDestinationSpec, presentServiceSpec } from './present.js'
import type { DestinationEntry, ServiceEntry } from './records.js'

/** A service with its destinations. */
export interface EntryRecord {
  readonly service: ServiceEntry
  readonly destinations: readonly DestinationEntry[]
}

/** Dumps that are asked for together: enough to share a batch, few enough for a short wait until the first entry. */
const chunk = 64

/** How often an exact reading starts anew before it is given up. */
const exactPasses = 10

/** One pass. Each service once; one that went away meanwhile is left out. */
export async function* readEntries(operation: string, send: Ask): AsyncGenerator<EntryRecord> {
  const services = await readServices(operation, send)
  for (let start = 0; start < services.length; start += chunk) {
    const some = services.slice(start, start + chunk)
    // Pushed in one turn, so that they share a batch.
    const found = await Promise.all(some.map(({ service }) => findDestinations(operation, service, send)))
    for (const [i, service] of some.entries()) {
      const destinations = found[i]
      if (destinations) yield { service, destinations }
    }
  }
}

/** All of one pass. */
export async function readTable(operation: string, send: Ask): Promise<readonly EntryRecord[]> {
  const entries: EntryRecord[] = []
  for await (const entry of readEntries(operation, send)) entries.push(entry)
  return entries
}

/**
 * The first pass that the one after it agrees with, counters aside: while a table changes, a pass may repeat what it has
 * seen and miss what it has not.
 */
export async function readExactTable(operation: string, send: Ask): Promise<readonly EntryRecord[]> {
  let before = settingsOf(await readTable(operation, send))
  for (let pass = 1; pass < exactPasses; pass++) {
    const after = await readTable(operation, send)
    const settings = settingsOf(after)
    if (settings === before) return after
    before = settings
  }
  throw new IpvsError(
    `${operation}: the table changed with each of ${exactPasses} readings; try again, or read it without { exact: true }`,
    { code: 'IPVS_INTERRUPTED', operation },
  )
}

/** All but the counters, in the kernel's order. */
function settingsOf(entries: readonly EntryRecord[]): string {
  return JSON.stringify(
    entries.map(({ service, destinations }) => [
      presentServiceSpec(service.service),
      ...destinations.map(({ destination }) => presentDestinationSpec(destination)),
    ]),
  )
}
