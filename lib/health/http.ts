import { type IncomingMessage, request } from 'node:http'
import { request as requestByTls } from 'node:https'
import { type BodyMatcher, contains, matches } from './body.js'
import type { Check } from './check.js'
import { type HttpOptions, checkedHttpOptions } from './http-options.js'
import { type Done, settle } from './settle.js'
import { targetKey } from './target.js'
import { messageOf, verdictOfError } from './verdict.js'

const maxHeaderBytes = 16 * 1024
const maxBodyBytes = 64 * 1024

/**
 * Passes when the target answers an HTTP request, or with `tls` an HTTPS request, as expected. Each check is a connection of its own to exactly the target's
 * address and port. Redirects are answers like any other, never followed; bodies are taken as sent, never decompressed. The
 * connection is closed as soon as the verdict is clear: without an expected body, once the headers are there.
 *
 * Throws TypeError or RangeError for a wrong option.
 */
export function http(options: HttpOptions = {}): Check {
  const { path, method, host, headers, status, body, tls } = checkedHttpOptions(options)

  function judge(response: IncomingMessage, done: Done): void {
    const code = response.statusCode ?? 0
    if (!status(code)) return done({ outcome: 'fail', reason: 'mismatch', detail: `status ${code}` })
    if (body === undefined) return done({ outcome: 'pass' })
    judgeBody(response, typeof body === 'string' ? contains(body) : matches(body), done)
  }

  return (target, signal) =>
    settle(signal, (done) => {
      const broken = (error: Error): void => done(verdictOfError(error))
      const outgoing = (tls ? requestByTls : request)({
        ...tls,
        host: target.address,
        port: target.port,
        path,
        method,
        headers: { ...headers, host: host ?? targetKey(target), connection: 'close' },
        agent: false,
        maxHeaderSize: maxHeaderBytes,
      })
      outgoing.on('error', broken)
      outgoing.on(
        'response',
        guarded(done, (response: IncomingMessage) => {
          response.on('error', broken)
          judge(response, done)
        }),
      )
      // Without a listener, a peer that switches protocols unasked would end the request without a word. From Node 26 on the
      // socket is the listener's: the request no longer destroys it.
      outgoing.on('upgrade', (_response, socket) => {
        socket.destroy()
        done({ outcome: 'fail', reason: 'protocol', detail: 'status 101, which nobody asked for' })
      })
      outgoing.end()
      return () => outgoing.destroy()
    })
}

/** Reads until the body matches, ends or is as long as it may be. */
function judgeBody(response: IncomingMessage, matcher: BodyMatcher, done: Done): void {
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

/** The caller's function or expression may throw: that must not become an uncaught exception. */
function guarded<A extends unknown[]>(done: Done, handler: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    try {
      handler(...args)
    } catch (error) {
      done({ outcome: 'inconclusive', reason: 'local', detail: messageOf(error) })
    }
  }
}
