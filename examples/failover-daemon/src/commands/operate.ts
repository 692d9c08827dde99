/** What operators tell a running daemon: `status`, `plan`, `reload`, `drain`, `disable`, `enable`. */
import { ask } from '../control/client.js'
import type { Request, Response } from '../control/protocol.js'
import { Exit, statuses } from './exit.js'
import type { Output } from './exit.js'
import { statusText } from './status-text.js'

/** Sends a request to the daemon at that socket and prints what it answers. */
export async function operate(socket: string, request: Request, json: boolean, { stdout }: Output): Promise<void> {
  const response = await answer(socket, request)
  if (!response.ok) throw new Exit(`ipvs-failover: ${response.error}`, statuses.failed)
  const { status, lines } = response
  if (json) stdout.write(`${JSON.stringify(status ?? lines, undefined, 2)}\n`)
  else if (status !== undefined) stdout.write(statusText(status))
  else stdout.write(lines.map((line) => `${line}\n`).join('') || done[request.command])
}

/** What is printed where there is nothing else to say. */
const done = {
  status: '',
  plan: 'nothing to do\n',
  reload: 'reloaded\n',
  drain: '',
  disable: '',
  enable: '',
  handover: 'handed over\n',
} as const

async function answer(socket: string, request: Request): Promise<Response> {
  try {
    return await ask(socket, request)
  } catch (error) {
    throw new Exit(`ipvs-failover: ${error instanceof Error ? error.message : String(error)}`, statuses.failed)
  }
}
