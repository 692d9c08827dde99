/** What must not compile: TypeScript reports each `@ts-expect-error` whose line is right. Checked by `npm run lint`. */
import { drain, IpvsError, toJSON, watch } from '../../lib/index.js'
import type { Change, DesiredTable, DestinationSpec, Encapsulation, Ipvs, Persistence } from '../../lib/index.js'
import type { ServiceKey, ServiceSpec, SyncDaemon, Table } from '../../lib/index.js'

const http = { protocol: 'tcp', address: '192.0.2.100', port: 80 } as const
const real = { address: '10.0.0.1', port: 80 } as const

// ── identity: exactly one of two shapes ──
export const keys: readonly ServiceKey[] = [
  http,
  { firewallMark: 7, family: 'ipv6' },
  { protocol: 'protocol-47', address: '192.0.2.1', port: 0 },
  // @ts-expect-error a firewall mark beside an address
  { ...http, firewallMark: 7 },
  // @ts-expect-error a family beside an address
  { ...http, family: 'ipv4' },
  // @ts-expect-error a firewall mark without a family
  { firewallMark: 7 },
  // @ts-expect-error a protocol that is none
  { ...http, protocol: 'icmp' },
  // @ts-expect-error no port
  { protocol: 'tcp', address: '192.0.2.1' },
]

// ── settings of a service ──
export const services: readonly ServiceSpec[] = [
  { ...http, scheduler: 'wlc', persistence: {}, schedulerFlags: ['flag-1', 'bit-7'], onePacket: undefined },
  { ...http, scheduler: 'of-tomorrow', persistence: { engine: 'of-tomorrow', netmask: '255.255.0.255' } },
  // @ts-expect-error no scheduler
  { ...http },
  // @ts-expect-error persistence has no flag beside its record
  { ...http, scheduler: 'rr', persistence: true },
  // @ts-expect-error a flag that is none
  { ...http, scheduler: 'rr', schedulerFlags: ['sh-port'] },
  // @ts-expect-error one flag instead of a list
  { ...http, scheduler: 'rr', schedulerFlags: 'flag-1' },
]
export const persistences: readonly Persistence[] = [
  {},
  { timeoutSeconds: 300, prefixLength: 24 },
  // @ts-expect-error a prefix beside a mask
  { prefixLength: 24, netmask: '255.255.255.0' },
  // @ts-expect-error a mask as a number
  { netmask: 24 },
]

// ── settings of a destination ──
export const destinations: readonly DestinationSpec[] = [
  { ...real, forwarding: 'direct' },
  { ...real, forwarding: 'tunnel', encapsulation: { type: 'gue', port: 6080, checksum: 'remote' } },
  { ...real, forwarding: 'method-5', weight: 0 },
  // @ts-expect-error no forwarding
  { ...real },
  // @ts-expect-error a method that is none
  { ...real, forwarding: 'nat' },
  // @ts-expect-error encapsulation without tunnel
  { ...real, forwarding: 'direct', encapsulation: { type: 'ipip' } },
  // @ts-expect-error a lower limit without an upper one
  { ...real, forwarding: 'direct', limits: { lower: 5 } },
  // @ts-expect-error a weight as text
  { ...real, forwarding: 'direct', weight: '1' },
]
export const encapsulations: readonly Encapsulation[] = [
  { type: 'ipip' },
  { type: 'gre', checksum: 'full' },
  { type: 'type-9', port: 1, checksum: 'flags-9' },
  // @ts-expect-error GUE without a port
  { type: 'gue' },
  // @ts-expect-error a port without GUE
  { type: 'gre', port: 6080 },
  // @ts-expect-error a remote checksum without GUE
  { type: 'gre', checksum: 'remote' },
  // @ts-expect-error a checksum with IPIP
  { type: 'ipip', checksum: 'full' },
  // @ts-expect-error a type that is none
  { type: 'vxlan' },
]

// ── what is read goes back in, changed or not; nothing read can be changed in place ──
export async function roundTrip(ipvs: Ipvs, table: Table, json: string): Promise<void> {
  for (const { service, destinations } of table) {
    await ipvs.updateService({ ...service, scheduler: 'rr' })
    for (const destination of destinations) await ipvs.updateDestination(service, { ...destination, weight: 0 })
    // @ts-expect-error readonly
    service.scheduler = 'rr'
    // @ts-expect-error readonly
    destinations.length = 0
  }
  const desired: DesiredTable = table
  // @ts-expect-error what should be there lacks what only the kernel knows
  const read: Table = desired
  // @ts-expect-error totals are bigint
  const total: number = table[0]?.service.stats.total.bytesIn
  JSON.stringify([read, total, json], toJSON)
}

// ── calls ──
export async function calls(ipvs: Ipvs, change: Change, error: unknown): Promise<void> {
  // @ts-expect-error a signal instead of options
  await ipvs.table(new AbortController().signal)
  // @ts-expect-error exact is table()'s alone
  await ipvs.services({ exact: true })
  // @ts-expect-error no deadline
  await drain(ipvs, http, real, {})
  // @ts-expect-error no interval
  watch(ipvs, {})
  // @ts-expect-error a third role
  await ipvs.stopSyncDaemon('both')
  await ipvs.setTimeouts({ tcpSeconds: 900, udpSeconds: undefined })
  // @ts-expect-error a field that is none
  await ipvs.setTimeouts({ tcp: 900 })
  // @ts-expect-error only removals and updates know what was before
  void change.before
  if (change.type === 'removeService') change.destinations.map(({ port }) => port)
  // @ts-expect-error a code that is none
  IpvsError.is(error, 'IPVS_NO_SUCH_CODE')
}
export const daemon: SyncDaemon = {
  role: 'master',
  interface: 'eth0',
  syncId: 1,
  // @ts-expect-error a field that is none
  multicast: { address: '224.0.0.81' },
}
