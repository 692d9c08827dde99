/**
 * Arguments -> records. What cannot be written at all is refused here for every call; what only must not be created
 * (another program may have, because the kernel checks little) is refused by creatable.ts, so that it can still be read,
 * updated, drained and removed.
 */
import { noAddress, parseAddress } from './address.js'
import { boolean, fieldsOf, integer, object, text, unknownField, wrongType, wrongValue } from './check.js'
import { within, type Field } from './field.js'
import { ipAddress, name, word } from './values.js'
import { protocols, schedulerFlags } from './words.js'
import { AF_INET, AF_INET6, ServiceFlag, type ServiceRecord } from './records.js'

export { checkedDestination, destinationKey, destinationSpec, weight } from './validate-destination.js'
export { ipAddress, name } from './values.js'

const uint16 = 0xffff
const uint32 = 0xffffffff

/** ipvsadm's default for persistence without a timeout. */
const defaultPersistenceSeconds = 360

const keyFields = ['protocol', 'address', 'port', 'firewallMark', 'family'] as const
const serviceFields = [
  ...keyFields,
  'scheduler',
  'schedulerFlags',
  'persistence',
  'idlePersistence',
  'onePacket',
  'stats',
] as const

type Fields<K extends string> = Partial<Record<K, unknown>>

// Records are written out field by field, here and below: spreading parts into them costs several times as much.

/** A service's identity. Settings beside it (a service passed whole) are allowed and left alone. */
export function serviceKey(value: unknown, field: Field = 'service'): ServiceRecord {
  const parts = serviceParts(field, value)
  if (lastKey && saysAsBefore(parts, lastKey.parts)) return lastKey.record
  const record = identity(parts, field)
  lastKey = { parts, record }
  return record
}

/** Of many calls about one service all have one record, which crosses the seam once. */
let lastKey: { readonly parts: Fields<(typeof keyFields)[number]>; readonly record: ServiceRecord } | undefined

function saysAsBefore(parts: Fields<(typeof keyFields)[number]>, before: typeof parts): boolean {
  return (
    parts.address === before.address &&
    parts.port === before.port &&
    parts.protocol === before.protocol &&
    parts.firewallMark === before.firewallMark &&
    parts.family === before.family
  )
}

/** A service with its settings. */
export function serviceSpec(value: unknown, field: Field = 'service'): ServiceRecord {
  const fields = serviceParts(field, value)
  const { family, protocol, port, firewallMark, address } = identity(fields, field)
  const scheduler = name(within(field, 'scheduler'), fields.scheduler, 'the name of a scheduler, such as "wlc"')
  const bits = flagBits(within(field, 'schedulerFlags'), fields.schedulerFlags)
  const onePacket = fields.onePacket !== undefined && boolean(within(field, 'onePacket'), fields.onePacket)
  const persistent = fields.persistence !== undefined
  const { timeout, netmask, engine } = persistent
    ? persistence(within(field, 'persistence'), fields.persistence, family)
    : persistence(within(field, 'idlePersistence'), fields.idlePersistence, family)
  const flags = (bits | (onePacket ? ServiceFlag.onePacket : 0) | (persistent ? ServiceFlag.persistent : 0)) >>> 0
  return { family, protocol, port, firewallMark, flags, timeout, netmask, address, scheduler, engine }
}

/** What fieldsOf() does, spelt out for what every call names. */
function serviceParts(field: Field, value: unknown): Fields<(typeof serviceFields)[number]> {
  const given = object(field, value) as Fields<(typeof serviceFields)[number]>
  let protocol, address, port, firewallMark, family, scheduler: unknown
  let bits, persistence, idlePersistence, onePacket: unknown
  for (const name of Object.keys(given)) {
    switch (name) {
      case 'protocol':
        protocol = given.protocol
        break
      case 'address':
        address = given.address
        break
      case 'port':
        port = given.port
        break
      case 'firewallMark':
        firewallMark = given.firewallMark
        break
      case 'family':
        family = given.family
        break
      case 'scheduler':
        scheduler = given.scheduler
        break
      case 'schedulerFlags':
        bits = given.schedulerFlags
        break
      case 'persistence':
        persistence = given.persistence
        break
      case 'idlePersistence':
        idlePersistence = given.idlePersistence
        break
      case 'onePacket':
        onePacket = given.onePacket
        break
      case 'stats':
        break
      default:
        throw unknownField(field, serviceFields, name)
    }
  }
  return {
    protocol,
    address,
    port,
    firewallMark,
    family,
    scheduler,
    schedulerFlags: bits,
    persistence,
    idlePersistence,
    onePacket,
  }
}

