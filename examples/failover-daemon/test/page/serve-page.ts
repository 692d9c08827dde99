/** The page and its stream, for tests: the daemon's files and headers, and of the stream what a test says. */
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Status } from '../../src/status-schema.js'
import type { StatusChange } from '../../src/web/status-change.js'
import { pageFiles } from '../../src/web/files.js'
import { pageHeaders } from '../../src/web/answers.js'

/** What a stream sends. */
export interface Messages {
  readonly status: Status
  readonly change: StatusChange
  readonly beat: string
}

export interface PageServer {
  readonly port: number
  readonly url: string
  /** To every stream. */
  send<Name extends keyof Messages>(name: Name, data: Messages[Name]): void
  /** With every connection. */
  close(): Promise<void>
}

/** `first`: what a stream begins with; without one, streams are refused. */
export async function servePage(first: () => Status | undefined, port = 0): Promise<PageServer> {
  const files = pageFiles()
  const streams = new Set<ServerResponse>()
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    if (path === '/events') stream(response)
    else file(path, response)
  })
  const stream = (response: ServerResponse): void => {
    const status = first()
    if (status === undefined) {
      response.writeHead(503).end()
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write(message('status', status))
    streams.add(response)
    response.on('close', () => streams.delete(response))
  }
  const file = (path: string, response: ServerResponse): void => {
    const { type, content } = files.get(path) ?? {}
    if (type === undefined) response.writeHead(404).end()
    else response.writeHead(200, { ...pageHeaders, 'content-type': type }).end(content)
  }
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const bound = (server.address() as AddressInfo).port
  return {
    port: bound,
    url: `http://127.0.0.1:${bound}/`,
    send(name, data) {
      for (const response of streams) response.write(message(name, data))
    },
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      return closed
    },
  }
}

const message = (name: string, data: unknown): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
