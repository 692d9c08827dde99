/** How ipvsadm writes names, addresses and numbers. */
import { formatAddress } from '../address.js'
import { AF_INET, AF_INET6 } from '../records.js'
import type { Names } from './endpoints.js'

/** What has an address and a port: a service, a server, an end of a connection. */
export interface EndpointRecord {
  readonly family: number
  readonly address: Uint8Array
  readonly port: number
}

/** Writes an endpoint of a protocol, brackets around IPv6. */
export type Namer = (endpoint: EndpointRecord, protocol: number) => string

/** Numbers only. */
export const numeric: Namer = (endpoint) => joined(endpoint, addressText(endpoint), String(endpoint.port))

/** Names where there are any. */
export interface Lookup {
  /** Looks up what is not known yet; before that, an endpoint is shown in numbers. */
  readonly learn: (endpoints: readonly (readonly [endpoint: EndpointRecord, protocol: number])[]) => Promise<void>
  readonly name: Namer
}

export function lookup(names: Names): Lookup {
  const hosts = new Map<string, string | undefined>()
  const services = new Map<string, string | undefined>()
  const serviceKey = (port: number, protocol: number) => `${port}/${protocol}`
  return {
    async learn(endpoints) {
      const looks = endpoints.map(async ([endpoint, protocol]) => {
        const [address, { port }] = [addressText(endpoint), endpoint]
        if (!hosts.has(address)) {
          hosts.set(address, undefined)
          hosts.set(address, await names.hostOf(address))
        }
        const key = serviceKey(port, protocol)
        if (!services.has(key)) {
          services.set(key, undefined)
          services.set(key, await names.serviceOf(port, protocol))
        }
      })
      await Promise.all(looks)
    },
    name(endpoint, protocol) {
      const [address, { port }] = [addressText(endpoint), endpoint]
      return joined(endpoint, hosts.get(address) ?? address, services.get(serviceKey(port, protocol)) ?? String(port))
    },
  }
}

function joined({ family }: EndpointRecord, host: string, port: string): string {
  return family === AF_INET ? `${host}:${port}` : `[${host}]:${port}`
}

/** inet_ntop(3): unlike RFC 5952, the C library shows an IPv4 address behind 96 bits of 0. */
export function addressText(of: Pick<EndpointRecord, 'family' | 'address'>): string {
  const { family, address } = of
  const isCompatible =
    family === AF_INET6 &&
    address.subarray(0, 12).every((byte) => byte === 0) &&
    ((address[12] ?? 0) !== 0 || (address[13] ?? 0) !== 0)
  return isCompatible ? `::${address.subarray(12).join('.')}` : formatAddress(of)
}

/** A mask as four numbers. */
export function maskText(mask: number): string {
  return [mask >>> 24, (mask >>> 16) & 0xff, (mask >>> 8) & 0xff, mask & 0xff].join('.')
}

/** Nine columns, cut to K, M, G or T; or exact and as wide as need be. */
export function largeNumber(number: bigint, exact: boolean): string {
  if (exact) {
    const digits = String(number)
    return digits.padStart(Math.max(9, digits.length > 8 ? digits.length + 1 : 0))
  }
  const unit = units.find(({ below }) => number < below) ?? { divisor: 10n ** 12n, letter: 'T' }
  return `${number / unit.divisor}`.padStart(unit.letter === '' ? 9 : 8) + unit.letter
}

const units = [
  { below: 10n ** 8n, divisor: 1n, letter: '' },
  { below: 10n ** 9n, divisor: 10n ** 3n, letter: 'K' },
  { below: 10n ** 11n, divisor: 10n ** 6n, letter: 'M' },
  { below: 10n ** 14n, divisor: 10n ** 9n, letter: 'G' },
]
