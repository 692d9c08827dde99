/** Whatever a server does, a check settles within 50 ms of its deadline, lets go of the connection, and keeps little in memory. */
import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { type Check, http, http2, sendExpect, smtp, tcp, tls } from '../../lib/health/index.js'
import { startServer } from './servers.js'

t.setTimeout(120_000)

const deadlineMs = 50
const marginMs = 50
const mostBytes = 48 * 1024 * 1024

const checks: Record<string, Check> = {
  tcp: tcp(),
  tls: tls({ verify: false }),
  http: http({ body: 'needle' }),
  https: http({ body: /^needle$/, tls: { verify: false } }),
  http2: http2({ body: 'needle' }),
  'http2 by TLS': http2({ tls: { verify: false } }),
  sendExpect: sendExpect({ send: 'PING\r\n', expect: /^needle$/ }),
  smtp: smtp(),
}

/** Writes this again and again, as fast as it is taken, or at intervals. */
const again =
  (piece: string | Buffer, { first = '', everyMs }: { first?: string | Buffer; everyMs?: number } = {}) =>
  (socket: Socket) => {
    if (first !== '') socket.write(first)
    if (everyMs !== undefined) {
      const timer = setInterval(() => socket.write(piece), everyMs)
      return socket.on('close', () => clearInterval(timer))
    }
    const pieces = Buffer.alloc(65_536, piece)
    const write = (): void => {
      while (!socket.destroyed && socket.write(pieces));
    }
    socket.on('drain', write)
    write()
  }
const once = (piece: string | Buffer) => (socket: Socket) => socket.write(piece)

const head = 'HTTP/1.1 200 OK\r\n'
const bomb = gzipSync(Buffer.alloc(16 * 1024 * 1024))
const frame = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const settings = frame('000000 04 00 00000000')

const servers: Record<string, (socket: Socket) => unknown> = {
  'accepts and says nothing': () => {},
  'half-closes at once, and stays': (socket) => socket.end(),
  'resets at once': (socket) => socket.resetAndDestroy(),
  'a byte per 100 ms': again('2', { everyMs: 100 }),
  'a byte per ms': again('2', { everyMs: 1 }),
  'endless zeros': again('\0'),
  'endless text without a line': again('x'),
  'endless lines': again('220-x\r\n'),
  'endless headers': again('x: y\r\n', { first: head }),
  'a header of 1 MB': once(`${head}x: ${'y'.repeat(1_000_000)}\r\n\r\n`),
  'endless 100 Continue': again('HTTP/1.1 100 Continue\r\n\r\n'),
  'endless 103 Early Hints': again('HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n', { everyMs: 1 }),
  'a chunk of FFFFFFFFFFFFFFFF bytes': once(`${head}transfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\nx`),
  'a negative content-length': once(`${head}content-length: -1\r\n\r\nx`),
  'content-length and transfer-encoding': once(`${head}content-length: 9\r\ntransfer-encoding: chunked\r\n\r\n0\r\n`),
  'an endless body': again('x', { first: `${head}\r\n` }),
  'endless chunk extensions': again('x', { first: `${head}transfer-encoding: chunked\r\n\r\n1;` }),
  'endless trailers': again('x: y\r\n', { first: `${head}transfer-encoding: chunked\r\n\r\n0\r\n` }),
  'a gzip bomb': again(bomb, { first: `${head}content-encoding: gzip\r\n\r\n` }),
  'a redirect to itself': once('HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 9\r\n\r\n'),
  'an endless greeting of SMTP': again('220-mail\r\n', { everyMs: 1 }),
  'a frame of HTTP/2 that is 16 MiB long': once(frame('ffffff 04 00 00000000')),
  'endless SETTINGS': again(settings),
  'endless PING': again(frame('000008 06 00 00000000 0000000000000000'), { first: settings }),
  'endless CONTINUATION': again(frame('000001 09 00 00000001 88'), {
    first: Buffer.concat([settings, frame('000001 01 00 00000001 88')]),
  }),
  'endless WINDOW_UPDATE': again(frame('000004 08 00 00000001 00000001'), { first: settings }),
  'endless RST_STREAM': again(frame('000004 03 00 00000001 00000000'), { first: settings }),
  'endless GOAWAY': again(frame('000008 07 00 00000000 7fffffff 00000000'), { first: settings }),
  'an endless body of HTTP/2': again(frame('000004 00 00 00000001 78787878'), {
    first: Buffer.concat([settings, frame('000001 01 04 00000001 88')]),
  }),
}

async function ofServer(t: Test, name: string, serve: (socket: Socket) => unknown): Promise<void> {
  for (const when of ['connection', 'request'] as const) {
    const server = await startServer(t, serve, { when })
    for (const [type, check] of Object.entries(checks)) {
      const what = `${type} against a server with ${name} at the ${when}`
      const before = process.memoryUsage().rss
      const deadline = AbortSignal.timeout(deadlineMs)
      // Processor time: other programs may be at work.
      let fired: NodeJS.CpuUsage | undefined
      deadline.addEventListener('abort', () => (fired = process.cpuUsage()))
      const verdict = await check(server, deadline)
      const { user, system } = fired ? process.cpuUsage(fired) : { user: 0, system: 0 }
      const lateMs = (user + system) / 1000
      if (lateMs > marginMs) t.fail(`${what}: ${lateMs.toFixed(0)} ms after the deadline`)
      if (type !== 'tcp' && verdict.outcome !== 'fail') t.fail(`${what}: ${JSON.stringify(verdict)}`)
      const grown = process.memoryUsage().rss - before
      if (grown > mostBytes) t.fail(`${what}: ${(grown / 1e6).toFixed(0)} MB`)
      // The server sees the end of it: nothing is left behind.
      const socket = server.connections.at(-1)
      if (socket && !socket.closed) await new Promise((resolve) => socket.on('close', resolve).resume())
    }
    await server.kill()
    t.pass(`${name} at the ${when}`)
  }
}

for (const [name, serve] of Object.entries(servers)) {
  t.test(`a server with ${name}`, (t) => ofServer(t, name, serve))
}
