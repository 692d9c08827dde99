import type { Change, DestinationSpec, Stats, Table, TableEntry } from 'ipvs'
import type { Config, PolicyConfig } from '../src/config.js'
import { noneKnown, withServers } from '../src/sources.js'

/** The virtual service of the tests. */
export const service = { protocol: 'tcp', address: '192.0.2.100', port: 80 } as const

export const server = (address: string, port = 80) => ({ address, port })

const settings = { scheduler: 'wlc' } as const

export const policy: PolicyConfig = {
  onFailure: 'remove',
  drainTimeoutMs: 60_000,
  quorum: { up: 1, hysteresis: 0 },
  maxEjected: 1,
  whenAllDown: 'none',
  sorry: undefined,
  slowStartMs: 0,
  weightFromCheck: false,
  flapping: undefined,
}

/** A configuration of one service with these servers, weight 1, that removes whatever fails. */
export const config = (addresses: readonly string[], changed: Partial<PolicyConfig> = {}, weight = 1): Config => ({
  reconcileMs: 5000,
  stateDirectory: undefined,
  controlSocket: undefined,
  guard: undefined,
  resolveIntervalMs: 30_000,
  reloadOnChange: false,
  nodeStates: undefined,
  page: undefined,
  alerts: [],
  hooks: [],
  ha: undefined,
  bird: { include: '/nonexistent/announced.conf', controlSocket: '/nonexistent/bird.ctl' },
  services: [
    withServers(
      {
        spec: { ...service, ...settings },
        forwarding: 'direct',
        sources: addresses.map((address) => ({ kind: 'address', ...server(address), weight, checkAddress: undefined })),
        check: {
          type: 'tcp',
          port: undefined,
          intervalMs: 2000,
          fastIntervalMs: undefined,
          timeoutMs: 1000,
          jitterMs: undefined,
          rise: 2,
          fall: 3,
          tripwire: true,
        },
        policy: { ...policy, ...changed },
      },
      noneKnown,
    ),
  ],
})

const none = { connections: 0, packetsIn: 0, packetsOut: 0, bytesIn: 0, bytesOut: 0 }
const noneEver = { connections: 0n, packetsIn: 0n, packetsOut: 0n, bytesIn: 0n, bytesOut: 0n }
const stats: Stats = { total: noneEver, rate: none }

/** The service as the kernel has it, with these servers and weights, each with so many connections. */
export const entry = (weights: Readonly<Record<string, number>>, active = 0): TableEntry => ({
  service: { ...service, ...settings, stats },
  destinations: Object.entries(weights).map(([address, weight]) =>
    observed({ ...server(address), forwarding: 'direct', weight }, active),
  ),
})

const observed = (spec: DestinationSpec, active = 0) => ({
  ...spec,
  weight: spec.weight ?? 1,
  connections: { active, inactive: 0, persistent: 0 },
  stats,
})

/** The table after these changes. */
export function carriedOut(table: Table, changes: readonly Change[]): Table {
  let entries = [...table]
  for (const change of changes) {
    if (change.type === 'addService') entries.push({ service: { ...change.service, stats }, destinations: [] })
    else if (change.type === 'removeService') entries = []
    else if ('of' in change) {
      const { address } = change.destination
      entries = entries.map(({ service, destinations }) => {
        const before = destinations.find((server) => server.address === address)
        const others = destinations.filter((server) => server !== before)
        if (change.type === 'removeDestination') return { service, destinations: others }
        return { service, destinations: [...others, observed(change.destination, before?.connections.active)] }
      })
    }
  }
  return entries
}
