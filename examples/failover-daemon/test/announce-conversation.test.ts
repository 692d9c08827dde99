import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { sentence, talkToBird } from '../src/announce/conversation.js'

/** The path of a socket that nobody has made yet; short enough for one. */
async function newPath(t: Tap): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bird-'))
  t.teardown(() => rm(folder, { recursive: true }))
  return join(folder, 'bird.ctl')
}

/** Somebody who greets as bird does, and then answers each command as `answer` says. */
async function talker(t: Tap, answer: (socket: Socket, command: string) => void): Promise<string> {
  const path = await newPath(t)
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).write('0001 BIRD 2.0.12 ready.\n')
    socket.on('data', (data) => answer(socket, String(data).trim()))
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return path
}
type Tap = Pick<typeof t, 'teardown'>
const soon = () => AbortSignal.timeout(200)
const say = (path: string, ...commands: readonly string[]) =>
  talkToBird(path, soon(), async (ask) => {
    const replies = []
    for (const command of commands) replies.push(await ask(command))
    return replies
  })

t.test('replies come one after the other, in however many pieces', async (t) => {
  const path = await talker(t, (socket, command) => {
    if (command !== 'configure') return void socket.write('0000 \n')
    socket.write('0002-Reading configuration from /etc/bird/bird.conf\n 00')
    setImmediate(() => socket.write('03 no last line\n8002 bird.conf:4:1 syntax error\n'))
  })
  const [refused, empty] = await say(path, 'configure', 'show route protocol ipvs_failover4')
  t.match(refused, { code: 8002, text: /^0002-Reading/ })
  t.equal(refused && sentence(refused), 'bird.conf:4:1 syntax error')
  t.strictSame(empty, { code: 0, text: '0000 \n' })
})

t.test('who does not answer, or not to the end, is told by the path', async (t) => {
  const silent = await talker(t, () => {})
  await t.rejects(say(silent, 'configure'), { message: `bird does not answer at ${silent}: it is silent` })
  const leaving = await talker(t, (socket) => socket.end('0002-Reading configuration\n'))
  await t.rejects(say(leaving, 'configure'), { message: /: it ended in the middle of an answer$/ })
  const endless = await talker(t, (socket) => socket.write(`1007-${'x'.repeat(1 << 21)}\n`))
  await t.rejects(say(endless, 'configure'), { message: /: its answer has no end$/ })
  const nowhere = await newPath(t)
  await t.rejects(say(nowhere), { message: /^bird does not answer at .*ENOENT/ })
})
