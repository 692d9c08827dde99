/** IP addresses between text and the 16 bytes that cross the seam (an IPv4 address takes the first four). */
import { isIPv4, isIPv6 } from 'node:net'
import { AF_INET, AF_INET6 } from './records.js'

export interface IpAddress {
  /** AF_INET or AF_INET6. */
  readonly family: number
  /** 16 bytes, network order. */
  readonly address: Uint8Array
}

/** What stands where no address is given. */
export const noAddress: Uint8Array = new Uint8Array(16)

const dot = 0x2e
const colon = 0x3a

// Tables hold tens of thousands of addresses: none is worth an array of its parts.

/** undefined for anything but a plain address: no zone, no brackets, no octal or shortened forms. */
export function parseAddress(text: string): IpAddress | undefined {
  const family = familyOf(text)
  return family === undefined ? undefined : { family, address: addressBytes(text, family) }
}

/** AF_INET or AF_INET6; undefined for anything but a plain address. */
export function familyOf(text: string): number | undefined {
  if (isIPv4(text)) return AF_INET
  return isIPv6(text) && !text.includes('%') ? AF_INET6 : undefined
}

/** What a text stands for that familyOf() took. */
export function addressBytes(text: string, family: number): Uint8Array {
  const address = new Uint8Array(16)
  if (family === AF_INET) readQuad(text, 0, address, 0)
  else readGroups(text, address)
  return address
}

/** The number of an IPv4 address, without the bytes in between. */
export function quadNumber(text: string): number {
  let number = 0
  let part = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === dot) {
      number = number * 0x100 + part
      part = 0
    } else part = part * 10 + (code & 0xf)
  }
  return number * 0x100 + part
}

/** What stands from `start` on, which is a dotted quad. */
function readQuad(text: string, start: number, address: Uint8Array, at: number): void {
  let number = 0
  let end = at
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === dot) {
      address[end++] = number
      number = 0
    } else number = number * 10 + (code & 0xf)
  }
  address[end] = number
}

/** The text, which is an IPv6 address. */
function readGroups(text: string, address: Uint8Array): void {
  let end = 0
  let gap = -1
  let start = 0
  let group = 0
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : colon
    if (code === dot) {
      readQuad(text, start, address, end)
      end += 4
      break
    }
    if (code !== colon) {
      group = (group << 4) | ((code & 0xf) + (code > 0x39 ? 9 : 0))
      continue
    }
    if (i === start) gap = end
    else {
      address[end++] = group >> 8
      address[end++] = group & 0xff
    }
    start = i + 1
    group = 0
  }
  if (gap < 0) return
  const rest = 16 - (end - gap)
  address.copyWithin(rest, gap, end)
  address.fill(0, gap, rest)
}

/** The canonical text: dotted quad, or RFC 5952. */
export function formatAddress({ family, address }: IpAddress): string {
  if (family !== AF_INET6) return quad(address, 0)
  if (isMappedIPv4({ family, address })) return `::ffff:${quad(address, 12)}`
  const gap = longestZeroRun(address)
  let text = ''
  for (let i = 0; i < 8; i++) {
    if (i === gap.start) {
      text += '::'
      i += gap.length - 1
    } else text += `${i === 0 || i === gap.start + gap.length ? '' : ':'}${word(address, i).toString(16)}`
  }
  return text
}

function quad(address: Uint8Array, at: number): string {
  return `${address[at]}.${address[at + 1]}.${address[at + 2]}.${address[at + 3]}`
}

function word(address: Uint8Array, i: number): number {
  return ((address[i * 2] ?? 0) << 8) | (address[i * 2 + 1] ?? 0)
}

/** Of two words or more; a start of -1 where there is none. */
function longestZeroRun(address: Uint8Array): { start: number; length: number } {
  const best = { start: -1, length: 1 }
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (start + length < 8 && word(address, start + length) === 0) length++
    if (length > best.length) {
      best.start = start
      best.length = length
    }
  }
  return best
}

/** ::ffff:0:0/96 */
export function isMappedIPv4({ family, address }: IpAddress): boolean {
  return family === AF_INET6 && isFilled(address, 0, 10, 0) && isFilled(address, 10, 12, 0xff)
}

/** 0.0.0.0 or :: */
export function isUnspecified({ address }: IpAddress): boolean {
  return isFilled(address, 0, address.length, 0)
}

/** 224.0.0.0/4 or ff00::/8 */
export function isMulticast({ family, address }: IpAddress): boolean {
  const first = address[0] ?? 0
  return family === AF_INET6 ? first === 0xff : first >= 224 && first < 240
}

/** The same, or 255.255.255.255 */
export function isMulticastOrBroadcast(of: IpAddress): boolean {
  return isMulticast(of) || (of.family !== AF_INET6 && isFilled(of.address, 0, 4, 0xff))
}

function isFilled(address: Uint8Array, start: number, end: number, byte: number): boolean {
  for (let i = start; i < end; i++) if (address[i] !== byte) return false
  return true
}
