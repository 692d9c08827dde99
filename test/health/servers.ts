import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import type { Test } from 'tap'
import type { Target } from '../../lib/health/check.js'

/** A loopback server, on a free port, that closes with the test. */
export interface TestServer extends Target {
  /** Connections so far. */
  readonly connections: Socket[]
  /** Resolves once the first connection is gone. */
  readonly closed: () => Promise<void>
  /** Everything that was received. */
  readonly received: () => string
  /** From now on it accepts, reads and never answers. */
  readonly silence: () => void
  /** Closes the port and all connections: from now on it refuses. */
  readonly kill: () => Promise<void>
}

/** Starts a server that does `serve` to each connection: at once, or once the first bytes of a request are there. */
export async function startServer(
  t: Test,
  serve: (socket: Socket) => unknown = () => {},
  { address = '127.0.0.1', when = 'request' }: { address?: string; when?: 'request' | 'connection' } = {},
): Promise<TestServer> {
  const connections: Socket[] = []
  let text = ''
  let silent = false
  const server = createServer((socket) => {
    connections.push(socket)
    socket.on('error', () => {})
    socket.on('data', (data) => (text += data.toString('latin1')))
    if (when === 'request') socket.once('data', () => silent || serve(socket))
    else serve(socket)
  })
  async function kill(): Promise<void> {
    for (const socket of connections) socket.destroy()
    if (server.listening) await once(server.close(), 'close')
  }
  t.teardown(kill)
  await once(server.listen(0, address), 'listening')
  const { port } = server.address() as AddressInfo
  async function closed(): Promise<void> {
    const socket = connections[0]
    if (socket && !socket.closed) await new Promise((resolve) => socket.on('close', resolve))
  }
  return { address, port, connections, closed, received: () => text, silence: () => void (silent = true), kill }
}

/** A port on which nothing listens. */
export async function refusing(t: Test, address = '127.0.0.1'): Promise<Target> {
  const { port, kill } = await startServer(t, () => {}, { address })
  await kill()
  return { address, port }
}

/** A port whose queue of connections is full: what more is sent to it is dropped. */
export async function full(t: Test, address = '127.0.0.1'): Promise<number> {
  const program = `use IO::Socket::INET; $| = 1; my $s = IO::Socket::INET->new(LocalAddr => '${address}', Listen => 1);
    print $s->sockport, "\\n"; sleep 60`
  const child = spawn('perl', ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const port = Number(line.toString())
  const sockets = [1, 2, 3, 4].map(() => connect(port, address).on('error', () => {}))
  t.teardown(() => sockets.forEach((socket) => socket.destroy()))
  await once(sockets[0] as Socket, 'connect')
  return port
}
