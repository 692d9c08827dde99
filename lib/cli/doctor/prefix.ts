/** Addresses, the prefixes that hold them, and where packets to them go. */
import { formatAddress, parseAddress, type IpAddress } from '../../address.js'
import type { Route } from './facts.js'

/** `192.0.2.0/24` of any address in it. */
export function prefixOf(of: IpAddress, length: number): string {
  const address = of.address.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, length - i * 8))))
  return `${formatAddress({ family: of.family, address })}/${length}`
}

/** The canonical text of an address; what is none stays. */
export function canonical(address: string): string {
  const parsed = parseAddress(address)
  return parsed ? formatAddress(parsed) : address
}

export function isIPv6(address: string): boolean {
  return address.includes(':')
}

/** The longest prefix of its family. */
export function fullLength(address: string): 32 | 128 {
  return isIPv6(address) ? 128 : 32
}

/** Answers of the routing table. */
export interface Routing {
  /** Whether packets to an address are this host's own: local routes come before all others. */
  readonly isLocal: (address: string) => boolean
  /** Where packets to an address that is another's go: by the longest prefix, and of equal ones by the first. */
  readonly outward: (address: string) => Route | undefined
}

export function makeRouting(routes: readonly Route[]): Routing {
  const local = makeFind(routes.filter(({ kind }) => kind === 'local'))
  const outward = makeFind(routes.filter(({ kind }) => kind !== 'local'))
  return { isLocal: (address) => local(address) !== undefined, outward }
}

/** By the lengths that there are, longest first: a director may have a million routes, and thousands of real servers. */
function makeFind(routes: readonly Route[]): (address: string) => Route | undefined {
  const byPrefix = new Map<string, Route>()
  for (const route of routes) if (!byPrefix.has(route.prefix)) byPrefix.set(route.prefix, route)
  const lengths = [...new Set(routes.map(({ prefix }) => Number(prefix.slice(prefix.indexOf('/') + 1))))]
  lengths.sort((a, b) => b - a)
  return (address) => {
    const parsed = parseAddress(address)
    if (!parsed) return undefined
    for (const length of lengths) {
      const found = byPrefix.get(prefixOf(parsed, length))
      if (found) return found
    }
    return undefined
  }
}
