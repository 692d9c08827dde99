/** Checks that send something and judge the answer: send/expect, SMTP, UDP, DNS. */
import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { type Target, type Verdict, dns, sendExpect, smtp, udp } from '../../lib/health/index.js'
import { refusing, startServer } from './servers.js'

const { signal } = new AbortController()
const pass: Verdict = { outcome: 'pass' }

function soon(): AbortSignal {
  return AbortSignal.timeout(100)
}

t.test('sendExpect sends, and passes as soon as the answer has what is expected', async (t) => {
  const server = await startServer(t, (socket) => {
    socket.write('+PO')
    setTimeout(() => socket.write('NG\r\n'), 20)
  })
  t.same(await sendExpect({ send: 'PING\r\n', expect: '+PONG' })(server, signal), pass)
  await server.closed()
  t.equal(server.received(), 'PING\r\n')
  t.same(await sendExpect({ send: Uint8Array.of(1), expect: /PONG/ })(server, signal), pass)
})

t.test('sendExpect without send waits for a greeting', async (t) => {
  const server = await startServer(t, (socket) => socket.write('SSH-2.0-x\r\n'), { when: 'connection' })
  t.same(await sendExpect({ expect: /^SSH-2/ })(server, signal), pass)
  t.same(await sendExpect({ expect: 'SSH-1' })(server, soon()), { outcome: 'fail', reason: 'timeout' })
})

t.test('sendExpect: another answer at its end, or at 4 KiB, is a mismatch; nothing of it is told', async (t) => {
  const mismatch = { outcome: 'fail', reason: 'mismatch', detail: 'the answer is not the expected one' }
  const ending = await startServer(t, (socket) => socket.end('secret'), { when: 'connection' })
  t.same(await sendExpect({ expect: 'public' })(ending, signal), mismatch)
  const chatty = await startServer(t, (socket) => socket.write('x'.repeat(4096) + 'end'), { when: 'connection' })
  t.same(await sendExpect({ expect: 'end' })(chatty, signal), mismatch)
  t.match(await sendExpect({ expect: 'x' })(await refusing(t), signal), { outcome: 'fail', reason: 'refused' })
})

/** A mail server that greets, and answers each command by the next of these. */
async function mailServer(t: Test, greeting: string, ...answers: string[]) {
  return startServer(
    t,
    (socket) => {
      socket.write(greeting)
      socket.on('data', () => socket.write(answers.shift() ?? '221 bye\r\n'))
    },
    { when: 'connection' },
  )
}

t.test('smtp greets and takes its leave', async (t) => {
  const server = await mailServer(
    t,
    '220-mail.example\r\n220 ESMTP\r\n',
    '250-mail.example\r\n250-SIZE\r\n250 HELP\r\n',
  )
  t.same(await smtp({ hello: 'director.example' })(server, signal), pass)
  await server.closed()
  t.equal(server.received(), 'EHLO director.example\r\nQUIT\r\n')
})

t.test('smtp: another code is a mismatch, what is no reply a fault of protocol', async (t) => {
  const cases: [string[], Verdict][] = [
    [['554 go away\r\n'], { outcome: 'fail', reason: 'mismatch', detail: 'status 554, not 220' }],
    [['220 hi\r\n', '421 later\r\n'], { outcome: 'fail', reason: 'mismatch', detail: 'status 421, not 250' }],
    [['HTTP/1.1 400\r\n'], { outcome: 'fail', reason: 'protocol', detail: 'an answer that is no reply of SMTP' }],
    [['x'.repeat(5000)], { outcome: 'fail', reason: 'protocol', detail: 'a reply of more than 4096 bytes' }],
    [['220-more\r\n'.repeat(500)], { outcome: 'fail', reason: 'protocol', detail: 'a reply of more than 4096 bytes' }],
  ]
  for (const [[greeting = '', ...answers], verdict] of cases) {
    t.same(await smtp()(await mailServer(t, greeting, ...answers), signal), verdict, greeting.slice(0, 20))
  }
  const closing = await startServer(t, (socket) => socket.end('220 hi\r\n'), { when: 'connection' })
  t.match(await smtp()(closing, signal), { outcome: 'fail', reason: 'protocol', detail: /closed in the middle/ })
  t.same(await smtp()(await startServer(t), soon()), { outcome: 'fail', reason: 'timeout' })
})

/** A server of datagrams on a free port. */
async function startDatagrams(
  t: Test,
  answer: (request: Buffer) => readonly (string | Buffer)[],
  address = '127.0.0.1',
): Promise<Target> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  socket.on('message', (request: Buffer, { port, address }: RemoteInfo) => {
    for (const datagram of answer(request)) socket.send(datagram, port, address)
  })
  t.teardown(() => socket.close())
  await once(socket.bind(0, address), 'listening')
  return { address, port: socket.address().port }
}

