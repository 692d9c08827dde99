/** One text per kernel object: the key of every map here, and what the log shows. */
import type { Change, DestinationKey, ObjectKey, ServiceKey } from 'ipvs'
import { endpointText } from './scalars.js'

/** `tcp 192.0.2.100:80`, or `firewall mark 7 IPv6`: the words of the library's errors. */
export const serviceName: (key: ServiceKey) => string = remembered((key) =>
  key.firewallMark === undefined
    ? `${key.protocol} ${endpointText(key.address, key.port)}`
    : `firewall mark ${key.firewallMark}${key.family === 'ipv6' ? ' IPv6' : ''}`,
)

/** `192.0.2.11:80`. */
export const serverName: (key: DestinationKey) => string = remembered(({ address, port }) =>
  endpointText(address, port),
)

/** A service, or a server in it: `tcp 192.0.2.100:80 > 192.0.2.11:80`. */
export function objectName(service: ServiceKey, server?: DestinationKey): string {
  const of = serviceName(service)
  if (server === undefined) return of
  const last = inServices.get(server)
  if (last?.of === of) return last.name
  // In one piece: added up it would stay in pieces, which take twice the memory.
  const name = [of, serverName(server)].join(' > ')
  inServices.set(server, { of, name })
  return name
}
/** A server object is of one service, usually. */
const inServices = new WeakMap<DestinationKey, { readonly of: string; readonly name: string }>()

/** The same of a key. */
export const keyName = ({ service, destination }: ObjectKey): string => objectName(service, destination)

/** Each object is asked for its name many times in each round, and no object here ever changes. */
function remembered<K extends object>(nameOf: (key: K) => string): (key: K) => string {
  const names = new WeakMap<K, string>()
  return (key) => {
    const known = names.get(key)
    if (known !== undefined) return known
    const name = nameOf(key)
    names.set(key, name)
    return name
  }
}

/** The key of a service, or of a server in it, without its settings. */
export function objectKey(of: ServiceKey, server?: DestinationKey): ObjectKey {
  const service: ServiceKey =
    of.firewallMark === undefined
      ? { protocol: of.protocol, address: of.address, port: of.port }
      : { firewallMark: of.firewallMark, family: of.family }
  return server === undefined ? { service } : { service, destination: { address: server.address, port: server.port } }
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
