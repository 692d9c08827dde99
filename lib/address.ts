/** IP addresses between text and the 16 bytes that cross the seam (an IPv4 address takes the first four). */
import { isIPv6 } from 'node:net'
import { AF_INET, AF_INET6 } from './records.js'

export interface IpAddress {
  /** AF_INET or AF_INET6. */
  readonly family: number
  /** 16 bytes, network order. */
  readonly address: Uint8Array
}

/** The same where an IPv4 address may be there as a number, too: whoever needs no more does not make the bytes. */
export interface Host extends IpAddress {
  /** What parseQuad() found. */
  readonly quad?: number | undefined
  /** What formatAddress() would make, where it is at hand. */
  readonly canonical?: string | undefined
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
function familyOf(text: string): number | undefined {
  if (parseQuad(text) !== undefined) return AF_INET
  return isPlainIPv6(text) ? AF_INET6 : undefined
}

export function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%')
}

/** What a text stands for that is an address of this family. */
export function addressBytes(text: string, family: number): Uint8Array {
  const address = new Uint8Array(16)
  if (family === AF_INET) readQuad(text, 0, address, 0)
  else readGroups(text, address)
  return address
}

const zero = 0x30

/**
 * An IPv4 address as a number of 32 bits with a sign, which V8 keeps without an object; undefined for anything but a dotted quad
 * in its one canonical form.
 */
export function parseQuad(text: string): number | undefined {
  let quad = 0
  let part = 0
  let digits = 0
  let dots = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === dot) {
      if (digits === 0 || ++dots > 3) return undefined
      quad = (quad << 8) | part
      part = 0
      digits = 0
      continue
    }
    const digit = code - zero
    if (digit < 0 || digit > 9 || (digits > 0 && part === 0)) return undefined
    part = part * 10 + digit
    digits++
    if (part > 0xff) return undefined
  }
  return dots === 3 && digits > 0 ? (quad << 8) | part : undefined
}

/** The first four bytes as such a number: all of an IPv4 address. */
export function quadOf(of: Host): number {
  if (of.quad !== undefined) return of.quad
  const [first = 0, second = 0, third = 0, fourth = 0] = of.address
  return (first << 24) | (second << 16) | (third << 8) | fourth
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
export function formatAddress(of: Host): string {
  if (of.canonical !== undefined) return of.canonical
  if (of.family !== AF_INET6) return formatQuad(quadOf(of))
  const { family, address } = of
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

/** The quad of the last text and its first three parts: the rows of a table are mostly neighbours. */
const last = { network: 0, text: '0.0.0.' }

function formatQuad(quad: number): string {
  if (quad >>> 8 !== last.network) {
    last.network = quad >>> 8
    last.text = `${quad >>> 24}.${(quad >>> 16) & 0xff}.${(quad >>> 8) & 0xff}.`
  }
  return last.text + (quad & 0xff)
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
export function isMappedIPv4(of: IpAddress): boolean {
  return of.family === AF_INET6 && isFilled(of.address, 0, 10, 0) && isFilled(of.address, 10, 12, 0xff)
}

/** 0.0.0.0 or :: */
export function isUnspecified(of: Host): boolean {
  return quadOf(of) === 0 && (of.family !== AF_INET6 || isFilled(of.address, 4, 16, 0))
}

/** 224.0.0.0/4 or ff00::/8 */
export function isMulticast(of: Host): boolean {
  const first = quadOf(of) >>> 24
  return of.family === AF_INET6 ? first === 0xff : first >= 224 && first < 240
}

/** The same, or 255.255.255.255 */
export function isMulticastOrBroadcast(of: Host): boolean {
  return isMulticast(of) || (of.family !== AF_INET6 && quadOf(of) === -1)
}

function isFilled(address: Uint8Array, start: number, end: number, byte: number): boolean {
  for (let i = start; i < end; i++) if (address[i] !== byte) return false
  return true
}
