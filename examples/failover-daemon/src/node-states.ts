/** One file per node with 0, 1 or 2 in it, for other scripts: what the daemon thinks of it. */
import { join } from 'node:path'
import { Episodes } from './episodes.js'
import { isOut } from './facts.js'
import type { ServerState } from './facts.js'
import { writeForOthers } from './files.js'
import type { Log } from './log.js'
import type { Status } from './status.js'

/** 0 offline, 1 online in every service, 2 answers ping and fails a check. */
export type NodeState = '0' | '1' | '2'

/**
 * The state of a node from those that it has in its services; undefined while there is no verdict: the file then stays as it
 * is. The format has one state for all services: a node that fails in one of them is failed.
 */
export function nodeState(states: readonly ServerState[]): NodeState | undefined {
  if (states.includes('offline')) return '0'
  if (states.some(isOut)) return '2'
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
  await writeForOthers(join(directory, name), `${state}\n`)
}

/** Keeps the files of a folder as the daemon sees its nodes. */
export class NodeFiles {
  readonly #episodes: Episodes
  #directory: string | undefined
  readonly #written = new Map<string, NodeState>()
  /** One after the other: the last one of a node holds. */
  #writing = Promise.resolve()

  constructor(directory: string | undefined, log: Log) {
    this.#directory = directory
    this.#episodes = new Episodes(log)
  }

  /** Another folder, or none. */
  move(directory: string | undefined): void {
    if (directory !== this.#directory) this.#written.clear()
    this.#directory = directory
  }

  /** Writes what has changed; resolves when it is written, or was told. */
  update(status: Status): Promise<void> {
    const directory = this.#directory
    if (directory === undefined) return this.#writing
    for (const [node, state] of nodeStates(status)) {
      if (this.#written.get(node) === state) continue
      this.#written.set(node, state)
      this.#writing = this.#writing.then(() => this.#write(directory, node, state))
    }
    return this.#writing
  }

  async #write(directory: string, node: string, state: NodeState): Promise<void> {
    const activity = `writing the state of ${node}`
    try {
      await writeNodeState(directory, node, state)
      this.#episodes.report(activity, [])
    } catch (error) {
      // It is tried again by the next round.
      this.#written.delete(node)
      // The message names a file that is another one each time.
      const why = error instanceof Error && 'code' in error ? error.code : String(error)
      this.#episodes.report(activity, [{ directory, error: why }])
    }
  }
}

/** The state of each node, by the name that it was found by, or its address. */
export function nodeStates({ services }: Status): ReadonlyMap<string, NodeState> {
  const all = new Map<string, ServerState[]>()
  for (const { servers } of services)
    for (const { server, name, state } of servers) {
      if (state === 'sorry' || state === 'leaving' || state === 'foreign') continue
      const node = name ?? server.replace(/^\[?([^\]]*)\]?:\d+$/, '$1')
      const states = all.get(node)
      if (states === undefined) all.set(node, [state])
      else states.push(state)
    }
  const known = new Map<string, NodeState>()
  for (const [node, states] of all) {
    const state = nodeState(states)
    if (state !== undefined) known.set(node, state)
  }
  return known
}
