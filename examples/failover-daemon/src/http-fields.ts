/** What a check by HTTP is made of in the configuration file; ipvs/health has the last word on how it fits together. */
import { http } from 'ipvs/health'
import type { HttpMethod, HttpOptions } from 'ipvs/health'
import * as z from 'zod'
import type { Path, Problem } from './document.js'
import { hostName, line, mapping, oneOf, payload, scalar, yesOrNo } from './fields.js'
import type { JsonSchema } from './fields.js'

type StatusRange = readonly [first: number, last: number]

const rangePattern = '([1-9]\\d\\d)(?:-([1-9]\\d\\d))?'
const statusForms: readonly JsonSchema[] = [
  { type: 'integer', minimum: 100, maximum: 999 },
  { type: 'string', pattern: `^${rangePattern}$` },
]

/** Lists of [first, last]. */
const statuses = scalar(
  'a status such as 200, a range such as "200-299", from 100 to 999, or a list of these',
  (value) => {
    const ranges = (Array.isArray(value) ? (value as unknown[]) : [value]).map(statusRange)
    return ranges.length > 0 && !ranges.includes(undefined) ? (ranges as StatusRange[]) : undefined
  },
  { anyOf: [...statusForms, { type: 'array', minItems: 1, items: { anyOf: statusForms } }] },
)

function statusRange(value: unknown): StatusRange | undefined {
  const match = new RegExp(`^${rangePattern}$`).exec(String(value))
  const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])]
  return first <= last ? [first, last] : undefined
}

const headers = scalar(
  'a mapping of headers to texts',
  (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    const entries = Object.entries(value as Record<string, unknown>)
    return entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')
      ? Object.fromEntries(entries)
      : undefined
  },
  { type: 'object', additionalProperties: { type: 'string' } },
)

const expression = mapping('a mapping with matches and ignoreCase', {
  matches: line('an expression', /./).meta({
    description: 'An expression of JavaScript that the answer must match. One that runs for 100 ms is inconclusive.',
    example: '^ok',
  }),
  ignoreCase: yesOrNo().default(false).describe('Whether capital and small letters are the same to it.'),
}).transform(({ matches, ignoreCase }, context) => {
  try {
    return new RegExp(matches, ignoreCase ? 'iu' : 'u')
  } catch {
    context.issues.push({ code: 'custom', message: 'a regular expression of JavaScript', input: matches })
    return z.NEVER
  }
})

/** A text, or `{ matches, ignoreCase }` as the expression that it is. */
const body = z.union([line('text to find in the answer', /./), expression], {
  error: 'text to find in the answer, or a mapping with matches, a regular expression of JavaScript, and ignoreCase',
})

/** The fields of a check by HTTP. */
export const httpFields = {
  path: line('a path of printable ASCII that begins with /', /^\/[!-~]*$/)
    .prefault('/')
    .describe('Path and query that are asked for.'),
  method: oneOf<HttpMethod>('GET', 'HEAD', 'OPTIONS', 'POST')
    .meta({ description: 'Method of the request.', otherwise: '`GET`' })
    .optional(),
  send: payload('text to send, of 1 to 16384 characters', 16384)
    .meta({ description: 'What POST sends; with no other method.', otherwise: 'nothing', example: 'ping' })
    .optional(),
  headers: headers
    .meta({
      description: 'Further headers of the request.',
      otherwise: 'none',
      example: { 'User-Agent': 'ipvs-failover' },
    })
    .optional(),
  status: statuses
    .meta({ description: 'Statuses that pass.', otherwise: '`200-399`', example: ['200-299', 304] })
    .optional(),
  body: body
    .meta({
      description: 'What the first 64 KiB of the answer must contain, or match; not with HEAD.',
      otherwise: 'anything',
      example: 'OK',
    })
    .optional(),
  host: hostName('a host name or address, with or without a port')
    .meta({ description: 'Host header.', otherwise: "the server's address and port", example: 'www.example.com' })
    .optional(),
}

/** The options of http() or http2() among others. */
export const httpOptions = ({ path, method, send, headers, status, body, host, tls }: HttpOptions): HttpOptions => ({
  path,
  method,
  send,
  headers,
  status,
  body,
  host,
  tls,
})

/** What is only found when the options are put together, or in a header. */
export function* httpProblems(options: HttpOptions, path: Path): Generator<Problem> {
  try {
    http(options)
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    const [, field = '', expected = text] = /^options\.(\w+).*?: expected (.*), found /s.exec(text) ?? []
    yield { path: [...path, ...(field === '' ? [] : [field])], expected }
  }
}
