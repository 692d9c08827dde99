import type { Readable } from 'node:stream'
import { type BodyMatcher, bodyMatchers } from './body.js'
import type { CheckedHttpOptions } from './http-options.js'
import { type Done, guarded } from './settle.js'

/** More than that in one block of headers is no answer any more. */
export const maxHeaderBytes: number = 16 * 1024
const maxBodyBytes = 64 * 1024

/** Judges answers of HTTP, of whichever version: once the headers are there, and the body with them if one is expected. */
export function judgeOf({
  status,
  body,
}: Pick<CheckedHttpOptions, 'status' | 'body'>): (code: number, response: Readable, done: Done) => void {
  const matcher = body === undefined ? undefined : bodyMatchers(body)
  return (code, response, done) => {
    if (!status(code)) return done({ outcome: 'fail', reason: 'mismatch', detail: `status ${code}` })
    if (!matcher) return done({ outcome: 'pass' })
    judgeBody(response, matcher(), done)
  }
}

/** Reads until the body matches, ends or is as long as it may be. */
function judgeBody(response: Readable, matcher: BodyMatcher, done: Done): void {
  const decoder = new TextDecoder()
  let room = maxBodyBytes
  function conclude(match: boolean): void {
    done(
      match ? { outcome: 'pass' } : { outcome: 'fail', reason: 'mismatch', detail: 'the body is not the expected one' },
    )
  }
  response.on(
    'end',
    guarded(done, () => conclude(matcher.end())),
  )
  response.on(
    'data',
    guarded(done, (chunk: Buffer) => {
      if (matcher.push(decoder.decode(chunk.subarray(0, room), { stream: true }))) return conclude(true)
      room -= chunk.length
      if (room <= 0) conclude(matcher.end())
    }),
  )
}
