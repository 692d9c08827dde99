/**
 * What must not be created, although the kernel would take most of it: it checks little, and the result forwards nothing or
 * something else than was meant. Not asked on update and removal.
 */
import { isMappedIPv4, isMulticastOrBroadcast, isUnspecified, formatAddress } from './address.js'
import { outOfRange, wrongValue } from './check.js'
import { within, type Field } from './field.js'
import { holdsEncapsulation, holdsPersistence } from './settings.js'
import { checksums, forwardings, protocols, schedulerFlags, tunnelTypes } from './words.js'
import { ServiceFlag, type DestinationRecord, type ServiceRecord } from './records.js'

/** Seconds that stay below 2^32 timer ticks on a kernel with 1000 ticks a second; more wraps silently. */
const maxPersistenceSeconds = 4294967

/** More is refused by newer kernels only. */
const maxLimit = 0x7fffffff

const udp = protocols.number('udp')

/** The kernel keeps any others, too. */
const knownFlags = Object.values(ServiceFlag).reduce((all, flag) => all | flag, 0)

/** Throws for a service that should not be made. */
export function refuseService(service: ServiceRecord, field: Field = 'service'): void {
  refuseName(service.scheduler, within(field, 'scheduler'))
  const persistent = (service.flags & ServiceFlag.persistent) !== 0
  if (service.firewallMark === 0) {
    if (!protocols.knows(service.protocol)) {
      throw wrongValue(
        within(field, 'protocol'),
        `one of ${protocols.words.join(', ')}`,
        protocols.word(service.protocol),
      )
    }
    if (isUnspecified(service) || isMulticastOrBroadcast(service)) {
      throw wrongValue(within(field, 'address'), 'the address of one host', formatAddress(service))
    }
    if (isMappedIPv4(service))
      throw wrongValue(within(field, 'address'), 'the IPv4 address itself', formatAddress(service))
    if (service.port === 0 && !persistent) {
      throw wrongValue(within(field, 'port'), '1 to 65535 (0, every port, needs persistence)', 0)
    }
  }
  if (service.flags & ServiceFlag.onePacket && service.firewallMark === 0 && service.protocol !== udp) {
    throw wrongValue(within(field, 'onePacket'), 'nothing unless the protocol is udp', true)
  }
  if (service.flags & ~knownFlags) {
    const found = schedulerFlags.word(31 - Math.clz32(service.flags & ~knownFlags))
    throw wrongValue(within(field, 'schedulerFlags'), `only ${schedulerFlags.words.join(', ')}`, found)
  }
  if (!persistent) {
    if (!holdsPersistence(service)) return
    throw wrongValue(within(field, 'idlePersistence'), 'nothing where a service is made', 'settings without effect')
  }
  if (service.timeout < 1 || service.timeout > maxPersistenceSeconds) {
    throw outOfRange(
      within(within(field, 'persistence'), 'timeoutSeconds'),
      `an integer from 1 to ${maxPersistenceSeconds}`,
      service.timeout,
    )
  }
  // IPv4 only: an IPv6 prefix of 0 cannot be written at all.
  if (service.netmask === 0) {
    throw outOfRange(within(field, 'persistence'), 'a prefixLength from 1 to 32, or a netmask that is not 0.0.0.0', 0)
  }
  if (service.engine !== '') refuseName(service.engine, within(within(field, 'persistence'), 'engine'))
  if (service.engine === 'sip' && service.firewallMark === 0 && service.protocol !== udp) {
    throw wrongValue(within(within(field, 'persistence'), 'engine'), 'sip with UDP only', service.engine)
  }
}

/** The kernel makes a module's name of it. */
function refuseName(name: string, field: Field): void {
  if (!/^[a-z0-9_-]+$/.test(name)) throw wrongValue(field, 'a name of a-z, 0-9, _ and -', name)
}

/** Throws for a destination that should not be made in this service. */
export function refuseDestination(
  service: ServiceRecord,
  destination: DestinationRecord,
  field: Field = 'destination',
): void {
  if (isUnspecified(destination) || isMulticastOrBroadcast(destination)) {
    throw wrongValue(within(field, 'address'), 'the address of one host', formatAddress(destination))
  }
  if (isMappedIPv4(destination))
    throw wrongValue(within(field, 'address'), 'the IPv4 address itself', formatAddress(destination))
  const forwarding = forwardings.word(destination.forwarding)
  if (!forwardings.knows(destination.forwarding)) {
    throw wrongValue(within(field, 'forwarding'), `one of ${forwardings.words.join(', ')}`, forwarding)
  }
  if (destination.family !== service.family && forwarding !== 'tunnel') {
    throw wrongValue(
      within(field, 'address'),
      "the service's address family, unless forwarding is tunnel",
      formatAddress(destination),
    )
  }
  // Neither method touches the packet's port: the kernel would send to the service's port whatever stands here.
  const keepsPort = forwarding === 'direct' || forwarding === 'tunnel'
  if (keepsPort && service.firewallMark === 0 && service.port !== 0 && destination.port !== service.port) {
    throw wrongValue(
      within(field, 'port'),
      `the service's port ${service.port} with ${forwarding} forwarding`,
      destination.port,
    )
  }
  refuseEncapsulation(destination, field)
  refuseLimits(destination, field)
}

function refuseEncapsulation(destination: DestinationRecord, parent: Field): void {
  const { forwarding, tunnelType, tunnelPort, tunnelFlags } = destination
  if (forwarding !== forwardings.number('tunnel')) {
    if (!holdsEncapsulation(destination)) return
    throw wrongValue(
      within(parent, 'idleEncapsulation'),
      'nothing where a destination is made',
      'settings without effect',
    )
  }
  const field = within(parent, 'encapsulation')
  const type = tunnelTypes.word(tunnelType)
  if (!tunnelTypes.knows(tunnelType))
    throw wrongValue(within(field, 'type'), `one of ${tunnelTypes.words.join(', ')}`, type)
  if (type === 'gue' && tunnelPort === 0) throw wrongValue(within(field, 'port'), '1 to 65535 with gue', tunnelPort)
  if (type !== 'gue' && tunnelPort !== 0) throw wrongValue(within(field, 'port'), `nothing with ${type}`, tunnelPort)
  const allowed = type === 'gue' ? checksums.words : type === 'gre' ? ['none', 'full'] : ['none']
  const checksum = checksums.word(tunnelFlags)
  if (!allowed.includes(checksum))
    throw wrongValue(within(field, 'checksum'), `${allowed.join(', ')} with ${type}`, checksum)
}

function refuseLimits({ upper, lower }: DestinationRecord, parent: Field): void {
  const field = (name: string) => within(within(parent, 'limits'), name)
  if (upper > maxLimit) throw outOfRange(field('upper'), `an integer from 1 to ${maxLimit}`, upper)
  if (lower > upper) throw outOfRange(field('lower'), `at most upper, ${upper}`, lower)
}
