/**
 * A director with the daemon in the rig's LAN, its page at this guest's port 8080, and at 8081 what a test may do to it:
 * `/kill/N` and `/start/N` a real server's web server, `/restart` the daemon; `/transition/SERVER/STATE` waits for that line of its log and
 * gives its time, `/now` the time here.
 */
import { createServer as createHttp } from 'node:http'
import { createConnection, createServer } from 'node:net'
import { daemonProgram, startDaemon, writeConfig } from '../../rig/cluster.js'
import type { Daemon } from '../../rig/cluster.js'
import { createLan } from '../../rig/lan.js'
import type { Host, WebServer } from '../../rig/lan.js'

const program = process.argv[2] ?? daemonProgram
const path = '/run/page.sock'
const lan = await createLan({ reals: 3 })
const [director] = lan.directors as [Host]
const web: (WebServer | undefined)[] = await Promise.all(lan.reals.map((real) => lan.webServer(real, 80)))
const config = await writeConfig(`controlSocket: /run/control.sock
page: { listen: ${path} }
services:
  - virtual: ${lan.direct.vip.ipv4}:80
    scheduler: rr
    forwarding: direct
    servers: [${lan.reals.map(({ ipv4 }) => ipv4).join(', ')}]
    check: { type: http, interval: 1s, fastInterval: 200ms, timeout: 500ms, rise: 1, fall: 2 }
    flapping: false
  - virtual: ${lan.direct.vip.ipv4}:81
    scheduler: rr
    forwarding: direct
    servers: [${lan.reals[0]?.ipv4 ?? ''}]
    check: { type: script, command: [/bin/sh, -c, 'echo "<svg onload=alert(1)> ${'\u202e'}"; exit 1'], interval: 6s, fall: 1, summary: true }
    whenAllDown: none
`)
let restarting = false
function start(): Daemon {
  const daemon = startDaemon(lan, director, config, [], program)
  // Whoever waits for its page would wait in vain.
  daemon
    .first(() => false)
    .catch(() => {
      if (!restarting) process.exit(1)
    })
  return daemon
}
let daemon = start()

// A Unix socket leads into the director's network from anywhere.
createServer((socket) => {
  const page = createConnection(path)
  socket.on('error', () => page.destroy()).on('close', () => page.destroy())
  page.on('error', () => socket.destroy()).on('close', () => socket.destroy())
  socket.pipe(page).pipe(socket)
}).listen(8080)

const deeds: Readonly<Record<string, (...words: string[]) => Promise<unknown>>> = {
  kill: async (n) => {
    await web[Number(n)]?.kill()
    return lan.reals[Number(n)]?.ipv4
  },
  start: async (n) => (web[Number(n)] = await lan.webServer(lan.reals[Number(n)] as Host, 80)) && undefined,
  restart: async () => {
    restarting = true
    await daemon.end('SIGTERM')
    restarting = false
    daemon = start()
  },
  transition: async (server, to) =>
    (await daemon.first((line) => line.server === server && line.to === to, daemon.entries.length)).time,
  now: () => Promise.resolve(new Date()),
}
createHttp((request, response) => {
  const [, name = '', ...words] = decodeURIComponent(request.url ?? '').split('/')
  const deed = Object.hasOwn(deeds, name) ? deeds[name] : undefined
  if (deed === undefined) return void response.writeHead(404).end()
  deed(...words).then(
    (result) => response.end(JSON.stringify(result ?? null)),
    (error: unknown) => response.writeHead(500).end(String(error)),
  )
}).listen(8081)
