/** Destinations of one service, each once and found by its identity. */
import { formatAddress, quadOf, type Host } from './address.js'
import { AF_INET6 } from './records.js'

/** What identifies a destination in its service. */
export interface DestinationIdentity extends Host {
  readonly port: number
}

/** So many IPv4 ones are looked through faster than they are entered in maps. */
const few = 16

export class Destinations<T extends DestinationIdentity> {
  /** In the order in which they came. */
  readonly all: T[] = []
  /** By port, of which a service's destinations have few; then by address: numbers where names would tell no more. */
  private maps: Map<number, Map<number | string, T>> | undefined

  get(of: DestinationIdentity): T | undefined {
    if (this.maps) return this.maps.get(of.port)?.get(addressId(of))
    if (of.family === AF_INET6) return undefined
    const quad = quadOf(of)
    for (const one of this.all) if (one.quad === quad && one.port === of.port) return one
    return undefined
  }

  /** One that is not there yet. */
  add(destination: T): void {
    this.all.push(destination)
    if (this.maps) enter(this.maps, destination)
    else if (this.all.length > few || destination.quad === undefined) {
      this.maps = new Map()
      for (const one of this.all) enter(this.maps, one)
    }
  }

  /** Those that the other has none of. */
  missingIn(other: Destinations<T>): readonly T[] {
    return this.all.filter((one) => !other.get(one))
  }

  /** In place of the one that has its identity. */
  put(destination: T): void {
    const other = this.get(destination)
    if (!other) return this.add(destination)
    this.all[this.all.indexOf(other)] = destination
    if (this.maps) enter(this.maps, destination)
  }
}

function enter<T extends DestinationIdentity>(maps: Map<number, Map<number | string, T>>, destination: T): void {
  let addresses = maps.get(destination.port)
  if (!addresses) {
    addresses = new Map()
    maps.set(destination.port, addresses)
  }
  addresses.set(addressId(destination), destination)
}

function addressId(of: Host): number | string {
  return of.family === AF_INET6 ? formatAddress(of) : quadOf(of)
}
