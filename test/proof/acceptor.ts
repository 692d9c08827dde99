/** The real servers of many targets: one process that accepts at every address of loopback. */
import { createServer } from 'node:net'
import { tell } from './roles.js'

/** Accepts, lets the check close, and tells the proof its port. */
export function accept(): void {
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => {})
    socket.resume()
  })
  server.listen({ port: 0, host: '0.0.0.0', backlog: 4096 }, () => tell({ ...(server.address() as object) }))
}
