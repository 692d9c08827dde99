/** Where the real servers of a service come from, as the file says it. */
import * as z from 'zod'
import { integer, line, mapping, words } from './fields.js'
import { parseAddress, parseEndpoint } from './scalars.js'

/** A host's name; the last label has a letter, so that a mistyped address is none. */
const namePattern = /^(?=.{1,253}$)(?:[\w-]{1,63}\.)*(?=[\w-]*[A-Za-z])\w[\w-]{0,62}\.?$/

/** `web1`, `web1.example.net:8080`: a name, with or without a port. */
export function parseNamed(text: string): { readonly name: string; readonly port: number | undefined } | undefined {
  const match = /^([^:]+)(?::(\d{1,5}))?$/.exec(text)
  const [name = '', port] = [match?.[1], match?.[2]]
  if (!namePattern.test(name) || Number(port ?? 0) > 65535) return undefined
  return { name, port: port === undefined ? undefined : Number(port) }
}

const expected =
  'an address such as 192.0.2.11, 192.0.2.11:80 or "[2001:db8::11]:80", a name such as web1.example.net, ' +
  'or a mapping with address, name or file'

/** One item of `servers:`. */
export const ServerItem = z.preprocess(
  (value) => {
    if (typeof value !== 'string') return value
    const endpoint = parseEndpoint(value)
    return endpoint === undefined ? (parseNamed(value) ?? value) : { address: endpoint.address, port: endpoint.port }
  },
  mapping(expected, {
    address: words('an IPv4 or IPv6 address of one host, without port or zone', parseAddress).optional(),
    name: line("a host's name, without port", namePattern, 253).optional(),
    file: line('an absolute path', /^\//, 4096).optional(),
    port: integer('a port', 0, 65535).optional(),
    weight: integer('a weight', 0, 2147483647).default(1),
    checkAddress: words('an IPv4 or IPv6 address of one host, without port or zone', parseAddress).optional(),
  }),
)
