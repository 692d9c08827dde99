/** `HOST:PORT`, in numbers or names. */
import { AF_INET, AF_INET6 } from '../records.js'
import { parseIPv4, parseIPv6, parseNumber } from './numbers.js'

/** What names mean on this host. Asked only where something is no number. */
export interface Names {
  /** Four bytes. */
  addressOf(host: string): Promise<Uint8Array | undefined>
  hostOf(address: string): Promise<string | undefined>
  portOf(service: string, protocol: number): Promise<number | undefined>
  serviceOf(port: number, protocol: number): Promise<string | undefined>
}

/** What was read; without a port where none stands there. */
export interface EndpointParts {
  readonly family: number
  readonly address: Uint8Array
  readonly port?: number
}

/**
 * `ADDRESS`, `ADDRESS:PORT`, `[ADDRESS]:PORT`, or names instead. An IPv6 address without brackets has no port; one in brackets
 * must have one, and an IPv4 address or a name in brackets loses it.
 */
export async function parseEndpoint(text: string, protocol: number, names: Names): Promise<EndpointParts | undefined> {
  if (/^[0-9]*$/.test(text)) return undefined
  const bracketed = /^\[([^\]]*)\]:(.*)$/s.exec(text)
  if (text.startsWith('[') && !bracketed) return undefined
  const [host, behind] = bracketed ? [bracketed[1] ?? '', bracketed[2]] : [text, undefined]
  const ipv6 = parseIPv6(host)
  if (ipv6) return withPort({ family: AF_INET6, address: ipv6 }, behind, protocol, names)
  const colon = host.lastIndexOf(':')
  const [name, port] = colon < 0 ? [host, undefined] : [host.slice(0, colon), host.slice(colon + 1)]
  const ipv4 = parseIPv4(name) ?? (await names.addressOf(name))
  if (!ipv4) return undefined
  const address = new Uint8Array(16)
  address.set(ipv4)
  return withPort({ family: AF_INET, address }, port, protocol, names)
}

async function withPort(
  ip: EndpointParts,
  text: string | undefined,
  protocol: number,
  names: Names,
): Promise<EndpointParts | undefined> {
  if (text === undefined) return ip
  const port = parseNumber(text, 0, 65535) ?? (await names.portOf(text, protocol))
  return port === undefined ? undefined : { ...ip, port }
}
