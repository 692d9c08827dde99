// A real server of the rig: answers every request with its name. Usage: node web-server.mjs NAME PORT
import { createServer } from 'node:http'

const [name, port] = process.argv.slice(2)
if (!name || !(Number(port) > 0)) {
  console.error(`expected a name and a port, found '${process.argv.slice(2).join(' ')}': node web-server.mjs NAME PORT`)
  process.exit(2)
}

createServer((_request, response) => {
  response.setHeader('connection', 'close')
  response.end(`${name}\n`)
}).listen(Number(port), '::', () => console.log('listening'))
