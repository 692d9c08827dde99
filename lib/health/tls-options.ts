import { X509Certificate } from 'node:crypto'
import { type SecureContext, createSecureContext } from 'node:tls'
import { checkedRecord, wrongType, wrongValue } from './arguments.js'
import { messageOf } from './verdict.js'

/** How a check speaks TLS. */
export interface TlsOptions {
  /**
   * The name that is asked for (SNI), and that the certificate must be for.
   * @default none, with which the certificate must be for the target's address; with `http()` the name in `host`
   */
  readonly servername?: string | undefined
  /** Whether the certificate must be valid: trusted, in time, for the name. @default true */
  readonly verify?: boolean | undefined
  /** Certificates (PEM) of the authorities that are trusted, instead of those that Node.js knows. */
  readonly ca?: string | undefined
  /** The client's own certificate and its chain (PEM), where the server asks for one. With `key`. */
  readonly cert?: string | undefined
  /** Its private key (PEM). */
  readonly key?: string | undefined
}

/** What tls.connect() takes. */
export interface CheckedTlsOptions {
  readonly servername?: string
  readonly rejectUnauthorized: boolean
  readonly secureContext: SecureContext
  readonly ALPNProtocols?: string[]
}

/** The options, as far as they can be wrong without a server: throws for a name that is none, or a certificate that does not load. */
export function checkedTlsOptions(field: string, options: TlsOptions): CheckedTlsOptions {
  const {
    servername,
    verify = true,
    ca,
    cert,
    key,
  } = checkedRecord(field, options, ['servername', 'verify', 'ca', 'cert', 'key'])
  if (typeof verify !== 'boolean') throw wrongType(`${field}.verify`, 'true or false', verify)
  if (servername !== undefined) checkName(`${field}.servername`, servername)
  for (const [name, value] of Object.entries({ ca, cert, key })) {
    if (value !== undefined && typeof value !== 'string') throw wrongType(`${field}.${name}`, 'a text (PEM)', value)
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw wrongValue(field, 'cert and key together', cert === undefined ? 'key alone' : 'cert alone')
  }
  try {
    // Node.js takes any text for authorities, and then trusts nobody.
    if (ca !== undefined) void new X509Certificate(ca)
    const secureContext = createSecureContext({ ca, cert, key })
    return { ...(servername !== undefined && { servername }), rejectUnauthorized: verify, secureContext }
  } catch (error) {
    throw wrongValue(field, 'certificates and a key that can be loaded', messageOf(error))
  }
}

function checkName(field: string, value: unknown): void {
  const expected = 'a host name'
  if (typeof value !== 'string') throw wrongType(field, expected, value)
  if (!/^(?=.{1,253}$)(?!.*\.\d+$)[a-z\d_]([a-z\d_-]*[a-z\d_])?(\.[a-z\d_]([a-z\d_-]*[a-z\d_])?)*$/i.test(value)) {
    throw wrongValue(field, expected, value)
  }
}
