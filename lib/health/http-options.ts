import { isIP } from 'node:net'
import { checkedNumber, checkedRecord, wrongType, wrongValue } from './arguments.js'
import { checkPayload } from './send-expect.js'
import { type CheckedTlsOptions, type TlsOptions, checkedTlsOptions } from './tls-options.js'

/** A status code, or the first and last of a range. */
export type StatusRange = number | readonly [first: number, last: number]

/** What `http()` and `http2()` send and expect. */
export interface HttpOptions {
  /** Path and query, printable ASCII beginning with `/`. @default '/' */
  readonly path?: string | undefined
  /** @default 'GET' */
  readonly method?: HttpMethod | undefined
  /** The body of the request, 1 to 16384 bytes; with POST alone. Its type belongs into `headers`. @default none */
  readonly send?: string | Uint8Array | undefined
  /** The Host header: a name or address, with a port if the server is to see one. @default the target's address and port */
  readonly host?: string | undefined
  /**
   * Further headers, names by values of printable ASCII. Not those of the connection itself: host (which is `host`), connection,
   * content-length, transfer-encoding, upgrade, expect, te, trailer, keep-alive, proxy-connection, http2-settings.
   * @default none
   */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Which status codes, 100 to 999, are a pass. @default [[200, 399]] */
  readonly status?: readonly StatusRange[] | ((status: number) => boolean) | undefined
  /**
   * What the body must contain, or match, within its first 64 KiB, read as UTF-8. Not with HEAD. An expression sees what a
   * stranger sent, and may backtrack without end: it holds up the event loop for 100 ms at most; then the check is inconclusive.
   * @default any body
   */
  readonly body?: string | RegExp | undefined
  /** HTTPS: TLS with these options, `{}` for all defaults. The name that is asked for is that in `host`, if it is a name. @default none */
  readonly tls?: TlsOptions | undefined
}

/** POST for what has no other question to answer: a check should change nothing. */
export type HttpMethod = 'GET' | 'HEAD' | 'OPTIONS' | 'POST'

const methods: readonly HttpMethod[] = ['GET', 'HEAD', 'OPTIONS', 'POST']
const maxSendBytes = 16_384

/** The options, complete and valid. */
export interface CheckedHttpOptions {
  readonly path: string
  readonly method: HttpMethod
  readonly send: string | Uint8Array | undefined
  readonly host: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly status: (status: number) => boolean
  readonly body: string | RegExp | undefined
  readonly tls: CheckedTlsOptions | undefined
}

/** What frames the message or speaks of the connection: a check's own, and forbidden in HTTP/2 (RFC 9113 8.2.2). */
const reservedHeaders = [
  ...['host', 'connection', 'content-length', 'transfer-encoding', 'upgrade', 'expect', 'te', 'trailer', 'keep-alive'],
  ...['proxy-connection', 'http2-settings'],
]

/** The options with their defaults. Throws for a wrong one. */
export function checkedHttpOptions(options: HttpOptions): CheckedHttpOptions {
  checkedRecord('options', options, ['path', 'method', 'send', 'host', 'headers', 'status', 'body', 'tls'])
  const { path = '/', method = 'GET', send, host, headers = {}, status = [[200, 399]], body, tls } = options
  checkText('options.path', path, /^\/[!-~]*$/, "printable ASCII that begins with '/'")
  if (!methods.includes(method)) throw wrongValue('options.method', `one of ${methods.join(', ')}`, method)
  if (send !== undefined) checkSend(send, method)
  if (host !== undefined) {
    checkText(
      'options.host',
      host,
      /^([\w.~-]+|\[[\da-f:.]+\])(:\d+)?$/i,
      'a host name or address, with or without a port',
    )
  }
  checkBody(body, method)
  return {
    path,
    method,
    send,
    host,
    headers: checkedHeaders(headers),
    status: checkedStatus(status),
    body,
    tls: tls && { ...nameOf(host), ...checkedTlsOptions('options.tls', tls) },
  }
}

/** The name to ask for, if it is one: addresses have no place in SNI (RFC 6066 3). */
function nameOf(host: string | undefined): { readonly servername?: string } {
  const name = host?.replace(/:\d+$/, '')
  return name === undefined || name.startsWith('[') || isIP(name) !== 0 ? {} : { servername: name }
}

function checkSend(send: unknown, method: HttpMethod): void {
  checkPayload('options.send', send)
  if (Buffer.byteLength(send as string) > maxSendBytes) {
    throw wrongValue('options.send', `at most ${maxSendBytes} bytes`, send)
  }
  if (method !== 'POST') throw wrongValue('options.send', `left out with ${method}`, send)
}

function checkText(field: string, value: unknown, pattern: RegExp, expected: string): void {
  if (typeof value !== 'string') throw wrongType(field, expected, value)
  if (!pattern.test(value)) throw wrongValue(field, expected, value)
}

function checkedHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (typeof headers !== 'object' || headers === null) throw wrongType('options.headers', 'an object', headers)
  for (const [name, value] of Object.entries(headers)) {
    const field = `options.headers[${JSON.stringify(name)}]`
    if (typeof value !== 'string') throw wrongType(field, 'a string', value)
    if (reservedHeaders.includes(name.toLowerCase())) {
      throw wrongValue(
        field,
        `another header than ${reservedHeaders.join(', ')} (for host there is options.host)`,
        name,
      )
    }
    if (!/^[\w!#$%&'*+.^`|~-]{1,128}$/.test(name)) throw wrongValue(field, 'a name that is a token of HTTP', name)
    if (!/^[\t -~]{0,4096}$/.test(value)) throw wrongValue(field, 'at most 4096 characters of printable ASCII', value)
  }
  return { ...headers }
}

function checkedStatus(status: NonNullable<HttpOptions['status']>): (status: number) => boolean {
  if (typeof status === 'function') return status
  const expected = 'a function, or a list of codes and [first, last]'
  if (!Array.isArray(status)) throw wrongType('options.status', expected, status)
  if (status.length === 0) throw wrongValue('options.status', `${expected} that is not empty`, status)
  const ranges = (status as readonly StatusRange[]).map(checkedRange)
  return (code) => ranges.some(([first, last]) => first <= code && code <= last)
}

function checkedRange(range: StatusRange, index: number): readonly [number, number] {
  const field = `options.status[${index}]`
  const limits = { min: 100, max: 999, integer: true }
  if (!Array.isArray(range)) {
    const code = checkedNumber(field, range, limits)
    return [code, code]
  }
  if (range.length !== 2) throw wrongValue(field, 'a code or [first, last]', range)
  const first = checkedNumber(`${field}[0]`, range[0], limits)
  return [first, checkedNumber(`${field}[1]`, range[1], { ...limits, min: first })]
}

function checkBody(body: unknown, method: string): void {
  if (body === undefined) return
  const expected = 'a string of 1 to 65536 characters or a RegExp'
  if (typeof body !== 'string' && !(body instanceof RegExp)) throw wrongType('options.body', expected, body)
  if (body === '' || (typeof body === 'string' && body.length > 65536)) throw wrongValue('options.body', expected, body)
  if (method === 'HEAD') throw wrongValue('options.body', 'left out with HEAD, whose answer has none', body)
}
