import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type TlsOptions as ServerOptions, type TLSSocket, createServer } from 'node:tls'
import t, { type Test } from 'tap'
import { type Target, type TlsOptions, http, sendExpect, smtp, tls } from '../../lib/health/index.js'
import { until } from '../held.js'
import * as pem from './certificates.js'
import { refusing, startServer } from './servers.js'

const { signal } = new AbortController()
const trusting = { ca: pem.authority }
const valid = { cert: pem.serverCert, key: pem.serverKey }

/** A server of TLS on a free port. */
async function startTls(
  t: Test,
  options: ServerOptions & { readonly cert?: string; readonly key?: string; readonly ca?: string },
  serve: (socket: TLSSocket) => unknown = () => {},
): Promise<Target & { readonly names: unknown[] }> {
  const names: unknown[] = []
  const server = createServer(options, (socket) => {
    names.push(socket.servername)
    socket.on('error', () => {})
    serve(socket)
  })
  server.on('tlsClientError', () => {})
  t.teardown(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { address: '127.0.0.1', port: (server.address() as AddressInfo).port, names }
}

t.test('passes with a certificate for the address, or for the name that is asked for', async (t) => {
  const server = await startTls(t, valid)
  t.same(await tls(trusting)(server, signal), { outcome: 'pass' })
  t.same(await tls({ ...trusting, servername: 'www.example' })(server, signal), { outcome: 'pass' })
  await until('the server has seen both to their end', () => server.names.length === 2, 5_000)
  t.same(server.names, [false, 'www.example'])
})

t.test('a certificate that is not valid fails with tls, and passes where nobody asks', async (t) => {
  const cases: [what: string, server: { cert: string; key: string }, options: TlsOptions, detail: RegExp][] = [
    ['of an authority that is not trusted', valid, {}, /unable to (verify|get)/],
    ['for another name', valid, { ...trusting, servername: 'www2.example' }, /altnames/],
    ['expired', { cert: pem.expiredCert, key: pem.expiredKey }, trusting, /expired/],
  ]
  for (const [what, given, options, detail] of cases) {
    const server = await startTls(t, given)
    t.match(await tls(options)(server, signal), { outcome: 'fail', reason: 'tls', detail }, what)
    t.same(await tls({ ...options, verify: false })(server, signal), { outcome: 'pass' }, what)
  }
})

t.test("a server that asks for a client's certificate gets it", async (t) => {
  const asking = { ...valid, ca: pem.authority, requestCert: true, rejectUnauthorized: true }
  const server = await startTls(t, asking, (socket) => socket.end('HTTP/1.1 204 No Content\r\n\r\n'))
  const client = { cert: pem.clientCert, key: pem.clientKey }
  t.same(await http({ tls: { ...trusting, ...client } })(server, signal), { outcome: 'pass' })
  // With TLS 1.3 the refusal comes after the handshake is done.
  t.match(await http({ tls: trusting })(server, signal), { outcome: 'fail', reason: /^(tls|reset)$/ })
})

t.test('what speaks no TLS fails with tls, what closes at once with reset, a closed port with refused', async (t) => {
  const plain = await startServer(t, (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))
  t.match(await tls()(plain, signal), { outcome: 'fail', reason: 'tls' })
  const closing = await startServer(t, (socket) => socket.end(), { when: 'connection' })
  t.match(await tls()(closing, signal), { outcome: 'fail', reason: 'reset' })
  t.match(await tls()(await refusing(t), signal), { outcome: 'fail', reason: 'refused' })
})

t.test('http, sendExpect and smtp speak TLS', async (t) => {
  const web = await startTls(t, valid, (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'))
  t.same(await http({ body: 'ok', host: 'www.example', tls: trusting })(web, signal), { outcome: 'pass' })
  t.same(web.names, ['www.example'], 'the name of the Host header is asked for')
  t.match(await http({ host: 'other.example', tls: trusting })(web, signal), { outcome: 'fail', reason: 'tls' })
  const imap = await startTls(t, valid, (socket) => socket.write('* OK ready\r\n'))
  t.same(await sendExpect({ expect: '* OK', tls: trusting })(imap, signal), { outcome: 'pass' })
  const mail = await startTls(t, valid, (socket) => {
    socket.write('220 mail.example\r\n')
    socket.once('data', () => socket.write('250 hello\r\n'))
  })
  t.same(await smtp({ tls: trusting })(mail, signal), { outcome: 'pass' })
})

t.test('what cannot be right is refused before any check', async (t) => {
  const wrong: [TlsOptions, RegExp][] = [
    [{ servername: '192.0.2.1' }, /^options.servername: expected a host name/],
    [{ servername: 'a b' }, /^options.servername/],
    [{ cert: pem.clientCert }, /cert and key together, found 'cert alone'/],
    [{ cert: pem.clientCert, key: pem.serverKey }, /certificates and a key that can be loaded/],
    [{ ca: 'not a certificate' }, /certificates and a key that can be loaded/],
    [{ verify: 'no' as never }, /^options.verify: expected true or false/],
    [{ name: 'www.example' } as never, /one of the fields servername/],
  ]
  for (const [options, message] of wrong.filter(([{ ca }]) => ca === undefined))
    t.throws(() => tls(options), { message })
  t.throws(() => http({ tls: { servername: '' } }), { message: /^options.tls.servername/ })
})
