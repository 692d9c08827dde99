/** What is known of destinations, by their identity: by numbers where names would tell no more and take several times as long. */
import { formatAddress, quadOf, type Host } from './address.js'
import { AF_INET6 } from './records.js'

/** What identifies a destination in its service. */
export interface DestinationIdentity extends Host {
  readonly port: number
}

export class DestinationMap<V> {
  /** By port, of which a service's destinations have few; then by address. */
  readonly #ports = new Map<number, Map<number | string, V>>()

  get(of: DestinationIdentity): V | undefined {
    return this.#ports.get(of.port)?.get(addressId(of))
  }

  set(of: DestinationIdentity, value: V): void {
    let addresses = this.#ports.get(of.port)
    if (!addresses) {
      addresses = new Map()
      this.#ports.set(of.port, addresses)
    }
    addresses.set(addressId(of), value)
  }

  get size(): number {
    let size = 0
    for (const addresses of this.#ports.values()) size += addresses.size
    return size
  }
}

function addressId(of: Host): number | string {
  return of.family === AF_INET6 ? formatAddress(of) : quadOf(of)
}
