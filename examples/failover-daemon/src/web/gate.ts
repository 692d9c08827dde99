/** Who is let in. Pure. */
import { createHash, timingSafeEqual } from 'node:crypto'

/** What a request says of itself. */
export interface Asked {
  readonly method: string
  /** Without query. */
  readonly path: string
  readonly host: string | undefined
  /** The address of this host that it came to; undefined at a Unix socket. */
  readonly localAddress: string | undefined
  readonly origin: string | undefined
  /** Sec-Fetch-Site and Sec-Fetch-Mode, of browsers. */
  readonly site: string | undefined
  readonly mode: string | undefined
  readonly authorization: string | undefined
}

export interface Rules {
  /** Lower case. */
  readonly hosts: ReadonlySet<string>
  /** Digests of what `Authorization` may be. @default everybody may */
  readonly credentials?: { readonly basic: Buffer; readonly bearer?: Buffer | undefined } | undefined
}

/** Why not: a status of HTTP, and a sentence that tells nothing of what was asked. */
export interface Refusal {
  readonly status: number
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
  /** Somebody may be trying passwords. */
  readonly wrongPassword?: boolean
}

/** What is not for people: programs get it by their token. */
const isForPrograms = (path: string) => ['/status.json', '/metrics', '/healthz'].includes(path)

/** undefined lets it in. */
export function refusalOf(asked: Asked, { hosts, credentials }: Rules): Refusal | undefined {
  const { method, path, host, localAddress, origin, site, mode, authorization } = asked
  if (method !== 'GET' && method !== 'HEAD')
    return { status: 405, text: 'expected GET or HEAD: nothing can be changed here', headers: { allow: 'GET, HEAD' } }
  const name = hostOf(host)
  // A name of somebody else that leads here (DNS rebinding) is how a page from elsewhere would read this one.
  if (name === undefined || !(hosts.has(name) || name === textOf(localAddress)))
    return { status: 421, text: 'expected a host name that this page is known by: add it to page.hosts' }
  // A link from elsewhere may lead here, but no other page may read.
  if ((origin !== undefined && originOf(origin) !== name) || (site === 'cross-site' && mode !== 'navigate'))
    return { status: 403, text: 'expected a request of this page, not of another one' }
  if (credentials === undefined) return undefined
  const digest = digestOf(authorization ?? '')
  const { basic, bearer } = credentials
  if (timingSafeEqual(digest, basic)) return undefined
  if (bearer !== undefined && isForPrograms(path) && timingSafeEqual(digest, bearer)) return undefined
  const challenge = 'Basic realm="ipvs-failover", charset="UTF-8"'
  return {
    status: 401,
    text: 'expected user and password, or a token where programs read',
    headers: { 'www-authenticate': bearer !== undefined && isForPrograms(path) ? `${challenge}, Bearer` : challenge },
    wrongPassword: authorization !== undefined,
  }
}

/** As `Authorization` has them. */
export const basicOf = (user: string, password: string): Buffer =>
  digestOf(`Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`)
export const bearerOf = (token: string): Buffer => digestOf(`Bearer ${token}`)

/** Of one length, whatever is compared. */
const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest()

/** The name in `Host`, lower case, without port; undefined if there is none. */
function hostOf(host: string | undefined): string | undefined {
  return /^(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i.exec(host ?? '')?.[1]?.toLowerCase()
}

/** The name in `Origin`; undefined for one that is none. */
const originOf = (origin: string) => (URL.canParse(origin) ? hostOf(new URL(origin).host) : undefined)

/** An address as `Host` has it: IPv6 in brackets. */
function textOf(address: string | undefined): string | undefined {
  const plain = address?.replace(/^::ffff:(?=\d+\.)/, '')
  return plain?.includes(':') ? `[${plain}]` : plain
}
