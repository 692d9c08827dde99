// A server of the rig that accepts connections and never says a word; prints the port of each, and `PORT ended` when the other side
// has given up. Usage: node silent-server.mjs PORT...
import { once } from 'node:events'
import { createServer } from 'node:net'

const ports = process.argv.slice(2)
if (ports.length === 0 || !ports.every((port) => Number(port) > 0)) {
  console.error(`expected ports, found '${ports.join(' ')}': node silent-server.mjs PORT...`)
  process.exit(2)
}

for (const port of ports) {
  const server = createServer((socket) => {
    console.log(port)
    socket.on('error', () => {}).on('close', () => console.log(`${port} ended`))
    socket.resume()
  })
  await once(server.listen(Number(port), '::'), 'listening')
}
console.log('listening')
