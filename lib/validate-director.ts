/** Arguments -> records, for what belongs to the director rather than to a service: timeouts and sync daemons. */
import { isMulticast, noAddress, type IpAddress } from './address.js'
import { fieldsOf, integer, text, wrongValue } from './check.js'
import { ipAddress, name } from './validate.js'
import { daemonRoles } from './words.js'
import type { DaemonRecord, TimeoutsRecord } from './records.js'

/** No kernel holds more: 2^31 - 1 timer ticks, of which there are at least 100 a second. */
const maxTimeout = 21474836

/** What fits into a UDP packet, as ipvsadm. */
const maxSyncLength = 65507

const uint16 = 0xffff

/** What setTimeouts() takes; 0 keeps what is. */
export function timeouts(value: unknown, field = 'timeouts'): TimeoutsRecord {
  const fields = fieldsOf(field, value, ['tcpSeconds', 'tcpFinSeconds', 'udpSeconds'])
  const seconds = (name: keyof typeof fields) =>
    fields[name] === undefined ? 0 : integer(`${field}.${name}`, fields[name], 1, maxTimeout)
  return { tcp: seconds('tcpSeconds'), tcpFin: seconds('tcpFinSeconds'), udp: seconds('udpSeconds') }
}

/** A sync daemon to start. */
export function daemonSpec(value: unknown, field = 'daemon'): DaemonRecord {
  const fields = fieldsOf(field, value, ['role', 'interface', 'syncId', 'maxLength', 'multicast'])
  const { group, port, ttl } =
    fields.multicast === undefined ? {} : fieldsOf(`${field}.multicast`, fields.multicast, ['group', 'port', 'ttl'])
  const address = group === undefined ? undefined : multicastGroup(`${field}.multicast.group`, group)
  return {
    ...daemonRole(fields.role, `${field}.role`),
    interface: interfaceName(`${field}.interface`, fields.interface),
    syncId: integer(`${field}.syncId`, fields.syncId, 0, 255),
    maxLength: fields.maxLength === undefined ? 0 : integer(`${field}.maxLength`, fields.maxLength, 1, maxSyncLength),
    port: port === undefined ? 0 : integer(`${field}.multicast.port`, port, 1, uint16),
    ttl: ttl === undefined ? 0 : integer(`${field}.multicast.ttl`, ttl, 1, 255),
    groupFamily: address?.family ?? 0,
    group: address?.address ?? noAddress,
  }
}

/** The daemon of a role, which is all that names it. */
export function daemonRole(value: unknown, field = 'role'): DaemonRecord {
  const role = text(field, value, 'master or backup')
  const number = daemonRoles.words.includes(role) ? daemonRoles.number(role) : undefined
  if (number === undefined) throw wrongValue(field, 'master or backup', value)
  return { role: number, interface: '', syncId: 0, maxLength: 0, port: 0, ttl: 0, groupFamily: 0, group: noAddress }
}

function interfaceName(field: string, value: unknown): string {
  const found = name(field, value, 'the name of a network interface')
  // What the kernel names no interface (dev_valid_name).
  if (found === '.' || found === '..' || /[/:\s]/.test(found)) {
    throw wrongValue(field, 'the name of a network interface', value)
  }
  return found
}

function multicastGroup(field: string, value: unknown): IpAddress {
  const address = ipAddress(field, value)
  if (!isMulticast(address)) throw wrongValue(field, 'a multicast address', value)
  return address
}
