/** The shape of `config:`: where the shared part of the configuration is. */
import type * as z from 'zod'
import { authorities, hostName, line, list, mapping, orBoolean, pemFile, shorter, words } from '../fields.js'
import { addressPattern, parseEndpoint, portPattern } from '../scalars.js'
import { secretFile } from '../secrets.js'
import { parseNamed } from '../servers-schema.js'

const defaultPort = 2379
const prefixPattern = '(?:/[A-Za-z0-9._-]+)+'

/** A member of etcd. */
export interface Endpoint {
  /** A name, or an address. */
  readonly host: string
  readonly port: number
}

function parseMember(text: string): Endpoint | undefined {
  const endpoint = parseEndpoint(text)
  if (endpoint !== undefined) return { host: endpoint.address, port: endpoint.port ?? defaultPort }
  const named = parseNamed(text)
  return named && { host: named.name, port: named.port ?? defaultPort }
}

const urlPattern = `^etcd://[^/]+(?:${prefixPattern})?$`

/** `etcd://a:2379,b:2379/ipvs` as a mapping; what else it is, the mapping's own errors say. */
function readUrl(value: unknown): unknown {
  const [, members, prefix] = (typeof value === 'string' && /^etcd:\/\/([^/]+)(\/.*)?$/.exec(value)) || []
  return members === undefined ? value : { endpoints: members.split(','), prefix }
}

const Tls = orBoolean(
  mapping('true, or a mapping with ca, cert, key and servername', {
    ca: authorities(),
    cert: pemFile()
      .meta({
        description: "This director's certificate and its chain, where etcd asks for one; with `key`.",
        otherwise: 'none',
        example: '/etc/ssl/me.pem',
      })
      .optional(),
    key: pemFile(0o007)
      .meta({ description: 'Its private key.', otherwise: 'none', example: '/etc/ssl/me.key' })
      .optional(),
    servername: hostName('a host name')
      .meta({
        description: "Name that etcd's certificate must be for.",
        otherwise: "the endpoint's own",
        example: 'etcd.example.net',
      })
      .optional(),
  }).optional(),
)

const Login = mapping('a mapping with user and passwordFile', {
  user: line('a name', /^[^\s:]+$/, 64).meta({ description: "A user of etcd's.", example: 'director' }),
  passwordFile: secretFile('The password, in its first line, read at each login.').meta({
    example: '/etc/ipvs-failover/etcd',
  }),
})

const Etcd = mapping('a URL such as etcd://etcd1.example.net:2379/ipvs, or a mapping with endpoints', {
  endpoints: list(
    'a list of at least one host',
    words('a name or an address, with or without a port', parseMember, {
      pattern: `^(?:[\\w.-]+|${addressPattern}|\\[[0-9A-Fa-f:.]+\\])(?::${portPattern})?$`,
    }),
    1,
  ).meta({
    description: 'Members of etcd, port 2379 unless given. The next one is asked when one does not answer.',
    example: ['etcd1.example.net', 'etcd2.example.net'],
  }),
  prefix: line(
    "a key that begins with / and doesn't end with it, of A-Z, a-z, 0-9, ., _ and -",
    new RegExp(`^${prefixPattern}$`),
    200,
  )
    .prefault('/ipvs')
    .describe(
      'What the keys begin with: `PREFIX/services/NAME` is a service, `PREFIX/verdicts/NAME` what a director finds.',
    ),
  tls: Tls.meta({ description: 'TLS. `true` is all defaults.', otherwise: 'no TLS', example: true }),
  login: Login.meta({
    description: 'Who asks. Needs `tls`, unless etcd is on loopback.',
    otherwise: 'nobody',
  }).optional(),
})

/** `config:` of the file. */
export const EtcdField = shorter(
  [{ type: 'string', pattern: urlPattern, value: 'a URL: etcd://HOST[:PORT][,HOST[:PORT]...][/PREFIX]' }],
  readUrl,
  Etcd,
)

/** Where the shared configuration is, and how etcd is asked. */
export type EtcdConfig = z.output<typeof Etcd>

/** A director's name: the last part of a key. */
export const directorName = () => line('a name of 1 to 63 of A-Z, a-z, 0-9, ., _ and -', /^[A-Za-z0-9._-]{1,63}$/)
