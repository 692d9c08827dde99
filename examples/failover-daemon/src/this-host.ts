/** The daemon and its host, for the snapshot. */
import { hostname, networkInterfaces } from 'node:os'
import type { DirectorStatus } from './status-schema.js'
import { version } from './version.js'

export const thisDirector: DirectorStatus = {
  host: hostname(),
  version: version(),
  startedAt: new Date(Date.now() - process.uptime() * 1000).toISOString(),
  role: 'alone',
}

let known: ReadonlySet<string> = new Set()

/** All addresses of this network namespace, those of loopback among them; where no descriptor is left to ask by, as they were. */
export function hostAddresses(read: typeof networkInterfaces = networkInterfaces): ReadonlySet<string> {
  try {
    const addresses = Object.values(read()).flatMap((all) => all ?? [])
    known = new Set(addresses.map(({ address }) => address))
  } catch {
    // The snapshot is worth more than this.
  }
  return known
}
