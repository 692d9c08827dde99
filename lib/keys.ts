/** Identity as text: equal exactly when the kernel takes two keys for the same object. Also what messages call an object. */
import { formatAddress, quadNumber } from './address.js'
import { destinationRecord, type CheckedDestination } from './validate-destination.js'
import { protocols } from './words.js'
import { AF_INET, AF_INET6, type DestinationRecord, type ServiceRecord } from './records.js'

/** `tcp 192.0.2.1:80`, `tcp [2001:db8::1]:80` or `firewall mark 7 IPv6`. */
export function serviceName(service: ServiceRecord): string {
  if (service.firewallMark !== 0)
    return `firewall mark ${service.firewallMark}${service.family === AF_INET6 ? ' IPv6' : ''}`
  return `${protocols.word(service.protocol)} ${endpoint(service)}`
}

/** Identity to look up by: a number of 48 bits where that tells as much as the name and is made several times faster. */
export type DestinationId = string | number

export function destinationId(destination: DestinationRecord): DestinationId {
  const { family, address, port } = destination
  if (family === AF_INET6) return destinationName(destination)
  let number = 0
  for (let i = 0; i < 4; i++) number = number * 0x100 + (address[i] ?? 0)
  return number * 0x10000 + port
}

/** The same, of what has not become a record. */
export function checkedDestinationId(destination: CheckedDestination): DestinationId {
  const { family, text, port } = destination
  return family === AF_INET ? quadNumber(text) * 0x10000 + port : destinationName(destinationRecord(destination))
}

/** `10.0.0.1:80` or `[2001:db8::2]:80`. */
export function destinationName(destination: DestinationRecord): string {
  return endpoint(destination)
}

function endpoint(of: { readonly family: number; readonly address: Uint8Array; readonly port: number }): string {
  return of.family === AF_INET6 ? `[${formatAddress(of)}]:${of.port}` : `${formatAddress(of)}:${of.port}`
}
