/** Tables with traffic, which an in-memory kernel has none of. */
import type { Counters, Destination, ServiceKey, Stats, TableEntry } from '../../lib/index.js'

/** A server and what it does: connections a second, in packets of 100 bytes, and open ones. */
export interface Load {
  readonly address: string
  readonly port?: number
  readonly weight?: number
  readonly rate?: number
  readonly active?: number
  readonly inactive?: number
}

/** A service whose servers do that; its own rates are their sum. */
export function busy(service: ServiceKey, loads: readonly Load[]): TableEntry {
  const destinations = loads.map(({ address, port = service.port ?? 0, ...load }): Destination => {
    const { weight = 1, rate = 0, active = 0, inactive = 0 } = load
    const connections = { active, inactive, persistent: 0 }
    return { address, port, forwarding: 'masquerade', weight, connections, stats: statsOf(rate) }
  })
  const rate = loads.reduce((sum, load) => sum + (load.rate ?? 0), 0)
  return { service: { ...service, scheduler: 'rr', stats: statsOf(rate) }, destinations }
}

function statsOf(connections: number): Stats {
  const [packetsIn, packetsOut] = [connections * 5, connections * 4]
  const rate: Counters<number> = {
    connections,
    packetsIn,
    packetsOut,
    bytesIn: packetsIn * 100,
    bytesOut: packetsOut * 100,
  }
  const total = { connections: 0n, packetsIn: 0n, packetsOut: 0n, bytesIn: 0n, bytesOut: 0n }
  return { total, rate }
}
