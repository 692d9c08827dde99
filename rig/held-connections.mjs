// A client of the rig with many long connections: opens COUNT to HOST:PORT, where echo-server.mjs listens, and prints one JSON line,
// {held, servers}. Then, for each line of its standard input, it sends a byte on each and prints
// {answered, lost, servers, slowestMs}: `lost` were ended, or gave nothing back in 3 minutes; `servers` counts the others by name. Ends with
// its standard input, and resets its connections. Usage: node held-connections.mjs HOST PORT COUNT
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

const [host, port, count] = process.argv.slice(2)
if (!host || !(Number(port) > 0) || !(Number(count) > 0)) {
  console.error(
    `expected a host, a port and a count, found '${process.argv.slice(2).join(' ')}': node held-connections.mjs HOST PORT COUNT`,
  )
  process.exit(2)
}
/** One that is reset is noticed at once; silence may also be a busy machine. */
const patienceMs = 180_000
/** So many handshakes at once: a real server's queue of them is finite. */
const atOnce = 50

/** What the socket says next, as text; undefined if it ends, or says nothing. @param {import('node:net').Socket} socket */
async function next(socket) {
  try {
    const [text] = await once(socket, 'data', { signal: AbortSignal.timeout(patienceMs) })
    return String(text)
  } catch {
    return undefined
  }
}

/** @param {unknown[]} names */
function counted(names) {
  const servers = /** @type {Record<string, number>} */ ({})
  for (const name of names.map(String).sort()) servers[name] = (servers[name] ?? 0) + 1
  return servers
}

/** @type {{ socket: import('node:net').Socket, name: string | undefined }[]} */
const held = []
// What is refused while others come is tried again, but not for ever.
for (let tried = 0; held.length < Number(count) && tried < 2 * Number(count); tried += atOnce) {
  const some = Array.from({ length: Math.min(atOnce, Number(count) - held.length) }, async () => {
    const socket = connect({ host, port: Number(port), noDelay: true }).on('error', () => {})
    return { socket, name: (await next(socket))?.trim() }
  })
  held.push(...(await Promise.all(some)).filter(({ name }) => name !== undefined))
}
const names = held.map(({ name }) => name)
console.log(JSON.stringify({ held: names.length, servers: counted(names) }))

for await (const line of createInterface({ input: process.stdin })) {
  const byte = line.slice(0, 1) || '.'
  const asked = performance.now()
  let slowestMs = 0
  const answers = await Promise.all(
    held.map(async ({ socket, name }) => {
      if (name === undefined || socket.destroyed || !socket.writable) return undefined
      socket.write(byte)
      const same = (await next(socket)) === byte
      slowestMs = Math.max(slowestMs, Math.round(performance.now() - asked))
      return same ? name : undefined
    }),
  )
  const alive = answers.filter((name) => name !== undefined)
  const lost = held.length - alive.length
  console.log(JSON.stringify({ answered: alive.length, lost, servers: counted(alive), slowestMs }))
}
for (const { socket } of held) socket.resetAndDestroy()
