/** One pass over everything. Not a snapshot: the kernel numbers nothing and locks for one message at a time. */
import { findDestinations, readServices, type Ask } from './commands.js'
import { presentDestination, presentService } from './present.js'
import type { Table } from './types.js'

/** De-duplicated; a service that went away meanwhile is left out. */
export async function readTable(send: Ask): Promise<Table> {
  const services = await readServices('table', send)
  // Pushed in one turn, so that many dumps share a batch.
  const found = await Promise.all(services.map(({ service }) => findDestinations('table', service, send)))
  return services.flatMap((service, i) => {
    const destinations = found[i]
    if (!destinations) return []
    return [{ service: presentService(service), destinations: destinations.map(presentDestination) }]
  })
}
