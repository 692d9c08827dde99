/**
 * Arguments -> records. What cannot be written at all is refused here for every call; what only must not be created
 * (another program may have, because the kernel checks little) is refused by creatable.ts, so that it can still be read,
 * updated, drained and removed.
 */
import { noAddress, parseAddress, type IpAddress } from './address.js'
import { boolean, fieldsOf, integer, text, wrongType, wrongValue } from './check.js'
import { checksums, forwardings, protocols, schedulerFlags, tunnelTypes, type Vocabulary } from './words.js'
import { AF_INET, AF_INET6, ServiceFlag, type DestinationRecord } from './records.js'
import type { ServiceRecord } from './records.js'

const uint16 = 0xffff
const uint32 = 0xffffffff
const int32 = 0x7fffffff

/** ipvsadm's default for persistence without a timeout. */
const defaultPersistenceSeconds = 360

const keyFields = ['protocol', 'address', 'port', 'firewallMark', 'family'] as const
const settingFields = ['scheduler', 'schedulerFlags', 'persistence', 'idlePersistence', 'onePacket', 'stats'] as const
const destinationFields = [
  'address',
  'port',
  'forwarding',
  'encapsulation',
  'idleEncapsulation',
  'weight',
  'limits',
  'connections',
  'stats',
] as const

type Fields<K extends string> = Partial<Record<K, unknown>>

/** A service's identity. Settings beside it (a service passed whole) are allowed and left alone. */
export function serviceKey(value: unknown, field = 'service'): ServiceRecord {
  return identity(fieldsOf(field, value, [...keyFields, ...settingFields]), field)
}

/** A service with its settings. */
export function serviceSpec(value: unknown, field = 'service'): ServiceRecord {
  const fields = fieldsOf(field, value, [...keyFields, ...settingFields])
  const key = identity(fields, field)
  const scheduler = name(`${field}.scheduler`, fields.scheduler, 'the name of a scheduler, such as "wlc"')
  const flags = flagBits(`${field}.schedulerFlags`, fields.schedulerFlags)
  const onePacket = fields.onePacket !== undefined && boolean(`${field}.onePacket`, fields.onePacket)
  return {
    ...key,
    scheduler,
    ...(fields.persistence === undefined
      ? persistence(`${field}.idlePersistence`, fields.idlePersistence, key.family)
      : persistence(`${field}.persistence`, fields.persistence, key.family)),
    flags:
      (flags |
        (onePacket ? ServiceFlag.onePacket : 0) |
        (fields.persistence === undefined ? 0 : ServiceFlag.persistent)) >>>
      0,
  }
}

function identity(fields: Fields<(typeof keyFields)[number]>, field: string): ServiceRecord {
  const { protocol, address, port, firewallMark, family } = fields
  if (firewallMark !== undefined) {
    for (const [other, found] of Object.entries({ protocol, address, port })) {
      if (found !== undefined) throw wrongValue(`${field}.${other}`, 'nothing beside firewallMark', found)
    }
    // The kernel takes mark 0 for TCP 0.0.0.0:0.
    const mark = integer(`${field}.firewallMark`, firewallMark, 1, uint32)
    return { ...noSettings, family: familyNumber(`${field}.family`, family), firewallMark: mark }
  }
  if (family !== undefined) throw wrongValue(`${field}.family`, 'nothing beside an address, which tells it', family)
  const ip = ipAddress(`${field}.address`, address)
  return {
    ...noSettings,
    family: ip.family,
    protocol: word(`${field}.protocol`, protocol, protocols),
    address: ip.address,
    port: integer(`${field}.port`, port, 0, uint16),
  }
}

const noSettings: ServiceRecord = {
  family: 0,
  protocol: 0,
  port: 0,
  firewallMark: 0,
  flags: 0,
  timeout: 0,
  netmask: 0,
  address: noAddress,
  scheduler: '',
  engine: '',
}

function persistence(
  field: string,
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
    throw wrongValue(`${field}.netmask`, 'nothing beside prefixLength', netmask)
  }
  return {
    timeout:
      timeoutSeconds === undefined
        ? defaultPersistenceSeconds
        : integer(`${field}.timeoutSeconds`, timeoutSeconds, 0, uint32),
    netmask: clientMask(field, prefixLength, netmask, family),
    engine:
      engine === undefined ? '' : name(`${field}.engine`, engine, 'the name of a persistence engine, such as "sip"'),
  }
}

function clientMask(field: string, prefixLength: unknown, netmask: unknown, family: number): number {
  if (netmask !== undefined) {
    if (family !== AF_INET) throw wrongValue(`${field}.netmask`, 'prefixLength instead, for IPv6', netmask)
    const expected = 'an IPv4 mask such as "255.255.255.0"'
    const mask = parseAddress(text(`${field}.netmask`, netmask, expected))
    if (mask?.family !== AF_INET) throw wrongValue(`${field}.netmask`, expected, netmask)
    return new DataView(mask.address.buffer).getUint32(0)
  }
  if (prefixLength === undefined) return fullMask(family)
  if (family === AF_INET6) return integer(`${field}.prefixLength`, prefixLength, 1, 128)
  const length = integer(`${field}.prefixLength`, prefixLength, 0, 32)
  return length === 0 ? 0 : (uint32 << (32 - length)) >>> 0
}

