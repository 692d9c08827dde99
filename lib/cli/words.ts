/** How services, servers and durations are written on the command line, and shown there. */
import { isIP } from 'node:net'
import { parseAddress } from '../address.js'
import { CliError, Status } from './command.js'
import type { DestinationKey, ServiceKey } from '../types.js'

/** `tcp/192.0.2.1:80`, `udp/[2001:db8::1]:53`, `mark/7`, `mark/7/ipv6`. */
export function serviceWord(service: ServiceKey): string {
  if (service.firewallMark !== undefined) {
    return `mark/${service.firewallMark}${service.family === 'ipv6' ? '/ipv6' : ''}`
  }
  return `${service.protocol}/${endpointWord(service)}`
}

/** `10.0.0.1:80` or `[2001:db8::2]:80`. */
export function endpointWord({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** The service that a word names. */
export function parseService(word: string): ServiceKey {
  const expected = 'a service such as tcp/192.0.2.1:80, udp/[2001:db8::1]:53 or mark/7'
  const mark = /^mark\/([1-9][0-9]*)(\/ipv6)?$/.exec(word)
  if (mark && Number(mark[1]) <= 0xffffffff) {
    return { firewallMark: Number(mark[1]), family: mark[2] === undefined ? 'ipv4' : 'ipv6' }
  }
  const [, protocol = 'tcp', number, rest = ''] =
    /^(?:(tcp|udp|sctp|protocol-(0|[1-9][0-9]{0,4}))\/)?(.*)$/.exec(word) ?? []
  const endpoint = parseEndpoint(rest)
  if (endpoint?.port === undefined || Number(number ?? 0) > 0xffff) throw wrongWord(expected, word)
  return { protocol: protocol as 'tcp', address: endpoint.address, port: endpoint.port }
}

/** The real server that a word names; without a port it has the service's. */
export function parseServer(word: string, of: ServiceKey): DestinationKey {
  const endpoint = parseEndpoint(word)
  if (!endpoint) throw wrongWord('a server such as 192.0.2.11:80 or [2001:db8::11]:80', word)
  return { address: endpoint.address, port: endpoint.port ?? of.port ?? 0 }
}

/** An address, with a port where there is one; undefined for anything else. */
export function parseEndpoint(word: string): { readonly address: string; readonly port?: number } | undefined {
  if (isIP(word) !== 0) return parseAddress(word) && { address: word }
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*))(?::([0-9]{1,5}))?$/.exec(word) ?? []
  const address = bracketed ?? plain ?? ''
  const port = digits === undefined ? undefined : Number(digits)
  const isOne = isIP(address) === (bracketed === undefined ? 4 : 6) && parseAddress(address) && (port ?? 0) <= 0xffff
  return isOne ? { address, ...(port === undefined ? {} : { port }) } : undefined
}

/** Milliseconds of `500ms`, `60s`, `5m`, `1h`; digits alone are seconds. */
export function parseDuration(option: string, word: string): number {
  const [, digits, unit = 's'] = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)?$/.exec(word) ?? []
  const ms = Math.round(Number(digits) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit as 'ms'])
  if (digits !== undefined && ms <= 0x7fffffff) return ms
  throw wrongWord(`--${option} as 500ms, 60s, 5m or 1h, 24 days at most`, word)
}

/** The number of an option that counts. */
export function parseCount(option: string, word: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(word)) return Number(word)
  throw wrongWord(`--${option} from 1 to 999999999`, word)
}

function wrongWord(expected: string, found: string): CliError {
  return new CliError(`expected ${expected}, found ${JSON.stringify(found)}`, Status.usage)
}
