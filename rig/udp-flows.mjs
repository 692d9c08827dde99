// A client of the rig with many flows of UDP: one datagram to HOST:PORT from each of COUNT ports, FIRST and up, of one address.
// Usage: node udp-flows.mjs HOST PORT FIRST COUNT
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'

const [host, ...numbers] = process.argv.slice(2)
const [port, first, count] = numbers.map(Number)
if (!host || !port || !first || !count) {
  console.error(
    `expected a host and three numbers, found '${process.argv.slice(2).join(' ')}': node udp-flows.mjs HOST PORT FIRST COUNT`,
  )
  process.exit(2)
}

for (let source = first; source < first + count; source++) {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  // What a closed port of a real server says, or a balancer that drops it, is no matter of the client's.
  socket.on('error', () => {})
  socket.bind(source)
  await once(socket, 'listening')
  await new Promise((sent) => socket.send('.', port, host, sent))
  socket.close()
}