t.test('udp passes on any answer, or on the expected one', async (t) => {
  for (const address of ['127.0.0.1', '::1']) {
    const server = await startDatagrams(t, (request) => [`you said ${request.toString()}`], address)
    t.same(await udp({ send: 'ping' })(server, signal), pass)
    t.same(await udp({ send: Uint8Array.of(0x70), expect: /^you said p$/ })(server, signal), pass)
    t.match(await udp({ send: 'ping', expect: 'pong' })(server, signal), { outcome: 'fail', reason: 'mismatch' })
  }
})

t.test('udp: a closed port is refused, a silent server times out', async (t) => {
  t.match(await udp({ send: 'ping' })(await closedPort(), signal), { outcome: 'fail', reason: 'refused' })
  const silent = await startDatagrams(t, () => [])
  t.same(await udp({ send: 'ping' })(silent, soon()), { outcome: 'fail', reason: 'timeout' })
  const withdrawn = udp({ send: 'ping' })(silent, AbortSignal.abort())
  t.match(await withdrawn, { outcome: 'inconclusive' })
})

/** A port on which no datagram is taken. */
async function closedPort(): Promise<Target> {
  const socket = createSocket('udp4')
  await once(socket.bind(0, '127.0.0.1'), 'listening')
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(resolve))
  return { address: '127.0.0.1', port }
}

/** The answer of a name server to this question, with a code. */
function answered(question: Buffer, code: number): Buffer {
  const answer = Buffer.from(question)
  answer.writeUInt16BE(0x8180 | code, 2)
  return answer
}

t.test('dns asks one question and judges the code', async (t) => {
  const asked: Buffer[] = []
  let code = 0
  const server = await startDatagrams(t, (question) => {
    asked.push(question)
    return [answered(question, code)]
  })
  t.same(await dns({ name: 'www.example.', type: 'AAAA' })(server, signal), pass)
  // Without its number, which is random.
  t.equal(asked[0]?.subarray(2).toString('latin1'), '\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\0\0\x1c\0\x01')
  t.same(await dns()(server, signal), pass)
  t.equal(asked[1]?.subarray(12).toString('latin1'), '\0\0\x06\0\x01', 'the root, SOA')
  code = 2
  t.same(await dns()(server, signal), { outcome: 'fail', reason: 'mismatch', detail: 'status SERVFAIL' })
  code = 3
  t.match(await dns()(server, signal), { outcome: 'fail', detail: 'status NXDOMAIN' })
  t.same(await dns({ codes: ['NOERROR', 'NXDOMAIN'] })(server, signal), pass)
  code = 9
  t.match(await dns()(server, signal), { outcome: 'fail', detail: 'status 9' })
})

t.test('dns: an answer to another question is none; what is no answer is a fault of protocol', async (t) => {
  const late = await startDatagrams(t, (question) => {
    const other = answered(question, 2)
    other.writeUInt16BE(question.readUInt16BE(0) ^ 1, 0)
    return [other, answered(question, 0)]
  })
  t.same(await dns()(late, signal), pass)
  const echo = await startDatagrams(t, (question) => [question])
  t.match(await dns()(echo, signal), { outcome: 'fail', reason: 'protocol' })
  const short = await startDatagrams(t, () => ['no'])
  t.match(await dns()(short, signal), { outcome: 'fail', reason: 'protocol' })
})

t.test('options that cannot be right are refused', async (t) => {
  const wrong: [() => unknown, RegExp][] = [
    [() => sendExpect({ expect: '' }), /^options.expect: expected a string of 1 to 4096/],
    [() => sendExpect({ expect: 'x', send: '' }), /^options.send: expected a text or bytes, not empty/],
    [() => sendExpect({} as never), /^options.expect/],
    [() => smtp({ hello: 'a\r\nb' }), /^options.hello: expected a host name/],
    [() => smtp({ helo: 'x' } as never), /one of the fields hello, tls/],
    [() => udp({ send: 7 as never }), /^options.send/],
    [() => udp({ send: 'x', expect: 7 as never }), /^options.expect/],
    [() => dns({ name: 'a..b' }), /^options.name: expected a domain name/],
    [() => dns({ name: `${'a'.repeat(64)}.example` }), /^options.name/],
    [() => dns({ type: 'ANY' as never }), /^options.type: expected one of A, NS/],
    [() => dns({ codes: [] }), /^options.codes: expected at least one code/],
    [() => dns({ codes: ['BADVERS' as never] }), /^options.codes\[0\]: expected one of NOERROR/],
  ]
  for (const [call, message] of wrong) t.throws(call, { message })
})
