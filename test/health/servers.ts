import { once } from 'node:events'
import { type AddressInfo, type Socket, createServer } from 'node:net'
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
