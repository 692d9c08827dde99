/** Where the real servers of a service come from, as the file says it. */
import { absolutePath, address, integer, line, mapping, shorter } from './fields.js'
import { hostPattern, parseEndpoint, portPattern } from './scalars.js'

// The last label has a letter, so that a mistyped address is none.
const namePattern = '(?=[^:]{1,253}(?::|$))(?:[\\w-]{1,63}\\.)*(?=[\\w-]*[A-Za-z])\\w[\\w-]{0,62}\\.?'
const namedPattern = `^(${namePattern})(?::(${portPattern}))?$`
const named = new RegExp(namedPattern)

/** `web1`, `web1.example.net:8080`: a name, with or without a port. */
export function parseNamed(text: string): { readonly name: string; readonly port: number | undefined } | undefined {
  const [, name, port] = named.exec(text) ?? []
  return name === undefined ? undefined : { name, port: port === undefined ? undefined : Number(port) }
}

const expected =
  'an address such as 192.0.2.11, 192.0.2.11:80 or "[2001:db8::11]:80", a name such as web1.example.net, ' +
  'or a mapping with address, name or file'

const sources = ['address', 'name', 'file'] as const

/** One item of `servers:`. */
export const ServerItem = shorter(
  [
    { type: 'string', pattern: `^${hostPattern}$`, value: 'an address' },
    { type: 'string', pattern: namedPattern, value: 'a name, both with or without a port' },
  ],
  (value) => {
    if (typeof value !== 'string') return value
    const endpoint = parseEndpoint(value)
    return endpoint === undefined ? (parseNamed(value) ?? value) : { address: endpoint.address, port: endpoint.port }
  },
  mapping(expected, {
    address: address()
      .meta({ description: 'Its address. One of `address`, `name` and `file` is needed.', example: '192.0.2.11' })
      .optional(),
    name: line("a host's name, without port", new RegExp(`^${namePattern}$`), 253)
      .meta({
        description: "A host's name: all its addresses of the service's family, looked up again and again.",
        example: 'web1.example.net',
      })
      .optional(),
    file: absolutePath()
      .meta({
        description: 'A list of nodes, one address or name a line, with or without a port, which is watched.',
        example: '/cluster/http_nodes',
      })
      .optional(),
    port: integer('a port', 0, 65535)
      .meta({
        description: "Port of the real server. Another one than the service's with masquerade only.",
        otherwise: "the service's",
        example: 8080,
      })
      .optional(),
    weight: integer('a weight', 0, 2147483647)
      .prefault(1)
      .describe('Share of new connections. 0 lets the server finish what it has and gives it nothing new.'),
    checkAddress: address()
      .meta({
        description: 'Address that is checked.',
        otherwise: "the server's own",
        example: '198.51.100.14',
      })
      .optional(),
  }).meta({ oneOf: sources.map((source) => ({ required: [source] })) }),
)
