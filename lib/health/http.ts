import { type IncomingMessage, request } from 'node:http'
import { judgeOf, maxHeaderBytes } from './answer.js'
import type { Check } from './check.js'
import { type HttpOptions, checkedHttpOptions } from './http-options.js'
import { guarded } from './settle.js'
import { overStream } from './stream.js'
import { targetKey } from './target.js'
import { verdictOfError } from './verdict.js'

/**
 * Passes when the target answers an HTTP request (HTTP/1.1, or 1.0 in its answer), or with `tls` an HTTPS request, as expected. Each
 * check is a connection of its own to exactly the target's address and port. Redirects are answers like any other, never followed;
 * bodies are taken as sent, never decompressed. The connection is closed as soon as the verdict is clear: without an expected
 * body, once the headers are there.
 *
 * Throws TypeError or RangeError for a wrong option.
 */
export function http(options: HttpOptions = {}): Check {
  const { path, method, send, host, headers, status, body, tls } = checkedHttpOptions(options)
  const judge = judgeOf({ status, body })
  return overStream(tls, (socket, done, target) => {
    const broken = (error: Error): void => done(verdictOfError(error, true))
    const outgoing = request({
      createConnection: () => socket,
      path,
      method,
      headers: {
        ...headers,
        host: host ?? targetKey(target),
        connection: 'close',
        ...(method === 'POST' && { 'content-length': Buffer.byteLength(send ?? '') }),
      },
      maxHeaderSize: maxHeaderBytes,
    })
    outgoing.on('error', broken)
    outgoing.on(
      'response',
      guarded(done, (response: IncomingMessage) => {
        response.on('error', broken)
        judge(response.statusCode ?? 0, response, done)
      }),
    )
    // Without a listener, a peer that switches protocols unasked would end the request without a word. From Node 26 on the
    // socket is the listener's: the request no longer destroys it.
    outgoing.on('upgrade', (_response, upgraded) => {
      upgraded.destroy()
      done({ outcome: 'fail', reason: 'protocol', detail: 'status 101, which nobody asked for' })
    })
    outgoing.end(send)
    return {
      release() {
        outgoing.destroy()
        socket.destroy()
      },
    }
  })
}
