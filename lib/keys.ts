/** Identity as text: equal exactly when the kernel takes two keys for the same object. Also what messages call an object. */
import { formatAddress, type Host } from './address.js'
import { protocols } from './words.js'
import { AF_INET6, type ServiceRecord } from './records.js'

/** `tcp 192.0.2.1:80`, `tcp [2001:db8::1]:80` or `firewall mark 7 IPv6`. */
export function serviceName(service: ServiceRecord): string {
  if (service.firewallMark !== 0)
    return `firewall mark ${service.firewallMark}${service.family === AF_INET6 ? ' IPv6' : ''}`
  return `${protocols.word(service.protocol)} ${endpoint(service)}`
}

/** `10.0.0.1:80` or `[2001:db8::2]:80`. */
export function destinationName(destination: Endpoint): string {
  return endpoint(destination)
}

interface Endpoint extends Host {
  readonly port: number
}

function endpoint(of: Endpoint): string {
  return of.family === AF_INET6 ? `[${formatAddress(of)}]:${of.port}` : `${formatAddress(of)}:${of.port}`
}
