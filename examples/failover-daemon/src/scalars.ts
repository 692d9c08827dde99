/** The words of the configuration: addresses, endpoints, durations. Each parser returns undefined for what it refuses. */
import { SocketAddress, isIPv4, isIPv6 } from 'node:net'

/** An address in its one canonical spelling. */
export interface Address {
  readonly address: string
  readonly family: 'ipv4' | 'ipv6'
}

/**
 * An IPv4 address as a strict dotted quad, or an IPv6 address without zone, canonical on return, as ipvs reads it back. Refused: names,
 * IPv4-mapped IPv6, and what no host can have as its own: unspecified, broadcast, multicast; link-local IPv6 needs a zone.
 */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) {
    const first = Number(text.split('.', 1)[0])
    return first === 0 || first >= 224 ? undefined : { address: text, family: 'ipv4' }
  }
  if (!isIPv6(text) || text.includes('%')) return undefined
  const { address } = new SocketAddress({ address: text, family: 'ipv6' })
  if (address === '::' || /^(::ffff:|fe[89ab].:|ff..:)/.test(address)) return undefined
  return { address, family: 'ipv6' }
}

/** `192.0.2.1:80`, `[2001:db8::1]:80`, and without a port `192.0.2.1`, `2001:db8::1`, `[2001:db8::1]`. Port 0 to 65535. */
export function parseEndpoint(text: string): (Address & { readonly port: number | undefined }) | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+))(?::(\d{1,5}))?$/.exec(text)
  const address = parseAddress(match?.[1] ?? match?.[2] ?? text)
  const port = match?.[3] === undefined ? undefined : Number(match[3])
  if (address === undefined || (port !== undefined && port > 65535)) return undefined
  if (match?.[1] !== undefined && address.family !== 'ipv6') return undefined
  return { ...address, port }
}

/** An endpoint as it is written and logged: IPv6 in brackets. */
export const endpointText = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`

const MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const

/** A duration as JSON Schema knows it. */
export const durationPattern = '(\\d{1,9}(?:\\.\\d{1,3})?)(ms|s|m|h)'
const durationOnly = new RegExp(`^${durationPattern}$`)

/** `200ms`, `2s`, `1.5m`, `1h`: whole milliseconds. The unit is never left out. */
export function parseDuration(text: string): number | undefined {
  const match = durationOnly.exec(text)
  if (match === null) return undefined
  const ms = Number(match[1]) * MS[match[2] as keyof typeof MS]
  return Math.abs(ms - Math.round(ms)) < 1e-6 ? Math.round(ms) : undefined
}

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const ipv4Pattern = `(?!0\\.|22[4-9]|2[3-5]\\d)(?:${octet}\\.){3}${octet}`
const ipv6Pattern = '[0-9a-fA-F]*:[0-9a-fA-F:.]+'
/** What has the form of an address. parseAddress() knows better: of IPv6 this takes more. */
export const addressPattern = `(?:${ipv4Pattern}|${ipv6Pattern})`
/** A port, 0 to 65535, as parseEndpoint() takes it. */
export const portPattern = '(?:6553[0-5]|655[0-2]\\d|65[0-4]\\d{2}|6[0-4]\\d{3}|[0-5]?\\d{1,4})'
/** An address and a port, in the same way. */
export const endpointPattern = `(?:${ipv4Pattern}|\\[${ipv6Pattern}\\]):${portPattern}`
/** The same where the port may be left out. */
export const hostPattern = `(?:(?:${ipv4Pattern}|\\[${ipv6Pattern}\\])(?::${portPattern})?|${ipv6Pattern})`

/** Milliseconds as the configuration writes them. */
export function durationText(ms: number): string {
  const unit = (['h', 'm', 's'] as const).find((name) => ms > 0 && ms % MS[name] === 0) ?? 'ms'
  return `${ms / MS[unit]}${unit}`
}
