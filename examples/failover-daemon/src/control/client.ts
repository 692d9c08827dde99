/** Asks a running daemon. */
import { createConnection } from 'node:net'
import { usablePath } from '../unix-socket.js'
import { mostBytes } from './protocol.js'
import type { Request, Response } from './protocol.js'

/** Sends a request and gives the answer. Rejects with an Error for people when no daemon answers, or the signal fires before it does. */
export function ask(path: string, request: Request, signal?: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path: usablePath(path), ...(signal && { signal }) })
    let text = ''
    socket.setEncoding('utf8')
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`))
    socket.on('data', (more) => {
      text += String(more)
      if (text.length > mostBytes.response) socket.destroy(new Error('the answer has no end'))
    })
    socket.on('error', (error) => reject(new Error(`no daemon answers at ${path}: ${error.message}`)))
    socket.on('end', () => {
      try {
        resolve(JSON.parse(text) as Response)
      } catch {
        reject(new Error(`the daemon at ${path} ended without an answer; its log says why`))
      }
    })
  })
}
