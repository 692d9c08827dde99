/** `--filter KEY=VALUE` and `KEY!=VALUE`: which connections are wanted. */
import { BlockList, isIP } from 'node:net'
import { formatAddress, parseAddress } from '../address.js'
import { CliError, Status } from './command.js'
import { serviceOf } from './connection-words.js'
import { parseEndpoint, parseService, serviceWord } from './words.js'
import type { Connection, Endpoint } from '../director.js'

export type Filter = (connection: Connection) => boolean

/** What a key compares, and what it can be compared with. */
interface Key {
  readonly expected: string
  /** undefined for a value that is none. */
  parse(value: string): Filter | undefined
}

const anEndpoint = 'an address, ADDRESS:PORT, [IPV6]:PORT or a prefix such as 10.0.0.0/8'

const keys: ReadonlyMap<string, Key> = new Map([
  ['protocol', { expected: 'tcp, udp, sctp or ip', parse: wordFilter(({ protocol }) => protocol) }],
  ['state', { expected: 'a state such as ESTABLISHED', parse: wordFilter(({ state }) => state) }],
  ['client', { expected: anEndpoint, parse: endpointFilter(({ client }) => client) }],
  ['service', { expected: `${anEndpoint}, or a service such as tcp/192.0.2.1:80 or mark/7`, parse: serviceFilter }],
  ['server', { expected: anEndpoint, parse: endpointFilter(({ destination }) => destination) }],
  ['template', { expected: 'yes or no', parse: templateFilter }],
])

/** Wants what all of them want. Throws a usage error for one that is none. */
export function parseFilters(words: readonly string[]): Filter {
  const filters = words.map(parseFilter)
  return (connection) => filters.every((filter) => filter(connection))
}

function parseFilter(word: string): Filter {
  const [, name = '', operator, value = ''] = /^([^=!]*)(!?=)(.*)$/s.exec(word) ?? []
  const key = keys.get(name)
  if (!key || operator === undefined) {
    const names = [...keys.keys()].join(', ')
    throw wrongFilter(`expected --filter KEY=VALUE or KEY!=VALUE with a KEY of ${names}`, word)
  }
  const filter = key.parse(value)
  if (!filter) throw wrongFilter(`expected --filter ${name} with ${key.expected}`, value)
  return operator === '=' ? filter : (connection) => !filter(connection)
}

function wrongFilter(expected: string, found: string): CliError {
  return new CliError(`${expected}, found ${JSON.stringify(found)}`, Status.usage)
}

/** States and protocols are the kernel's, and newer ones may have more. */
function wordFilter(of: (connection: Connection) => string): Key['parse'] {
  return (value) => {
    if (!/^[\w!-]+$/.test(value)) return undefined
    const wanted = value.toLowerCase()
    return (connection) => of(connection).toLowerCase() === wanted
  }
}

function templateFilter(value: string): Filter | undefined {
  if (value !== 'yes' && value !== 'no') return undefined
  return ({ template }) => template === (value === 'yes')
}

function endpointFilter(of: (connection: Connection) => Endpoint): Key['parse'] {
  return (value) => {
    const isIn = parsePrefix(value) ?? parsePlace(value)
    return isIn && ((connection) => isIn(of(connection)))
  }
}

/** As `ipvs list` names it, too. */
function serviceFilter(value: string): Filter | undefined {
  if (!/^(tcp|udp|sctp|mark|protocol-[0-9]+)\//.test(value)) return endpointFilter(({ virtual }) => virtual)(value)
  const key = parseService(value)
  const wanted = serviceWord(key.address === undefined ? key : { ...key, address: canonical(key.address) })
  return (connection) => serviceWord(serviceOf(connection)) === wanted
}

type IsIn = (endpoint: Endpoint) => boolean

function parsePrefix(value: string): IsIn | undefined {
  const [, address = '', digits] = /^([^/]*)\/([0-9]{1,3})$/.exec(value) ?? []
  const version = isIP(address)
  const length = Number(digits)
  if (version === 0 || !parseAddress(address) || length > (version === 4 ? 32 : 128)) return undefined
  const [list, family] = [new BlockList(), version === 4 ? 'ipv4' : 'ipv6'] as const
  list.addSubnet(address, length, family)
  // Asked as one of its own family, an address of the other is in no list.
  return ({ address }) => list.check(address, family)
}

function parsePlace(value: string): IsIn | undefined {
  const place = parseEndpoint(value)
  if (!place) return undefined
  const address = canonical(place.address)
  return (endpoint) => endpoint.address === address && (place.port === undefined || endpoint.port === place.port)
}

/** As the connection table has it. */
function canonical(address: string): string {
  const parsed = parseAddress(address)
  return parsed ? formatAddress(parsed) : address
}
