/** Long connections of a client in the rig's LAN: held while something else happens, and asked whether they still stand. */
import { once } from 'node:events'
import { join } from 'node:path'
import { journalOf } from './cluster.js'
import type { Lan } from './lan.js'

/** What rig/held-connections.mjs found. */
export interface Exchange {
  readonly answered: number
  readonly lost: number
  /** Of those that answered, by the real server's name. */
  readonly servers: Readonly<Record<string, number>>
  readonly slowestMs: number
}

export interface HeldConnections {
  /** Where they came to, by the real server's name. */
  readonly servers: Readonly<Record<string, number>>
  /** Sends a byte on each; resolves when each has sent it back, or is lost. One at a time. */
  exchange(): Promise<Exchange>
  /** Resets them all. */
  stop(): Promise<void>
}

/** Opens so many connections from the LAN's client to where rig/echo-server.mjs listens. Rejects if not all stand. */
export async function holdConnections(
  lan: Lan,
  address: string,
  port: number,
  count: number,
): Promise<HeldConnections> {
  const program = [join(import.meta.dirname, '..', 'rig/held-connections.mjs'), address, String(port), String(count)]
  const child = lan.spawn(lan.client.namespace, process.execPath, program, { stdio: ['pipe', 'pipe', 'inherit'] })
  const journal = journalOf(child, (line) => JSON.parse(line) as Exchange & { readonly held?: number })
  const opened = await journal.first(() => true)
  if (opened.held !== count) throw new Error(`expected ${count} connections, found ${JSON.stringify(opened)}`)
  return {
    servers: opened.servers,
    exchange() {
      const from = journal.entries.length
      child.stdin?.write('.\n')
      return journal.first(() => true, from)
    },
    async stop() {
      const exit = once(child, 'exit')
      child.stdin?.end()
      await exit
    },
  }
}
