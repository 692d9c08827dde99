/** One file per node with 0, 1 or 2 in it, for other scripts: what the daemon thinks of it. */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { open, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { ServerState } from './alerts/events.js'

/** 0 offline, 1 online in every service, 2 answers ping and fails a check. */
export type NodeState = '0' | '1' | '2'

/**
 * The state of a node from those that it has in its services; undefined while there is no verdict: the file then stays as it
 * is. The format has one state for all services: a node that fails in one of them is failed.
 */
export function nodeState(states: readonly ServerState[]): NodeState | undefined {
  if (states.includes('offline')) return '0'
  if (states.includes('failed')) return '2'
  const judged = states.filter((state) => state !== 'unknown' && state !== 'disabled')
  return judged.length > 0 && !states.includes('unknown') ? '1' : undefined
}

/** The file of a node, a name or an address; undefined for what must not be a file's name. */
export const nodeFile = (name: string): string | undefined =>
  /^[A-Za-z0-9:_][A-Za-z0-9:._-]{0,252}$/.test(name) ? name : undefined

/**
 * Writes a node's file, as a whole or not at all. A link of that name is replaced and never followed, nor is one of the new
 * file's. Rejects when the name is none, or the disk fails.
 */
export async function writeNodeState(directory: string, node: string, state: NodeState): Promise<void> {
  const name = nodeFile(node)
  if (name === undefined)
    throw new RangeError(`node: expected a name of letters, digits, :, _, . and -, found ${JSON.stringify(node)}`)
  const temporary = join(directory, `.${randomUUID()}.new`)
  const file = await open(
    temporary,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o644,
  )
  try {
    await file.writeFile(`${state}\n`)
    await file.close()
    await rename(temporary, join(directory, name))
  } catch (error) {
    await file.close().catch(() => {})
    await unlink(temporary).catch(() => {})
    throw error
  }
}
