/** Arguments -> records, for destinations: what validate.ts does for services. */
import { addressBytes, isPlainIPv6, parseQuad, type Host } from './address.js'
import { fieldsOf, integer, object, text, unknownField, wrongValue } from './check.js'
import { within, type Field } from './field.js'
import { ipAddress, plainAddress, word } from './values.js'
import { checksums, forwardings, tunnelTypes } from './words.js'
import { AF_INET, AF_INET6, type DestinationRecord } from './records.js'

const uint16 = 0xffff
const uint32 = 0xffffffff
const int32 = 0x7fffffff

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

/** A destination's identity. Settings beside it are allowed and left alone. */
export function destinationKey(value: unknown, field: Field = 'destination'): DestinationRecord {
  const { address, port } = destinationParts(field, value)
  const ip = ipAddress(within(field, 'address'), address)
  return {
    family: ip.family,
    port: integer(field, port, 0, uint16, 'port'),
    tunnelPort: 0,
    tunnelFlags: 0,
    tunnelType: 0,
    forwarding: 0,
    weight: 0,
    upper: 0,
    lower: 0,
    address: ip.address,
  }
}

/** A destination's record that makes the bytes of its address for who asks. Not to be spread: they are no field of its own. */
export class CheckedDestination implements DestinationRecord, Host {
  constructor(
    readonly family: number,
    /** As it was given. */
    readonly text: string,
    readonly quad: number | undefined,
    readonly port: number,
    readonly forwarding: number,
    readonly tunnelType: number,
    readonly tunnelPort: number,
    readonly tunnelFlags: number,
    readonly weight: number,
    readonly upper: number,
    readonly lower: number,
    /** What it was made from. */
    readonly given: unknown,
  ) {}

  get canonical(): string | undefined {
    return this.quad === undefined ? undefined : this.text
  }

  get address(): Uint8Array {
    return addressBytes(this.text, this.family)
  }
}

/** A destination with its settings. */
export function destinationSpec(value: unknown, field: Field = 'destination'): DestinationRecord {
  const checked = checkedDestination(value, field)
  const { family, address, port, forwarding, tunnelType, tunnelPort, tunnelFlags, weight, upper, lower } = checked
  return { family, port, tunnelPort, tunnelFlags, tunnelType, forwarding, weight, upper, lower, address }
}

/** The same for what is compared or sent, and not kept. */
export function checkedDestination(given: unknown, field: Field = 'destination'): CheckedDestination {
  const parts = destinationParts(field, given)
  const address = text(field, parts.address, plainAddress, 'address')
  const quad = parseQuad(address)
  if (quad === undefined && !isPlainIPv6(address)) throw wrongValue(within(field, 'address'), plainAddress, address)
  const port = integer(field, parts.port, 0, uint16, 'port')
  const forwarding = word(field, parts.forwarding, forwardings, 'forwarding')
  if (parts.encapsulation !== undefined && forwarding !== tunnel) {
    throw wrongValue(within(field, 'encapsulation'), 'nothing unless forwarding is tunnel', parts.encapsulation)
  }
  const { tunnelType, tunnelPort, tunnelFlags } =
    forwarding === tunnel
      ? encapsulation(field, parts.encapsulation, 'encapsulation')
      : encapsulation(field, parts.idleEncapsulation, 'idleEncapsulation')
  const share = parts.weight === undefined ? 1 : integer(field, parts.weight, 0, int32, 'weight')
  const { upper, lower } = limits(field, parts.limits)
  return new CheckedDestination(
    quad === undefined ? AF_INET6 : AF_INET,
    address,
    quad,
    port,
    forwarding,
    tunnelType,
    tunnelPort,
    tunnelFlags,
    share,
    upper,
    lower,
    given,
  )
}

const tunnel = forwardings.number('tunnel')

/** What fieldsOf() does, spelt out for what stands in tables by the ten thousand: several times faster. */
function destinationParts(field: Field, value: unknown): Fields<(typeof destinationFields)[number]> {
  const given = object(field, value) as Fields<(typeof destinationFields)[number]>
  let address, port, forwarding, encapsulation, idleEncapsulation, weight, limits: unknown
  for (const name of Object.keys(given)) {
    switch (name) {
      case 'address':
        address = given.address
        break
      case 'port':
        port = given.port
        break
      case 'forwarding':
        forwarding = given.forwarding
        break
      case 'encapsulation':
        encapsulation = given.encapsulation
        break
      case 'idleEncapsulation':
        idleEncapsulation = given.idleEncapsulation
        break
      case 'weight':
        weight = given.weight
        break
      case 'limits':
        limits = given.limits
        break
      case 'connections':
      case 'stats':
        break
      default:
        throw unknownField(field, destinationFields, name)
    }
  }
  return { address, port, forwarding, encapsulation, idleEncapsulation, weight, limits }
}

export function weight(field: Field, value: unknown): number {
  return integer(field, value, 0, int32)
}

const noEncapsulation = { tunnelType: 0, tunnelPort: 0, tunnelFlags: 0 } as const
const noLimits = { upper: 0, lower: 0 } as const

function encapsulation(
  parent: Field,
  value: unknown,
  step: string,
): Pick<DestinationRecord, 'tunnelType' | 'tunnelPort' | 'tunnelFlags'> {
  if (value === undefined) return noEncapsulation
  const field = within(parent, step)
  const { type, port, checksum } = fieldsOf(field, value, ['type', 'port', 'checksum'])
  return {
    tunnelType: word(field, type, tunnelTypes, 'type'),
    tunnelPort: port === undefined ? 0 : integer(field, port, 0, uint16, 'port'),
    tunnelFlags: checksum === undefined ? 0 : word(field, checksum, checksums, 'checksum'),
  }
}

function limits(parent: Field, value: unknown): Pick<DestinationRecord, 'upper' | 'lower'> {
  if (value === undefined) return noLimits
  const field = within(parent, 'limits')
  const { upper, lower } = fieldsOf(field, value, ['upper', 'lower'])
  return {
    // 0 means no limit, and three quarters of upper, to the kernel: here both are said by leaving the field out.
    upper: integer(field, upper, 1, uint32, 'upper'),
    lower: lower === undefined ? 0 : integer(field, lower, 1, uint32, 'lower'),
  }
}
