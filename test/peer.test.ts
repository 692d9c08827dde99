/** peerCredentials() of other processes, and what it refuses. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, Socket, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { peerCredentials } from '../lib/system/index.js'

const folder = await mkdtemp(join(tmpdir(), 'ipvs-peer-'))
await chmod(folder, 0o755)
const path = join(folder, 'socket')
const server = createServer().listen({ path, writableAll: true })
await once(server, 'listening')
t.teardown(async () => {
  server.close()
  await rm(folder, { recursive: true })
})

async function accepted(server: Server): Promise<Socket> {
  const [socket] = (await once(server, 'connection')) as [Socket]
  return socket
}

const connecting = 'import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); sys.stdin.read()'

t.test('a client of this user', async (t) => {
  const child = spawn('/usr/bin/python3', ['-c', connecting, path], { stdio: ['pipe', 'ignore', 'inherit'] })
  t.teardown(() => child.kill())
  const socket = await accepted(server)
  t.strictSame(peerCredentials(socket), { pid: child.pid, uid: process.geteuid?.(), gid: process.getegid?.() })
  socket.destroy()
})

const skip = process.getuid?.() === 0 ? false : 'needs root, to be another'
t.test('a client of another user and group', { skip }, async (t) => {
  const python = ['/usr/bin/python3', '-c', connecting, path]
  const other = ['--reuid=65534', '--regid=65533', '--clear-groups']
  const child = execFile('setpriv', [...other, ...python])
  t.teardown(() => child.kill())
  const socket = await accepted(server)
  t.strictSame(peerCredentials(socket), { pid: child.pid, uid: 65534, gid: 65533 })
  socket.destroy()
})

t.test('a server is known to its client', async (t) => {
  const client = connect(path)
  const socket = await accepted(server)
  t.equal(peerCredentials(client).pid, process.pid)
  client.destroy()
  t.throws(() => peerCredentials(client), { code: 'ENOTCONN', syscall: 'peerCredentials' }, 'no longer open')
  socket.destroy()
})

t.test('a socket that is no Unix socket, and one without a peer', async (t) => {
  const tcp = createServer().listen(0, '127.0.0.1')
  await once(tcp, 'listening')
  const client = connect(tcp.address() as { port: number })
  const socket = await accepted(tcp)
  t.throws(() => peerCredentials(socket), { code: 'EAFNOSUPPORT' })
  client.destroy()
  socket.destroy()
  tcp.close()
  t.throws(() => peerCredentials(new Socket()), { code: 'ENOTCONN' })
  t.throws(() => peerCredentials(7 as unknown as Socket), {
    name: 'TypeError',
    message: /socket: expected a net\.Socket/,
  })
})
