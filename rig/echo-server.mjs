// A real server of the rig for long connections: tells its name in a line, then sends back what it gets. Usage: node echo-server.mjs
// NAME PORT
import { createServer } from 'node:net'

const [name, port] = process.argv.slice(2)
if (!name || !(Number(port) > 0)) {
  console.error(
    `expected a name and a port, found '${process.argv.slice(2).join(' ')}': node echo-server.mjs NAME PORT`,
  )
  process.exit(2)
}

createServer({ noDelay: true }, (socket) => {
  // The daemon's checks hang up at once.
  socket.on('error', () => {})
  socket.write(`${name}\n`)
  socket.pipe(socket)
}).listen({ port: Number(port), host: '::', backlog: 1024 }, () => console.log('listening'))
