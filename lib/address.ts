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

/** undefined for anything but a plain address: no zone, no brackets, no octal or shortened forms. */
export function parseAddress(text: string): IpAddress | undefined {
  const address = new Uint8Array(16)
  if (isIPv4(text)) {
    address.set(text.split('.').map(Number))
    return { family: AF_INET, address }
  }
  if (!isIPv6(text) || text.includes('%')) return undefined
  const [head = '', tail] = text.split('::')
  const first = groups(head)
  const last = groups(tail ?? '')
  const words = [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last]
  words.forEach((word, i) => address.set([word >> 8, word & 0xff], i * 2))
  return { family: AF_INET6, address }
}

function groups(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [parseInt(group, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
    return [(a << 8) | b, (c << 8) | d]
  })
}

/** The canonical text: dotted quad, or RFC 5952. */
export function formatAddress({ family, address }: IpAddress): string {
  if (family !== AF_INET6) return address.subarray(0, 4).join('.')
  const words = Array.from({ length: 8 }, (_, i) => ((address[i * 2] ?? 0) << 8) | (address[i * 2 + 1] ?? 0))
  if (isMappedIPv4({ family, address })) return `::ffff:${address.subarray(12).join('.')}`
  const gap = longestZeroRun(words)
  const text = (part: readonly number[]) => part.map((word) => word.toString(16)).join(':')
  if (gap.length < 2) return text(words)
  return `${text(words.slice(0, gap.start))}::${text(words.slice(gap.start + gap.length))}`
}

function longestZeroRun(words: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < words.length; start++) {
    let length = 0
    while (words[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  return best
}

/** ::ffff:0:0/96 */
export function isMappedIPv4({ family, address }: IpAddress): boolean {
  const prefix = address.subarray(0, 12)
  return family === AF_INET6 && prefix.every((byte, i) => byte === (i < 10 ? 0 : 0xff))
}

/** 0.0.0.0 or :: */
export function isUnspecified({ address }: IpAddress): boolean {
  return address.every((byte) => byte === 0)
}

/** 224.0.0.0/4 or ff00::/8 */
export function isMulticast({ family, address }: IpAddress): boolean {
  const [first = 0] = address
  return family === AF_INET6 ? first === 0xff : first >= 224 && first < 240
}

/** The same, or 255.255.255.255 */
export function isMulticastOrBroadcast(of: IpAddress): boolean {
  return isMulticast(of) || (of.family !== AF_INET6 && of.address.subarray(0, 4).every((byte) => byte === 255))
}
