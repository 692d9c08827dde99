/** The page, and what machines read, by HTTP. Read-only. */
import { createServer as createHttp } from 'node:http'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'
import { Episodes } from '../episodes.js'
import type { Log } from '../log.js'
import { readSecretLine } from '../secrets.js'
import { listenAtPath } from '../unix-socket.js'
import { Answers, pageHeaders, send, text } from './answers.js'
import type { Shown } from './answers.js'
import { Audience } from './audience.js'
import { pageFiles } from './files.js'
import { basicOf, bearerOf, refusalOf } from './gate.js'
import type { Rules } from './gate.js'
import { Guesses } from './guesses.js'
import type { PageConfig } from './schema.js'

/** A server that listens. */
export interface WebServer {
  /** What it shows may have changed. */
  changed(): void
  close(): Promise<void>
}

/** Everybody who watches keeps one. */
const mostConnections = 256
const requestMs = 5000
const silentMs = 30_000
const mostHeaderBytes = 8192
/** A wrong password is answered so late. */
const penaltyMs = 1000

/** Listens. Rejects with an Error for people when that fails. */
export async function openWeb(config: PageConfig, shown: Shown, log: Log): Promise<WebServer> {
  const rules = rulesOf(config)
  const files = pageFiles()
  const episodes = new Episodes(log)
  const guesses = new Guesses()
  const answers = new Answers(shown, log)

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '').replace(/[?#].*$/s, '')
    const from = request.socket.remoteAddress ?? 'a Unix socket'
    if (request.headers.authorization !== undefined && !guesses.mayTry(from))
      return send(request, response, text(429, 'too many wrong passwords: try again in a minute'))
    const refusal = refusalOf(askedBy(request, path), rules)
    if (refusal !== undefined) {
      if (refusal.wrongPassword === true) {
        if (guesses.wrong(from)) log.warn({ from }, 'the page was asked for with a wrong password or token')
        await new Promise((resolve) => setTimeout(resolve, penaltyMs))
      }
      return send(request, response, text(refusal.status, refusal.text), refusal.headers)
    }
    if (path === '/events') {
      if (!audience.hasRoom) return send(request, response, text(503, 'too many watch already'))
      response.writeHead(200, { ...pageHeaders, 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      if (request.method === 'HEAD') return void response.end()
      request.socket.setNoDelay()
      return audience.add(response)
    }
    const answer = answers.at(path)
    if (answer !== undefined) return send(request, response, await answer)
    const file = files.get(path)
    if (file !== undefined) return send(request, response, { status: 200, ...file }, { 'cache-control': 'no-cache' })
    send(request, response, text(404, 'there is nothing here'))
  }

  /** Those with a request that is not answered yet: nobody needs two at once, and Node.js would carry out thousands. */
  const busy = new WeakSet<Socket>()
  const server = serverOf(config, (request, response) => {
    const { socket } = request
    if (busy.has(socket)) return void socket.destroy()
    busy.add(socket)
    response.on('finish', () => busy.delete(socket))
    response.on('error', () => {})
    handle(request, response).catch((error: unknown) => {
      log.error({ error: String(error) }, 'answering at the page failed')
      response.destroy()
    })
  })
  server.maxConnections = mostConnections
  // Of who does not read, too: to those who watch there is something to say more often.
  server.timeout = silentMs
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await listen(server, config)
  const audience = new Audience(shown, log)
  server.on('error', (error) => episodes.report('taking connections at the page', [{ error: error.message }]))
  // Nobody waits for it at the end.
  server.unref()
  return {
    changed: () => audience.changed(),
    async close() {
      audience.end()
      const closed = new Promise((resolve) => server.close(resolve))
      // closeAllConnections() knows none that TLS has not begun with.
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function askedBy({ method = '', headers, socket }: IncomingMessage, path: string) {
  const one = (name: string) => {
    const value = headers[name]
    return typeof value === 'string' ? value : undefined
  }
  return {
    method,
    path,
    host: headers.host,
    localAddress: socket.localAddress,
    origin: one('origin'),
    site: one('sec-fetch-site'),
    mode: one('sec-fetch-mode'),
    authorization: headers.authorization,
  }
}

function rulesOf({ listen: { address }, hosts, auth }: PageConfig): Rules {
  const known = [
    'localhost',
    ...(address === undefined ? [] : [address.includes(':') ? `[${address}]` : address]),
    ...hosts,
  ]
  return {
    hosts: new Set(known.map((name) => name.toLowerCase().replace(/:\d+$/, ''))),
    credentials: auth && {
      basic: basicOf(auth.user, readSecretLine(auth.passwordFile)),
      bearer: auth.tokenFile === undefined ? undefined : bearerOf(readSecretLine(auth.tokenFile)),
    },
  }
}

function serverOf({ tls }: PageConfig, listener: RequestListener): Server | SecureServer {
  const options = {
    maxHeaderSize: mostHeaderBytes,
    headersTimeout: requestMs,
    requestTimeout: requestMs,
    keepAliveTimeout: requestMs,
    connectionsCheckingInterval: requestMs,
  }
  return tls === undefined
    ? createHttp(options, listener)
    : createHttps(
        { ...options, cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.2', handshakeTimeout: requestMs },
        listener,
      )
}

async function listen(server: Server | SecureServer, { listen: { address, port, path } }: PageConfig): Promise<void> {
  if (path !== undefined) return listenAtPath(server, path, 'page.listen')
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: address, port, exclusive: true }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
