/** Numbers and addresses as the C library reads them. */
import { parseAddress } from '../address.js'
import { AF_INET6 } from '../records.js'

/** strtol(3) of the whole text; undefined for what is none, or out of range. */
export function parseNumber(text: string, min: number, max: number): number | undefined {
  const digits = /^[ \t\n\v\f\r]*([+-]?[0-9]+)$/.exec(text)?.[1]
  const number = Number(digits)
  return digits !== undefined && number >= min && number <= max ? number || 0 : undefined
}

/** inet_aton(3): four bytes; also 10.1 for 10.0.0.1, octal and hexadecimal numbers, and anything after a blank. */
export function parseIPv4(text: string): Uint8Array | undefined {
  const [address = ''] = /^[^ \t\n\v\f\r]*/.exec(text) ?? []
  const parts = address.split('.')
  if (parts.length > 4 || !parts.every((part) => /^(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)$/i.test(part))) return undefined
  const numbers = parts.map((part) => Number(/^0[0-7]/.test(part) ? `0o${part}` : part))
  const last = numbers.pop() ?? 0
  if (numbers.some((number) => number > 0xff) || last >= 256 ** (4 - numbers.length)) return undefined
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, last)
  bytes.set(numbers)
  return bytes
}

/** inet_pton(3) for IPv6: 16 bytes. */
export function parseIPv6(text: string): Uint8Array | undefined {
  const ip = parseAddress(text)
  return ip?.family === AF_INET6 ? ip.address : undefined
}
