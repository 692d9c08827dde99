import { once } from 'node:events'
import * as h2 from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:tls'
import t, { type Test } from 'tap'
import { type HttpOptions, type Target, http2 } from '../../lib/health/index.js'
import { until } from '../held.js'
import * as pem from './certificates.js'
import { refusing, startServer } from './servers.js'

const { signal } = new AbortController()
const pass = { outcome: 'pass' }

interface Http2TestServer extends Target {
  /** Headers of each request. */
  readonly requests: h2.IncomingHttpHeaders[]
  /** Sessions that stand. */
  readonly open: () => number
}

type Serve = (stream: h2.ServerHttp2Stream, headers: h2.IncomingHttpHeaders) => unknown

/** A server of HTTP/2, by TLS or with prior knowledge. */
async function startHttp2(t: Test, serve: Serve, secure = false): Promise<Http2TestServer> {
  const server = secure ? h2.createSecureServer({ cert: pem.serverCert, key: pem.serverKey }) : h2.createServer()
  const requests: h2.IncomingHttpHeaders[] = []
  let open = 0
  server.on('session', (session) => {
    open++
    session.on('error', () => {}).on('close', () => open--)
  })
  server.on('stream', (stream, headers) => {
    requests.push(headers)
    stream.on('error', () => {})
    serve(stream, headers)
  })
  t.teardown(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { address: '127.0.0.1', port: (server.address() as AddressInfo).port, requests, open: () => open }
}

const answering =
  (body = '', status = 200): Serve =>
  (stream) => {
    stream.respond({ ':status': status })
    stream.end(body)
  }

t.test('passes on 200 with prior knowledge, and leaves no session behind', async (t) => {
  const server = await startHttp2(t, answering())
  t.same(await http2()(server, signal), pass)
  t.match(server.requests[0], { ':method': 'GET', ':path': '/', ':authority': `127.0.0.1:${server.port}` })
  await until('the session has ended', () => server.open() === 0, 5_000)
})

t.test('by TLS for the name in host', async (t) => {
  const server = await startHttp2(t, answering(), true)
  t.same(await http2({ host: 'www.example', tls: { ca: pem.authority } })(server, signal), pass)
  t.match(server.requests[0], { ':scheme': 'https', ':authority': 'www.example' })
  t.match(await http2({ tls: {} })(server, signal), { outcome: 'fail', reason: 'tls' })
  t.match(await http2({ host: 'www2.example', tls: { ca: pem.authority } })(server, signal), { reason: 'tls' })
})

t.test('method, path, headers, body, status and what is sent, as with http()', async (t) => {
  const echo: Serve = (stream, headers) => {
    stream.respond({ ':status': headers[':path'] === '/gone' ? 410 : 200 })
    stream.write(`${String(headers[':method'])} ${String(headers['x-probe'])} `)
    stream.pipe(stream)
  }
  const server = await startHttp2(t, echo)
  const cases: [HttpOptions, object][] = [
    [{ headers: { 'X-Probe': 'yes' }, body: 'GET yes' }, pass],
    [{ method: 'POST', send: 'ping', body: /POST .* ping$/ }, pass],
    [{ method: 'OPTIONS', body: 'OPTIONS' }, pass],
    [{ method: 'HEAD' }, pass],
    [{ body: 'POST' }, { outcome: 'fail', reason: 'mismatch' }],
    [{ path: '/gone' }, { outcome: 'fail', reason: 'mismatch', detail: 'status 410' }],
    [{ path: '/gone', status: [410] }, pass],
  ]
  for (const [options, verdict] of cases) t.match(await http2(options)(server, signal), verdict)
})

t.test('a server without HTTP/2, or that ends it without an answer, fails with protocol', async (t) => {
  const servers: Record<string, Serve> = {
    RST_STREAM: (stream) => stream.close(h2.constants.NGHTTP2_REFUSED_STREAM),
    'RST_STREAM without an error': (stream) => stream.close(h2.constants.NGHTTP2_NO_ERROR),
    GOAWAY: (stream) => stream.session?.goaway(h2.constants.NGHTTP2_ENHANCE_YOUR_CALM),
  }
  for (const [name, serve] of Object.entries(servers)) {
    const server = await startHttp2(t, serve)
    t.match(await http2()(server, signal), { outcome: 'fail', reason: 'protocol' }, name)
    await until('the session has ended', () => server.open() === 0, 5_000)
  }
  for (const [name, answer] of [
    ['HTTP/1.1', 'HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n'],
    ['SSH', 'SSH-2.0-OpenSSH_9.2p1\r\n'],
    ['a frame on a stream that nobody opened', Buffer.from('000000040000000000' + '0000010101000000638a', 'hex')],
  ] as const) {
    const server = await startServer(t, (socket) => socket.write(answer))
    const verdict = await http2()(server, AbortSignal.timeout(5_000))
    t.match(verdict, { outcome: 'fail', reason: 'protocol' }, name)
    t.notMatch(JSON.stringify(verdict), /SSH|Bad/, name)
    await server.closed()
  }
})

t.test('an answer of many headers is one, and does not end the process', async (t) => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`x-${i}`, 'y']))
  const server = await startHttp2(t, (stream) => stream.respond({ ':status': 200, ...many }, { endStream: true }))
  for (let i = 0; i < 50; i++) t.same(await http2()(server, signal), pass)
})

t.test('by TLS a server that does not choose h2 fails with protocol', async (t) => {
  for (const ALPNProtocols of [undefined, ['http/1.1']]) {
    const server = createServer({ cert: pem.serverCert, key: pem.serverKey, ...(ALPNProtocols && { ALPNProtocols }) })
    server.on('secureConnection', (socket) => socket.on('error', () => {})).on('tlsClientError', () => {})
    t.teardown(() => server.close())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const target = { address: '127.0.0.1', port: (server.address() as AddressInfo).port }
    const reason = ALPNProtocols ? /tls|protocol|reset/ : 'protocol'
    t.match(await http2({ tls: { verify: false } })(target, signal), { outcome: 'fail', reason }, String(ALPNProtocols))
  }
})

t.test('a connection that ends is reset, a closed port refused, silence a timeout', async (t) => {
  for (const end of [(socket: Socket) => socket.end(), (socket: Socket) => socket.resetAndDestroy()]) {
    for (const when of ['request', 'connection'] as const) {
      const server = await startServer(t, end, { when })
      t.match(await http2()(server, signal), { outcome: 'fail', reason: 'reset' }, `${end.toString()} at the ${when}`)
    }
  }
  t.match(await http2()(await refusing(t), signal), { outcome: 'fail', reason: 'refused' })
  const silent = await startHttp2(t, () => {})
  t.same(await http2()(silent, AbortSignal.timeout(100)), { outcome: 'fail', reason: 'timeout' })
  await until('the session has ended', () => silent.open() === 0, 5_000)
})
