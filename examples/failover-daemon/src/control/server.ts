/** Takes operators' commands on a Unix socket. Who may open it may command: it is 0660 in a directory of 0750. */
import { chmodSync, mkdirSync, unlinkSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { dirname } from 'node:path'
import { peerCredentials } from 'ipvs/system'
import type { Log } from '../log.js'
import { Request, mostBytes, usablePath } from './protocol.js'
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

/**
 * Listens. A file that is left there by a daemon that was killed is replaced. Rejects with an Error for people when the path cannot be
 * used, or is by a daemon of another network namespace.
 */
export async function listenForCommands(path: string, log: Log, handle: Handler): Promise<ControlServer> {
  usablePath(path)
  if (await isAnswered(path)) throw new Error('another daemon listens there: say another controlSocket')
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 })
  try {
    unlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const server = createServer((socket) => serve(socket, log, handle))
  server.maxConnections = mostConnections
  await listening(server, path)
  server.on('error', (error) => log.error({ error: error.message }, 'the control socket failed'))
  // Nobody waits for it at the end.
  server.unref()
  return {
    close() {
      server.close()
    },
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path)
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

async function listening(server: Server, path: string): Promise<void> {
  const before = process.umask(0o117)
  try {
    // The file is made before listen() returns.
    server.listen(path)
  } finally {
    process.umask(before)
  }
  await new Promise<void>((resolve, reject) => server.once('listening', resolve).once('error', reject))
  chmodSync(path, 0o660)
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
      return refuse('expected a command that this version knows: status, plan, reload, drain, disable or enable')
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
