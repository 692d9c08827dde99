/** Takes operators' commands on a Unix socket. Who may open it may command. */
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { peerCredentials } from 'ipvs/system'
import type { Log } from '../log.js'
import { listenAtPath } from '../unix-socket.js'
import { Request, mostBytes } from './protocol.js'
import type { Response } from './protocol.js'

/** Carries out a request. A rejection is told to the operator, by its message. */
export type Handler = (request: Request) => Promise<Response>

const mostConnections = 16
/** So long a client may take to ask, and to read. */
const patienceMs = 10_000

/** A listening socket. */
export interface ControlServer {
  /** Closes it, and removes its file. */
  close(): void
}

/** Listens. Rejects with an Error for people when the path cannot be used. */
export async function listenForCommands(path: string, log: Log, handle: Handler): Promise<ControlServer> {
  const server = createServer((socket) => serve(socket, log, handle))
  server.maxConnections = mostConnections
  await listenAtPath(server, path, 'controlSocket')
  server.on('error', (error) => log.error({ error: error.message }, 'the control socket failed'))
  // Nobody waits for it at the end.
  server.unref()
  return {
    close() {
      server.close()
    },
  }
}

function serve(socket: Socket, log: Log, handle: Handler): void {
  const by = whoIs(socket)
  let text = ''
  let answered = false
  const answer = (response: Response) => {
    if (!socket.destroyed) socket.end(`${JSON.stringify(response)}\n`)
  }
  const refuse = (error: string) => answer({ ok: false, error })
  socket.setEncoding('utf8')
  // Times out when nothing moves: a reload may take as long as it takes.
  socket.setTimeout(patienceMs, () => {
    if (!answered || socket.writableLength > 0) socket.destroy()
  })
  socket.on('error', () => {})
  socket.on('data', (more) => {
    if (answered) return
    text += String(more)
    const end = text.indexOf('\n')
    if (end < 0 && text.length <= mostBytes.request) return
    answered = true
    if (end < 0 || end > mostBytes.request) return refuse(`expected a line of at most ${mostBytes.request} bytes`)
    const request = Request.safeParse(parsed(text.slice(0, end)))
    if (!request.success)
      return refuse(
        'expected a command that this version knows: status, plan, reload, drain, disable, enable or handover',
      )
    const { command, ...rest } = request.data
    if (command !== 'status' && command !== 'plan') log.info({ command, ...rest, by }, 'command of an operator')
    handle(request.data).then(answer, (error: unknown) =>
      refuse(error instanceof Error ? error.message : String(error)),
    )
  })
}

/** For the log. An operator who has gone already, or a system that does not tell, is no reason to refuse a command. */
function whoIs(socket: Socket): { readonly uid: number; readonly pid: number } | undefined {
  try {
    const { uid, pid } = peerCredentials(socket)
    return { uid, pid }
  } catch {
    return undefined
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
