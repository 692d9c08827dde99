/** The shape of `page:`. */
import type * as z from 'zod'
import { hostName, line, list, mapping, orBoolean, pemFile, words, yesOrNo } from '../fields.js'
import { endpointPattern, parseEndpoint, portPattern } from '../scalars.js'
import { secretFile } from '../secrets.js'

/** An address of this host, or all of them, and a port; or a Unix socket. */
export interface Listen {
  readonly address?: string
  readonly port?: number
  readonly path?: string
}

const listen = (text: string): Listen | undefined => {
  if (text.startsWith('/')) return text.length <= 100 ? { path: text } : undefined
  const [, all, allPort] = /^(0\.0\.0\.0|\[::\]):(\d{1,5})$/.exec(text) ?? []
  const { address, port } = parseEndpoint(text) ?? { address: all?.replace(/[[\]]/g, ''), port: Number(allPort) }
  return address !== undefined && port !== undefined && port >= 1 && port <= 65535 ? { address, port } : undefined
}

const Auth = mapping('a mapping with user and passwordFile', {
  user: line('a name without a colon', /^[^:]+$/, 64).meta({
    description: 'The name that a browser asks for.',
    example: 'ops',
  }),
  passwordFile: secretFile("The user's password, in its first line.").meta({ example: '/etc/ipvs-failover/page' }),
  tokenFile: secretFile(
    'A token, in its first line, for programs: all but the page itself is given for `Authorization: Bearer` with it, too.',
  )
    .meta({ otherwise: 'none', example: '/etc/ipvs-failover/token' })
    .optional(),
})

const Tls = mapping('a mapping with certificate and key', {
  certificate: pemFile().meta({
    description: "The page's certificate, and those between it and its authority.",
    example: '/etc/ssl/lb1.pem',
  }),
  // Debian's group ssl-cert may.
  key: pemFile(0o007).meta({ description: 'Its key.', example: '/etc/ssl/private/lb1.pem' }),
})

const Page = mapping('true, false, or a mapping with listen', {
  listen: words('an address and a port such as 127.0.0.1:9780 or "[::1]:9780", or an absolute path', listen, {
    pattern: `^(?:(?!.*:0+$)(?:${endpointPattern}|(?:0\\.0\\.0\\.0|\\[::\\]):${portPattern})|/.{0,99})$`,
  })
    .prefault('127.0.0.1:9780')
    .describe(
      'Where it listens: an address of this host, 0.0.0.0 or [::] for all of them, or a Unix socket by its path. Elsewhere than on ' +
        'loopback or at a Unix socket it takes `auth`, and `tls` or `behindProxy`.',
    ),
  hosts: list('a list of host names', hostName('a host name such as lb1.example.net'))
    .prefault([])
    .meta({
      description:
        'The names that it is asked by, beside localhost and its address: a request by another name is refused (DNS rebinding).',
      example: ['lb1.example.net'],
    }),
  auth: Auth.meta({ description: 'Who may see it.', otherwise: 'everybody who reaches it' }).optional(),
  tls: Tls.meta({ description: 'HTTPS.', otherwise: 'HTTP' }).optional(),
  behindProxy: yesOrNo()
    .default(false)
    .describe('Whether a reverse proxy in front of it does TLS: then it may speak HTTP elsewhere than on loopback.'),
})

/** `page:` of the file. */
export const PageField = orBoolean(Page.optional())

/** Where the page is, and who may see it. */
export type PageConfig = z.output<typeof Page>

/** Whether only this host, or who may open a file of it, reaches the page. */
export const isLocal = ({ address = '::1' }: Listen): boolean => address.startsWith('127.') || address === '::1'
