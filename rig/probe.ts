/** How long a virtual address does not answer, as a client of the rig's LAN sees it: rig/probe.c for TypeScript. */
import { once } from 'node:events'
import { join } from 'node:path'
import { journalOf, type Journal } from './cluster.js'
import type { Lan } from './lan.js'

/** One connection. */
export interface Attempt {
  readonly to: string
  /** Milliseconds since the epoch at which it began. */
  readonly at: number
  /** Until it was answered. */
  readonly tookMs?: number
  readonly error?: string
}

export interface Silence {
  /** The longest time between two answers, or since the beginning. */
  readonly longestMs: number
  readonly failed: number
  readonly attempts: number
}

/** Of the attempts at an address that began since then. */
export function silenceOf(attempts: readonly Attempt[], to: string, since: number): Silence {
  const some = attempts.filter((attempt) => attempt.to === to && attempt.at >= since)
  const answers = some.flatMap(({ at, tookMs }) => (tookMs === undefined ? [] : [at + tookMs])).sort((a, b) => a - b)
  const gaps = answers.map((answer, i) => answer - (answers[i - 1] ?? since))
  return { longestMs: Math.max(0, ...gaps), failed: some.length - answers.length, attempts: some.length }
}

export interface Probe extends Journal<Attempt> {
  /** Resolves at the first answer to a connection begun later than that; then with what was since. Rejects when the probe ends. */
  silence(to: string, since: number, calm?: number): Promise<Silence>
  stop(): Promise<void>
}

export function startProbe(lan: Lan, addresses: readonly string[], port: number, everyMs: number): Probe {
  const program = join(import.meta.dirname, '..', '.bundle/probe')
  const args = [String(port), String(everyMs), ...addresses]
  const child = lan.spawn(lan.client.namespace, program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const journal = journalOf(child, (line) => JSON.parse(line) as Attempt)
  return {
    ...journal,
    async silence(to, since, until = since) {
      await journal.first((attempt) => attempt.to === to && attempt.at >= until && attempt.tookMs !== undefined)
      return silenceOf(journal.entries, to, since)
    },
    async stop() {
      const exit = once(child, 'exit')
      child.kill()
      await exit
    },
  }
}
