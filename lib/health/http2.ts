import { type ClientHttp2Session, connect, constants } from 'node:http2'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { judgeOf } from './answer.js'
import type { Check, NoPass } from './check.js'
import { type HttpOptions, checkedHttpOptions } from './http-options.js'
import { guarded } from './settle.js'
import { overStream } from './stream.js'
import { targetKey } from './target.js'
import { verdictOfError } from './verdict.js'

const broken = (detail: string): NoPass => ({ outcome: 'fail', reason: 'protocol', detail })

/**
 * Passes when the target answers an HTTP/2 request as expected: with `tls` by HTTPS, where the server must choose h2 (ALPN), else
 * from the first byte on (h2c with prior knowledge). All else is as with `http()`; a server that speaks HTTP/1, or ends the stream or
 * the session without an answer, fails with `protocol`.
 *
 * Throws TypeError or RangeError for a wrong option.
 */
export function http2(options: HttpOptions = {}): Check {
  const { path, method, send, host, headers, status, body, tls } = checkedHttpOptions(options)
  const judge = judgeOf({ status, body })
  return overStream(tls && { ...tls, ALPNProtocols: ['h2'] }, (socket, done, target) => {
    let session: ClientHttp2Session | undefined
    const failed = (error: Error): void => done(verdictOfError(error, true))
    const gone = (): void => done({ outcome: 'fail', reason: 'reset', detail: 'closed without an answer' })
    socket.on('close', gone)

    function ask(): void {
      if (socket instanceof TLSSocket && socket.alpnProtocol !== 'h2') return done(broken('no HTTP/2 by ALPN'))
      session = sessionOver(socket)
      session.on('error', failed)
      session.on('goaway', (code) => {
        if (code !== constants.NGHTTP2_NO_ERROR) done(broken(`GOAWAY with code ${code}`))
      })
      session.on('frameError', (_type, code) => done(broken(`a frame of the error ${code}`)))
      const authority = host ?? targetKey(target)
      const stream = session.request(
        { ...headers, ':method': method, ':path': path, ':scheme': tls ? 'https' : 'http', ':authority': authority },
        { endStream: send === undefined },
      )
      stream.on('error', failed)
      stream.on(
        'response',
        guarded(done, (found) => judge(Number(found[':status'] ?? 0), stream, done)),
      )
      stream.on('close', () => done(broken(`the stream was closed with code ${stream.rstCode}, without an answer`)))
      if (send !== undefined) stream.end(send)
    }

    return {
      ready: guarded(done, ask),
      release() {
        session?.destroy()
        socket.destroy()
      },
    }
  })
}

function sessionOver(socket: Socket): ClientHttp2Session {
  return connect('http://localhost', {
    createConnection: () => socket,
    // In MB. A session that would need more ends with an error.
    maxSessionMemory: 1,
    // No limit of Node's: one that is met aborts the process (Node 20 and 26: "current_nghttp2_memory_ == 0") once the session is
    // collected. nghttp2 has its own, on frames and on CONTINUATION.
    maxHeaderListPairs: 1_000_000,
    settings: { enablePush: false, maxHeaderListSize: 0xffff_ffff },
  })
}
