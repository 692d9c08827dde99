import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { type HttpOptions, type Verdict, http } from '../../lib/health/index.js'
import { refusing, startServer, type TestServer } from './servers.js'

const { signal } = new AbortController()

/** A server that answers with this text, and keeps the connection open. */
function answering(t: Test, ...pieces: string[]): Promise<TestServer> {
  return startServer(t, (socket) => pieces.forEach((piece) => socket.write(piece)))
}

function ok(body = '', status = '200 OK'): string {
  return `HTTP/1.1 ${status}\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}

t.test('passes on 200 and closes the connection', async (t) => {
  const server = await answering(t, ok('hello'))
  t.same(await http()(server, signal), { outcome: 'pass' })
  await server.closed()
  t.equal(server.received(), `GET / HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\nconnection: close\r\n\r\n`)
})

t.test('IPv6: the Host header has brackets', async (t) => {
  const server = await startServer(t, (socket) => socket.write(ok()), { address: '::1' })
  t.same(await http()(server, signal), { outcome: 'pass' })
  t.match(server.received(), `\r\nhost: [::1]:${server.port}\r\n`)
})

t.test('sends path, method, host and headers as asked', async (t) => {
  const server = await answering(t, 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n')
  const options: HttpOptions = { path: '/up?now', method: 'HEAD', host: 'www.example', headers: { 'X-Probe': 'yes' } }
  t.same(await http(options)(server, signal), { outcome: 'pass' })
  t.equal(server.received(), 'HEAD /up?now HTTP/1.1\r\nX-Probe: yes\r\nhost: www.example\r\nconnection: close\r\n\r\n')
})

t.test('sends a body of its own with POST, and nothing else', async (t) => {
  for (const [send, sent] of [
    ['ä=1', '4\r\n\r\nÃ¤=1'],
    [Uint8Array.of(0x61), '1\r\n\r\na'],
    [undefined, '0\r\n\r\n'],
  ] as const) {
    const server = await answering(t, ok())
    t.same(await http({ method: 'POST', send, host: 'www.example' })(server, signal), { outcome: 'pass' })
    const head = 'POST / HTTP/1.1\r\nhost: www.example\r\nconnection: close\r\ncontent-length: '
    t.equal(server.received().split('\r\n\r\n')[0], (head + sent).split('\r\n\r\n')[0])
  }
  const options = await answering(t, ok())
  t.same(await http({ method: 'OPTIONS' })(options, signal), { outcome: 'pass' })
  t.match(options.received(), /^OPTIONS \/ HTTP\/1\.1\r\nhost: [^\r]*\r\nconnection: close\r\n\r\n$/)
})

t.test('an answer of HTTP/1.0 is one', async (t) => {
  const server = await startServer(t, (socket) => socket.end('HTTP/1.0 200 OK\r\nserver: old\r\n\r\nall is well'))
  t.same(await http({ body: /well$/ })(server, signal), { outcome: 'pass' })
})

t.test(
  'an expression that backtracks without end is given up, inconclusive, and works on the next answer',
  async (t) => {
    let body = `${'a'.repeat(60_000)}!`
    const server = await startServer(t, (socket) => socket.write(ok(body)))
    const check = http({ body: /^(a+)+$/ })
    const startedAt = performance.now()
    t.match(await check(server, signal), {
      outcome: 'inconclusive',
      reason: 'local',
      detail: /expression takes longer/,
    })
    t.ok(performance.now() - startedAt < 1000)
    body = 'aaa'
    t.same(await check(server, signal), { outcome: 'pass' })
  },
)

t.test('each check is a connection of its own', async (t) => {
  const server = await answering(t, ok())
  const check = http()
  await Promise.all([check(server, signal), check(server, signal)])
  await check(server, signal)
  t.equal(server.connections.length, 3)
})

t.test('status: 200 to 399 by default, else as asked', async (t) => {
  const cases: [HttpOptions['status'], number, boolean][] = [
    [undefined, 200, true],
    [undefined, 399, true],
    [undefined, 400, false],
    [undefined, 503, false],
    [[401], 401, true],
    [[401], 200, false],
    [[204, [300, 310]], 310, true],
    [[204, [300, 310]], 311, false],
    [(status) => status === 418, 418, true],
    [(status) => status === 418, 200, false],
  ]
  for (const [status, code, passes] of cases) {
    const server = await answering(t, ok('secret', `${code} Whatever`))
    const expected = passes ? { outcome: 'pass' } : { outcome: 'fail', reason: 'mismatch', detail: `status ${code}` }
    t.same(await http({ status })(server, signal), expected, `${String(status)}: ${code}`)
  }
})

t.test('a status function or an expression that throws is inconclusive', async (t) => {
  const server = await answering(t, ok('hello'))
  const bug = (): never => {
    throw new Error('a bug')
  }
  const body = Object.assign(/hello/, { [Symbol.search]: bug })
  for (const options of [{ status: bug }, { body }]) {
    t.same(await http(options)(server, signal), { outcome: 'inconclusive', reason: 'local', detail: 'a bug' })
  }
  await server.closed()
})

t.test('a redirect is not followed', async (t) => {
  const other = await answering(t, ok())
  const server = await answering(t, `HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:${other.port}/\r\n\r\n`)
  t.same(await http()(server, signal), { outcome: 'pass' })
  t.same(await http({ status: [200] })(server, signal), { outcome: 'fail', reason: 'mismatch', detail: 'status 302' })
  t.equal(other.connections.length, 0)
})

t.test('body: contains a text or matches an expression', async (t) => {
  const mismatch = { outcome: 'fail', reason: 'mismatch', detail: 'the body is not the expected one' }
  const cases: [string | RegExp, boolean][] = [
    ['o w', true],
    ['hello world', true],
    ['hello world!', false],
    ['d', true],
    [/^hello world$/, true],
    [/^hello$/, false],
    [/World/gi, true],
  ]
  for (const [body, passes] of cases) {
    const server = await answering(t, ok('hello world'))
    const check = http({ body })
    for (const round of [1, 2]) {
      t.same(await check(server, signal), passes ? { outcome: 'pass' } : mismatch, `${String(body)}, round ${round}`)
    }
  }
})

t.test('a body in many pieces, ended by the end of the connection', async (t) => {
  const server = await startServer(t, (socket) => {
    const pieces = ['HTTP/1.1 200 OK\r\n\r', '\nhé', 'llo ', 'worl', 'd'].map((piece) => Buffer.from(piece))
    const write = (): void => {
      const piece = pieces.shift()
      if (piece) socket.write(piece, () => setImmediate(write))
      else socket.end()
    }
    write()
  })
  t.same(await http({ body: 'héllo world' })(server, signal), { outcome: 'pass' })
  t.same(await http({ body: /^héllo world$/ })(server, signal), { outcome: 'pass' })
})

t.test('a body that shows the expected text need not end', async (t) => {
  const server = await answering(t, 'HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n', 'all is well, and')
  t.same(await http({ body: 'well' })(server, signal), { outcome: 'pass' })
  await server.closed()
})

t.test('of an endless body no more than 64 KiB are read', async (t) => {
  const endless = (socket: Socket): void => {
    const write = (): void => {
      while (!socket.destroyed && socket.write('x'.repeat(1000)));
    }
    socket.on('drain', write).write('HTTP/1.1 200 OK\r\n\r\n')
    write()
  }
  const server = await startServer(t, endless)
  t.match(await http({ body: 'needle' })(server, signal), { outcome: 'fail', reason: 'mismatch' })
  t.same(await http({ body: /^x{65536}$/ })(server, signal), { outcome: 'pass' })
  t.same(await http()(server, signal), { outcome: 'pass' })
  await server.closed()
})

t.test('a compressed body is taken as it is', async (t) => {
  const server = await answering(t, 'HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nplain')
  t.same(await http({ body: 'plain' })(server, signal), { outcome: 'pass' })
})

t.test('what is no HTTP answer is a failure of protocol that echoes nothing', async (t) => {
  const answers = {
    'garbage status line': 'aa aaaaHTTP/1.1aa200\r\n\r\n',
    'another protocol': 'SSH-2.0-OpenSSH_9.2p1\r\n',
    'huge header': `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(1_000_000)}\r\n\r\n`,
    'many headers': `HTTP/1.1 200 OK\r\n${'x: secret\r\n'.repeat(100_000)}\r\n`,
    'content-length and transfer-encoding': `HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    'negative content-length': 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nsecret',
    'unasked switch of protocols': 'HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: secret\r\n\r\n',
  }
  for (const [name, answer] of Object.entries(answers)) {
    const server = await answering(t, answer)
    const verdict: Verdict = await http()(server, signal)
    t.match(verdict, { outcome: 'fail', reason: 'protocol' }, name)
    t.notMatch(JSON.stringify(verdict), /secret|SSH|aaaa|yyy/, name)
    await server.closed()
  }
})