/** The mask under which every client stands by itself: what the kernel holds for services without persistence, too. */
export function fullMask(family: number): number {
  return family === AF_INET6 ? 128 : uint32
}

function flagBits(field: string, value: unknown): number {
  if (value === undefined) return 0
  const expected = 'flag-1, flag-2 or flag-3'
  if (!Array.isArray(value)) throw wrongType(field, `an array of ${expected}`, value)
  return value.reduce<number>((bits, flag: unknown, i) => {
    const bit = typeof flag === 'string' ? schedulerFlags.number(flag) : undefined
    // Below are persistence, the kernel's own mark, and one-packet scheduling.
    if (bit === undefined || bit < firstSchedulerBit) throw wrongValue(`${field}[${i}]`, expected, flag)
    return bits | (1 << bit)
  }, 0)
}

/** IP_VS_SVC_F_SCHED1: the lower ones are no scheduler's. */
export const firstSchedulerBit = 3

/** A destination's identity. Settings beside it are allowed and left alone. */
export function destinationKey(value: unknown, field = 'destination'): DestinationRecord {
  return destinationIdentity(fieldsOf(field, value, destinationFields), field)
}

/** A destination with its settings. */
export function destinationSpec(value: unknown, field = 'destination'): DestinationRecord {
  const fields = fieldsOf(field, value, destinationFields)
  const key = destinationIdentity(fields, field)
  const forwarding = word(`${field}.forwarding`, fields.forwarding, forwardings)
  if (fields.encapsulation !== undefined && forwarding !== forwardings.number('tunnel')) {
    throw wrongValue(`${field}.encapsulation`, 'nothing unless forwarding is tunnel', fields.encapsulation)
  }
  return {
    ...key,
    forwarding,
    ...(fields.encapsulation === undefined && forwarding !== forwardings.number('tunnel')
      ? encapsulation(`${field}.idleEncapsulation`, fields.idleEncapsulation)
      : encapsulation(`${field}.encapsulation`, fields.encapsulation)),
    weight: fields.weight === undefined ? 1 : weight(`${field}.weight`, fields.weight),
    ...limits(`${field}.limits`, fields.limits),
  }
}

export function weight(field: string, value: unknown): number {
  return integer(field, value, 0, int32)
}

function destinationIdentity(fields: Fields<'address' | 'port'>, field: string): DestinationRecord {
  const ip = ipAddress(`${field}.address`, fields.address)
  return {
    family: ip.family,
    address: ip.address,
    port: integer(`${field}.port`, fields.port, 0, uint16),
    forwarding: 0,
    tunnelType: 0,
    tunnelPort: 0,
    tunnelFlags: 0,
    weight: 0,
    upper: 0,
    lower: 0,
  }
}

function encapsulation(
  field: string,
  value: unknown,
): Pick<DestinationRecord, 'tunnelType' | 'tunnelPort' | 'tunnelFlags'> {
  if (value === undefined) return { tunnelType: 0, tunnelPort: 0, tunnelFlags: 0 }
  const { type, port, checksum } = fieldsOf(field, value, ['type', 'port', 'checksum'])
  return {
    tunnelType: word(`${field}.type`, type, tunnelTypes),
    tunnelPort: port === undefined ? 0 : integer(`${field}.port`, port, 0, uint16),
    tunnelFlags: checksum === undefined ? 0 : word(`${field}.checksum`, checksum, checksums),
  }
}

function limits(field: string, value: unknown): Pick<DestinationRecord, 'upper' | 'lower'> {
  if (value === undefined) return { upper: 0, lower: 0 }
  const { upper, lower } = fieldsOf(field, value, ['upper', 'lower'])
  return {
    // 0 means no limit, and three quarters of upper, to the kernel: here both are said by leaving the field out.
    upper: integer(`${field}.upper`, upper, 1, uint32),
    lower: lower === undefined ? 0 : integer(`${field}.lower`, lower, 1, uint32),
  }
}

// ── shared ──

export function ipAddress(field: string, value: unknown): IpAddress {
  const expected = 'an IPv4 or IPv6 address without brackets or zone'
  const ip = parseAddress(text(field, value, expected))
  if (!ip) throw wrongValue(field, expected, value)
  return ip
}

function familyNumber(field: string, value: unknown): number {
  const expected = '"ipv4" or "ipv6" beside firewallMark'
  const family = text(field, value, expected)
  if (family === 'ipv4') return AF_INET
  if (family === 'ipv6') return AF_INET6
  throw wrongValue(field, expected, value)
}

function word(field: string, value: unknown, vocabulary: Vocabulary): number {
  const expected = `one of ${vocabulary.words.join(', ')}`
  const number = vocabulary.number(text(field, value, expected))
  if (number === undefined) throw wrongValue(field, expected, value)
  return number
}

/** What the kernel can hold: 15 bytes and a NUL. */
export function name(field: string, value: unknown, expected: string): string {
  const found = text(field, value, expected)
  const bytes = Buffer.from(found, 'latin1')
  if (found === '' || bytes.length > 15 || bytes.includes(0) || bytes.toString('latin1') !== found) {
    throw wrongValue(field, `${expected}, at most 15 bytes`, value)
  }
  return found
}
