/** Which answer is whose, and what is bounded, by a socket that says what the test wants. */
import t from 'tap'
import { Echoes, maxEchoes } from '../lib/system/echoes.js'
import type { EchoSocket } from '../lib/system.js'

const address = Uint8Array.of(192, 0, 2, 1, ...new Uint8Array(12))
const stranger = Uint8Array.of(192, 0, 2, 2, ...new Uint8Array(12))
const never = new AbortController().signal

class ScriptedSocket implements EchoSocket {
  readonly error = 0
  readonly raw = false
  heard: EchoSocket['heard'] = () => {}
  readonly sent: { sequence: number; token: Uint8Array }[] = []
  held = false
  closed = false
  refusal = 0
  send(_: Uint8Array, sequence: number, token: Uint8Array): number {
    if (this.refusal === 0) this.sent.push({ sequence, token })
    return this.refusal
  }
  hold(keepAlive: boolean): void {
    this.held = keepAlive
  }
  close(): void {
    this.closed = true
  }
}

function start(): { socket: ScriptedSocket; echoes: Echoes; echo: (signal?: AbortSignal) => Promise<unknown> } {
  const socket = new ScriptedSocket()
  const echoes = new Echoes(socket)
  const echo = (signal = never) => echoes.echo(address, '192.0.2.1', signal)
  return { socket, echoes, echo }
}

const turn = () => new Promise(setImmediate)
const isPending = (promise: Promise<unknown>) =>
  Promise.race([promise.then(() => false), turn().then(() => true)]).catch(() => false)

t.test('an answer with another sequence number, address or token is nobody’s', async (t) => {
  const { socket, echo } = start()
  const waiting = echo()
  const [{ sequence, token } = { sequence: 0, token: address }] = socket.sent
  socket.heard(0, sequence ^ 1, address, token)
  socket.heard(0, sequence, stranger, token)
  socket.heard(
    0,
    sequence,
    address,
    token.map((byte) => byte ^ 1),
  )
  socket.heard(0, sequence, address, new Uint8Array())
  socket.heard(
    113,
    sequence,
    address,
    token.map((byte) => byte ^ 1),
  )
  t.ok(await isPending(waiting))
  t.ok(socket.held)
  socket.heard(0, sequence, address, token)
  t.match(await waiting, { latencyMs: Number })
  t.notOk(socket.held, 'nothing is awaited')
  socket.heard(0, sequence, address, token)
})

t.test('an error that quotes no more than the ICMP header is believed', async (t) => {
  const { socket, echo } = start()
  const waiting = echo()
  socket.heard(113, socket.sent[0]?.sequence ?? 0, address, new Uint8Array())
  await t.rejects(waiting, { code: 'EHOSTUNREACH', errno: -113, syscall: 'echo', message: /192\.0\.2\.1/ })
})

t.test('a request that cannot be sent', async (t) => {
  const { socket, echo } = start()
  socket.refusal = 101
  await t.rejects(echo(), { code: 'ENETUNREACH' })
  t.notOk(socket.held)
})

t.test('a hundred are sent in a turn of the event loop, the others in the next ones', async (t) => {
  const { socket, echo } = start()
  for (let i = 0; i < 250; i++) void echo()
  t.equal(socket.sent.length, 100)
  await turn()
  t.equal(socket.sent.length, 200)
  await turn()
  t.equal(socket.sent.length, 250)
  t.equal(new Set(socket.sent.map(({ token }) => Buffer.from(token).toString('hex'))).size, 250, 'tokens')
  t.equal(new Set(socket.sent.map(({ sequence }) => sequence)).size, 250, 'sequence numbers')
})

t.test('what is aborted before its turn is never sent', async (t) => {
  const { socket, echo } = start()
  for (let i = 0; i < 100; i++) void echo()
  const aborting = new AbortController()
  const waiting = echo(aborting.signal)
  aborting.abort(new Error('on purpose'))
  await t.rejects(waiting, { message: 'on purpose' })
  await turn()
  t.equal(socket.sent.length, 100)
})

t.test('sequence numbers come again, but for those that are still awaited', async (t) => {
  const socket = new ScriptedSocket()
  const echoes = new Echoes(socket, 4)
  const slow = echoes.echo(address, '192.0.2.1', never)
  const taken = socket.sent[0]?.sequence
  for (let i = 1; i <= 8; i++) {
    const waiting = echoes.echo(address, '192.0.2.1', never)
    const { sequence, token } = socket.sent[i] ?? { sequence: taken, token: address }
    t.not(sequence, taken)
    socket.heard(0, sequence ?? 0, address, token)
    await waiting
  }
  t.equal(new Set(socket.sent.map(({ sequence }) => sequence)).size, 4)
  t.ok(await isPending(slow))
})

t.test('no more than so many are awaited', async (t) => {
  const { socket, echoes, echo } = start()
  const waiting = Array.from({ length: maxEchoes }, () => echo(new AbortController().signal))
  await t.rejects(echo(), { code: 'ENOBUFS', message: /16384/ })
  echoes.close()
  t.ok(socket.closed)
  const settled = await Promise.allSettled(waiting)
  t.ok(settled.every(({ status }) => status === 'rejected'))
  t.match(settled[0], { reason: { code: 'ECANCELED' } })
  await turn()
  t.equal(socket.sent.length, 100, 'nothing is sent after close()')
})