t.test('an impossible chunk is a failure of protocol', async (t) => {
  const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
  for (const chunk of ['FFFFFFFFFFFFFFFFF\r\nx', 'nonsense\r\n']) {
    const server = await answering(t, chunked + chunk)
    t.match(await http({ body: 'text' })(server, signal), { outcome: 'fail', reason: 'protocol' }, chunk)
  }
})

t.test('an answer that breaks off is a failure', async (t) => {
  const cases: [string, (socket: Socket) => void][] = [
    ['closed without an answer', (socket) => socket.end()],
    ['reset without an answer', (socket) => socket.resetAndDestroy()],
    ['closed within the headers', (socket) => socket.end('HTTP/1.1 200 OK\r\nx: y')],
    ['closed within the body', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort')],
  ]
  for (const [name, serve] of cases) {
    const server = await startServer(t, serve)
    t.match(await http({ body: 'x' })(server, signal), { outcome: 'fail', reason: 'reset' }, name)
  }
  const early = await startServer(t, (socket) => socket.resetAndDestroy(), { when: 'connection' })
  t.match(await http()(early, signal), { outcome: 'fail', reason: 'reset' })
})

t.test('a closed port is refused', async (t) => {
  t.match(await http()(await refusing(t), signal), { outcome: 'fail', reason: 'refused' })
})

t.test('at the deadline every slow answer is a timeout, and the connection is closed', async (t) => {
  const drip = (first: string, more: string) => (socket: Socket) => {
    socket.write(first)
    const timer = setInterval(() => socket.write(more), 5)
    socket.on('close', () => clearInterval(timer))
  }
  const cases: [string, (socket: Socket) => void][] = [
    ['accepts and never answers', () => {}],
    ['a status line, bit by bit', drip('HTTP/1.1 200 ', 'O')],
    ['a header, bit by bit', drip('HTTP/1.1 200 OK\r\nx: ', 'y')],
    ['a body, bit by bit', drip('HTTP/1.1 200 OK\r\n\r\n', 'x')],
    ['endless 100 Continue', drip('', 'HTTP/1.1 100 Continue\r\n\r\n')],
  ]
  for (const [name, serve] of cases) {
    const server = await startServer(t, serve)
    const deadline = AbortSignal.timeout(100)
    let firedAt = 0
    deadline.addEventListener('abort', () => (firedAt = performance.now()))
    const verdict = await http({ body: 'y' })(server, deadline)
    const lateMs = performance.now() - firedAt
    t.same(verdict, { outcome: 'fail', reason: 'timeout' }, name)
    t.ok(lateMs < 50, `${name}: ${lateMs.toFixed(1)} ms after the deadline`)
    await server.closed()
  }
})

t.test('when it is withdrawn it settles and closes the connection', async (t) => {
  const controller = new AbortController()
  const server = await startServer(t, () => controller.abort())
  t.match(await http()(server, controller.signal), { outcome: 'inconclusive', reason: 'local' })
  await server.closed()
})
