/** One text per kernel object: the key of every map here, and what the log shows. */
import type { Change, DestinationKey, ObjectKey, ServiceKey } from 'ipvs'
import { endpointText } from './scalars.js'

/** `tcp 192.0.2.100:80`, or `firewall mark 7 IPv6`: the words of the library's errors. */
export const serviceName = (key: ServiceKey): string =>
  key.firewallMark === undefined
    ? `${key.protocol} ${endpointText(key.address, key.port)}`
    : `firewall mark ${key.firewallMark}${key.family === 'ipv6' ? ' IPv6' : ''}`

/** `192.0.2.11:80`. */
export const serverName = ({ address, port }: DestinationKey): string => endpointText(address, port)

/** A service, or a server in it: `tcp 192.0.2.100:80 > 192.0.2.11:80`. */
export const objectName = (service: ServiceKey, server?: DestinationKey): string =>
  server === undefined ? serviceName(service) : `${serviceName(service)} > ${serverName(server)}`

/** The same of a key. */
export const keyName = ({ service, destination }: ObjectKey): string => objectName(service, destination)

/** The keys of a service and of these servers in it, without their settings. */
export function objectKeys(service: ServiceKey, servers: readonly DestinationKey[]): readonly ObjectKey[] {
  const key: ServiceKey =
    service.firewallMark === undefined
      ? { protocol: service.protocol, address: service.address, port: service.port }
      : { firewallMark: service.firewallMark, family: service.family }
  return [{ service: key }, ...servers.map(({ address, port }) => ({ service: key, destination: { address, port } }))]
}

/** The names of a service and of these servers in it. */
export const objectNames = (service: ServiceKey, servers: readonly DestinationKey[]): readonly string[] => [
  serviceName(service),
  ...servers.map((server) => objectName(service, server)),
]

/** The object that a change is about. */
export const changeTarget = (change: Change): string =>
  'of' in change ? objectName(change.of, change.destination) : serviceName(change.service)

/** `addDestination tcp 192.0.2.100:80 > 192.0.2.11:80`. */
export const changeName = (change: Change): string => `${change.type} ${changeTarget(change)}`
