import { validateHeaderName, validateHeaderValue } from 'node:http'
import { checkedNumber, checkedRecord, wrongType, wrongValue } from './arguments.js'
import { type CheckedTlsOptions, type TlsOptions, checkedTlsOptions } from './tls-options.js'
import { messageOf } from './verdict.js'

/** A status code, or the first and last of a range. */
export type StatusRange = number | readonly [first: number, last: number]

/** What `http()` sends and expects. */
export interface HttpOptions {
  /** Path and query, printable ASCII beginning with `/`. @default '/' */
  readonly path?: string | undefined
  /** @default 'GET' */
  readonly method?: 'GET' | 'HEAD' | undefined
  /** The Host header: a name or address, with a port if the server is to see one. @default the target's address and port */
  readonly host?: string | undefined
  /** Further headers, except host, connection, content-length and transfer-encoding. @default none */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Which status codes, 100 to 999, are a pass. @default [[200, 399]] */
  readonly status?: readonly StatusRange[] | ((status: number) => boolean) | undefined
  /**
   * What the body must contain, or match, within its first 64 KiB, read as UTF-8. Not with HEAD. An expression sees what a
   * stranger sent: one that backtracks without end holds up the event loop.
   * @default any body
   */
  readonly body?: string | RegExp | undefined
  /** HTTPS: TLS with these options, `{}` for all defaults. The name that is asked for is that in `host`. @default none */
  readonly tls?: TlsOptions | undefined
}

/** The options, complete and valid. */
export interface CheckedHttpOptions {
  readonly path: string
  readonly method: 'GET' | 'HEAD'
  readonly host: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly status: (status: number) => boolean
  readonly body: string | RegExp | undefined
  readonly tls: CheckedTlsOptions | undefined
}

const reservedHeaders = ['host', 'connection', 'content-length', 'transfer-encoding']

/** The options with their defaults. Throws for a wrong one. */
export function checkedHttpOptions(options: HttpOptions): CheckedHttpOptions {
  checkedRecord('options', options, ['path', 'method', 'host', 'headers', 'status', 'body', 'tls'])
  const { path = '/', method = 'GET', host, headers = {}, status = [[200, 399]], body, tls } = options
  checkText('options.path', path, /^\/[!-~]*$/, "printable ASCII that begins with '/'")
  if (method !== 'GET' && method !== 'HEAD') throw wrongValue('options.method', "'GET' or 'HEAD'", method)
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
    host,
    headers: checkedHeaders(headers),
    status: checkedStatus(status),
    body,
    tls: tls && checkedTlsOptions('options.tls', tls),
  }
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
        value,
      )
    }
    try {
      validateHeaderName(name)
      validateHeaderValue(name, value)
    } catch (error) {
      throw wrongValue(field, `a valid header (${messageOf(error)})`, value)
    }
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
