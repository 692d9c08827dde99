/** What a check by HTTP is made of in the configuration file; ipvs/health has the last word on how it fits together. */
import { http } from 'ipvs/health'
import type { HttpMethod, HttpOptions } from 'ipvs/health'
import * as z from 'zod'
import type { Path, Problem } from './document.js'
import { line, mapping, oneOf, payload, scalar } from './fields.js'

export const method = oneOf<HttpMethod>('GET', 'HEAD', 'OPTIONS', 'POST').optional()

export const send = payload('text to send, of 1 to 16384 characters', 16384).optional()

export const headers = scalar('a mapping of headers to texts', (value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const entries = Object.entries(value as Record<string, unknown>)
  return entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')
    ? Object.fromEntries(entries)
    : undefined
}).optional()

/** A text, or `{ matches, ignoreCase }` as the expression that it is. */
export const body = z
  .union(
    [
      line('text to find in the answer', /./),
      mapping('a mapping with matches and ignoreCase', {
        matches: line('an expression', /./),
        ignoreCase: z.boolean({ error: 'true or false' }).default(false),
      }).transform(({ matches, ignoreCase }, context) => {
        try {
          return new RegExp(matches, ignoreCase ? 'iu' : 'u')
        } catch {
          context.issues.push({ code: 'custom', message: 'a regular expression of JavaScript', input: matches })
          return z.NEVER
        }
      }),
    ],
    {
      error:
        'text to find in the answer, or a mapping with matches, a regular expression of JavaScript, and ignoreCase',
    },
  )
  .optional()

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
