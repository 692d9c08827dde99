/** Plans that replace all destinations of several services, and strangers that make the kernel refuse one of the additions. */
import { diff, type DesiredTable, type DestinationSpec, type Ipvs, type Plan, type Table } from '../lib/index.js'
import { server } from './tables.js'

export const exchanged = [80, 81, 82].map((port) => ({ protocol: 'tcp', address: '192.0.2.100', port }) as const)
type Exchanged = (typeof exchanged)[number]

const serversOf = (of: Exchanged, numbers: readonly number[]) =>
  numbers.map((number) => server(number, { port: of.port, forwarding: 'tunnel' }))
const tableOf = (destinations: (of: Exchanged) => readonly DestinationSpec[]): DesiredTable =>
  exchanged.map((key) => ({ service: { ...key, scheduler: 'wlc' }, destinations: destinations(key) }))

export const beforeExchange: DesiredTable = tableOf((of) => serversOf(of, [1, 2]))

/** The additions of the plan below, in its order. */
export const additions = exchanged.flatMap((of) => serversOf(of, [3, 4]).map((destination) => ({ of, destination })))

/** Makes the kernel refuse the k-th addition of the plan. */
export interface Refusal {
  readonly code: string
  /** The destination that is to be refused, where not every one would be. */
  readonly destination?: (of: Exchanged) => DestinationSpec
  act(stranger: Ipvs, k: number): Promise<void>
  undo?(stranger: Ipvs): Promise<void>
}

const addition = (k: number) => additions[k] as (typeof additions)[number]

export const refusals: Readonly<Record<string, Refusal>> = {
  'somebody has added it': {
    code: 'IPVS_DESTINATION_EXISTS',
    act: (stranger, k) => stranger.addDestination(addition(k).of, addition(k).destination),
  },
  'somebody has removed the service': {
    code: 'IPVS_SERVICE_NOT_FOUND',
    act: (stranger, k) => stranger.removeService(addition(k).of),
  },
  'a sync daemon runs, and it is of another family': {
    code: 'IPVS_REJECTED',
    destination: ({ port }) => ({ address: '2001:db8::9', port, forwarding: 'tunnel' }),
    act: (stranger) => stranger.startSyncDaemon({ role: 'backup', interface: 'eth0', syncId: 1 }),
    undo: (stranger) => stranger.stopSyncDaemon('backup'),
  },
}

/** Replaces all destinations of all services; its k-th addition is the one to be refused. */
export function exchangePlan(current: Table, { destination }: Refusal, k: number): Plan {
  let at = 0
  const desired = tableOf((of) =>
    serversOf(of, [3, 4]).map((spec) => (at++ === k ? (destination?.(of) ?? spec) : spec)),
  )
  return diff(current, desired)
}