function identity(fields: Fields<(typeof keyFields)[number]>, field: Field): ServiceRecord {
  const { protocol, address, port, firewallMark, family } = fields
  if (firewallMark !== undefined) {
    for (const [other, found] of Object.entries({ protocol, address, port })) {
      if (found !== undefined) throw wrongValue(within(field, other), 'nothing beside firewallMark', found)
    }
    // The kernel takes mark 0 for TCP 0.0.0.0:0.
    const mark = integer(field, firewallMark, 1, uint32, 'firewallMark')
    return withoutSettings(familyNumber(within(field, 'family'), family), 0, noAddress, 0, mark)
  }
  if (family !== undefined) {
    throw wrongValue(within(field, 'family'), 'nothing beside an address, which tells it', family)
  }
  const ip = ipAddress(within(field, 'address'), address)
  const number = word(field, protocol, protocols, 'protocol')
  return withoutSettings(ip.family, number, ip.address, integer(field, port, 0, uint16, 'port'), 0)
}

function withoutSettings(
  family: number,
  protocol: number,
  address: Uint8Array,
  port: number,
  firewallMark: number,
): ServiceRecord {
  return {
    family,
    protocol,
    port,
    firewallMark,
    flags: 0,
    timeout: 0,
    netmask: 0,
    address,
    scheduler: '',
    engine: '',
  }
}

function persistence(
  field: Field,
  value: unknown,
  family: number,
): Pick<ServiceRecord, 'timeout' | 'netmask' | 'engine'> {
  // Also without persistence the kernel refuses an IPv6 prefix outside 1 to 128.
  if (value === undefined) return { timeout: 0, netmask: fullMask(family), engine: '' }
  const { timeoutSeconds, prefixLength, netmask, engine } = fieldsOf(field, value, [
    'timeoutSeconds',
    'prefixLength',
    'netmask',
    'engine',
  ])
  if (prefixLength !== undefined && netmask !== undefined) {
    throw wrongValue(within(field, 'netmask'), 'nothing beside prefixLength', netmask)
  }
  return {
    timeout:
      timeoutSeconds === undefined
        ? defaultPersistenceSeconds
        : integer(field, timeoutSeconds, 0, uint32, 'timeoutSeconds'),
    netmask: clientMask(field, prefixLength, netmask, family),
    engine:
      engine === undefined
        ? ''
        : name(within(field, 'engine'), engine, 'the name of a persistence engine, such as "sip"'),
  }
}

function clientMask(field: Field, prefixLength: unknown, netmask: unknown, family: number): number {
  if (netmask !== undefined) {
    if (family !== AF_INET) throw wrongValue(within(field, 'netmask'), 'prefixLength instead, for IPv6', netmask)
    const expected = 'an IPv4 mask such as "255.255.255.0"'
    const mask = parseAddress(text(within(field, 'netmask'), netmask, expected))
    if (mask?.family !== AF_INET) throw wrongValue(within(field, 'netmask'), expected, netmask)
    return new DataView(mask.address.buffer).getUint32(0)
  }
  if (prefixLength === undefined) return fullMask(family)
  if (family === AF_INET6) return integer(field, prefixLength, 1, 128, 'prefixLength')
  const length = integer(field, prefixLength, 0, 32, 'prefixLength')
  return length === 0 ? 0 : (uint32 << (32 - length)) >>> 0
}

/** The mask under which every client stands by itself: what the kernel holds for services without persistence, too. */
export function fullMask(family: number): number {
  return family === AF_INET6 ? 128 : uint32
}

function flagBits(field: Field, value: unknown): number {
  if (value === undefined) return 0
  const expected = 'flag-1, flag-2 or flag-3'
  if (!Array.isArray(value)) throw wrongType(field, `an array of ${expected}`, value)
  return value.reduce<number>((bits, flag: unknown, i) => {
    const bit = typeof flag === 'string' ? schedulerFlags.number(flag) : undefined
    // Below are persistence, the kernel's own mark, and one-packet scheduling.
    if (bit === undefined || bit < firstSchedulerBit) throw wrongValue(within(field, i), expected, flag)
    return bits | (1 << bit)
  }, 0)
}

/** IP_VS_SVC_F_SCHED1: the lower ones are no scheduler's. */
export const firstSchedulerBit = 3

function familyNumber(field: Field, value: unknown): number {
  const expected = '"ipv4" or "ipv6" beside firewallMark'
  const family = text(field, value, expected)
  if (family === 'ipv4') return AF_INET
  if (family === 'ipv6') return AF_INET6
  throw wrongValue(field, expected, value)
}
