// A client of the rig that measures how long nobody answers: each INTERVAL_MS a new connection to every ADDRESS, where echo-server.mjs
// listens. Prints a JSON line for each that got the server's name, {to, at, tookMs}, or did not, {to, at, error}; `at` is its beginning
// in ms since the epoch. None waits for another, and one that a second has not been enough for is given up. Usage: node probe.mjs PORT
// INTERVAL_MS ADDRESS...
import { connect } from 'node:net'

const [port, interval, ...addresses] = process.argv.slice(2)
if (!(Number(port) > 0) || !(Number(interval) > 0) || addresses.length === 0) {
  console.error(
    `expected a port, an interval and addresses, found '${process.argv.slice(2).join(' ')}': node probe.mjs PORT INTERVAL_MS ADDRESS...`,
  )
  process.exit(2)
}
/** A lost SYN is sent again after that time: whether it then gets through says nothing of now. */
const patienceMs = 1000

/** @param {string} to */
function ask(to) {
  const at = Date.now()
  const began = performance.now()
  const socket = connect({ host: to, port: Number(port), noDelay: true })
  /** @param {{ tookMs: number } | { error: string }} outcome */
  const tell = (outcome) => {
    socket.destroy()
    clearTimeout(timer)
    console.log(JSON.stringify({ to, at, ...outcome }))
  }
  const timer = setTimeout(() => tell({ error: 'no answer' }), patienceMs)
  socket.once('data', () => tell({ tookMs: Math.round(performance.now() - began) }))
  socket.once('error', ({ message }) => tell({ error: message }))
}

const askAll = () => addresses.forEach(ask)
setInterval(askAll, Number(interval))
askAll()
