/** Values in arguments: addresses, words and names. */
import { parseAddress, type IpAddress } from './address.js'
import { text, wrongType, wrongValue } from './check.js'
import { within, type Field } from './field.js'
import type { Vocabulary } from './words.js'

export const plainAddress = 'an IPv4 or IPv6 address without brackets or zone'

export function ipAddress(field: Field, value: unknown): IpAddress {
  const ip = parseAddress(text(field, value, plainAddress))
  if (!ip) throw wrongValue(field, plainAddress, value)
  return ip
}

export function word(field: Field, value: unknown, vocabulary: Vocabulary, step: string): number {
  const number = typeof value === 'string' ? vocabulary.number(value) : undefined
  if (number !== undefined) return number
  const expected = `one of ${vocabulary.words.join(', ')}`
  throw (typeof value === 'string' ? wrongValue : wrongType)(within(field, step), expected, value)
}

/** What the kernel can hold: 15 bytes and a NUL. */
export function name(field: Field, value: unknown, expected: string): string {
  const found = text(field, value, expected)
  let fits = found !== '' && found.length <= 15
  for (let i = 0; fits && i < found.length; i++) fits = isByte(found.charCodeAt(i))
  if (!fits) throw wrongValue(field, `${expected}, at most 15 bytes`, value)
  return found
}

function isByte(code: number): boolean {
  return code > 0 && code <= 0xff
}
