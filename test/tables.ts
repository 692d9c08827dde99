/** Tables for tests: small, with keys that often coincide, and only what may be created. */
import fc from 'fast-check'
import { destinationName, serviceName } from '../lib/keys.js'
import { apply, diff, type DesiredTable, type DestinationSpec, type Ipvs, type ObjectKey } from '../lib/index.js'
import { destinationKey, serviceKey } from '../lib/validate.js'
import type {
  Capacity,
  DestinationKey,
  PlainForwarding,
  ServiceKey,
  ServiceSpec,
  Table,
  TableEntry,
} from '../lib/index.js'
import type { TunnelForwarding } from '../lib/index.js'

export const http = { protocol: 'tcp', address: '192.0.2.100', port: 80 } as const
export const dns = { protocol: 'udp', address: '192.0.2.100', port: 53 } as const
export const http6 = { protocol: 'tcp', address: '2001:db8::100', port: 80 } as const
export const mark = { firewallMark: 7, family: 'ipv4' } as const
export const keys: readonly ServiceKey[] = [http, dns, http6, mark]

/** A real server of `http` or, at its end of the range, of another family. */
export function server(number: number, settings: Settings = {}): DestinationSpec {
  return { address: `10.0.0.${number}`, port: 80, ...direct, ...settings }
}

const direct: PlainForwarding = { forwarding: 'direct' }
type Settings = Partial<DestinationKey> &
  Partial<Capacity> &
  (TunnelForwarding | PlainForwarding | { readonly forwarding?: never })

/** What names all the objects of a table. */
export function objects(table: DesiredTable | Table): readonly string[] {
  return table.flatMap(({ service, destinations }) => [
    objectName({ service }),
    ...destinations.map((destination) => objectName({ service, destination })),
  ])
}

/** `SERVICE` or `SERVICE > SERVER`. */
export function objectName({ service, destination }: ObjectKey): string {
  const name = serviceName(serviceKey(service))
  return destination ? `${name} > ${destinationName(destinationKey(destination))}` : name
}

/** Makes the kernel's table this one. */
export async function fill(ipvs: Ipvs, table: DesiredTable): Promise<Table> {
  await apply(ipvs, diff(await ipvs.table(), table, { owned: 'everything' }))
  return ipvs.table()
}

const persistence = fc.record(
  { timeoutSeconds: fc.constantFrom(60, 360), prefixLength: fc.constantFrom(24, 32) },
  { requiredKeys: [], noNullPrototype: true },
)
const settings = fc.record(
  { scheduler: fc.constantFrom('rr', 'wlc'), persistence, onePacket: fc.boolean() },
  { requiredKeys: ['scheduler'], noNullPrototype: true },
)
const limits = fc.constantFrom(undefined, { upper: 8 }, { upper: 8, lower: 2 })
const method = fc.constantFrom<TunnelForwarding | PlainForwarding>(
  { forwarding: 'direct' },
  { forwarding: 'masquerade' },
  { forwarding: 'tunnel' },
  { forwarding: 'tunnel', encapsulation: { type: 'gue', port: 6080 } },
)

function destinations(of: ServiceKey): fc.Arbitrary<readonly DestinationSpec[]> {
  const ipv6 = of === http6
  const one = fc
    .tuple(fc.integer({ min: 1, max: 4 }), method, limits, fc.option(fc.constantFrom(0, 1, 5), { nil: undefined }))
    .map(([number, how, limit, weight]) => ({
      address: ipv6 ? `2001:db8::${number}` : `10.0.0.${number}`,
      port: of.port ?? 0,
      ...how,
      limits: limit,
      weight,
    }))
  return fc.uniqueArray(one, { selector: ({ address }) => address, maxLength: 4 })
}

/** Any table that may be created. */
export const desiredTables: fc.Arbitrary<DesiredTable> = fc.subarray([...keys]).chain((some) =>
  fc.tuple(
    ...some.map((key) =>
      fc.tuple(settings, destinations(key)).map(([setting, servers]): TableEntry<ServiceSpec, DestinationSpec> => ({
        service: { ...key, ...setting, onePacket: setting.onePacket === true && key.protocol !== 'tcp' },
        destinations: servers,
      })),
    ),
  ),
)
