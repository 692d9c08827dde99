/** Which hosts answer pings: what tells a failed server from one that is offline. */
import type { Config } from './config.js'

/** Resolves when the host has answered; rejects when it has not, with an error whose `code` says why. */
export type Echo = (address: string, signal: AbortSignal) => Promise<unknown>

const patienceMs = 1000

/** Whether an error tells of the host: all others, and what was not even sent, tell of this one. */
function isSilence(error: unknown): boolean {
  if (!(error instanceof Error && 'code' in error)) return false
  const sent = !('syscall' in error && error.syscall === 'sendto')
  return sent && ['EHOSTUNREACH', 'EHOSTDOWN', 'ECONNREFUSED'].includes(String(error.code))
}

/** Knows of each host whether it answers. */
export class Hosts {
  readonly #echo: Echo
  readonly #onChange: () => void
  readonly #answers = new Map<string, boolean>()
  readonly #asked = new Set<string>()

  constructor(echo: Echo, onChange: () => void) {
    this.#echo = echo
    this.#onChange = onChange
  }

  /** By address; one that nobody asked for is missing. */
  get answers(): ReadonlyMap<string, boolean> {
    return this.#answers
  }

  /** Asks these hosts, each once at a time, and forgets those that the configuration does not name any more. */
  ask(addresses: Iterable<string>, config: Config): void {
    const named = new Set(config.services.flatMap(({ servers }) => servers.map(({ address }) => address)))
    for (const address of this.#answers.keys()) if (!named.has(address)) this.#answers.delete(address)
    for (const address of new Set(addresses)) if (!this.#asked.has(address)) void this.#ask(address)
  }

  async #ask(address: string): Promise<void> {
    this.#asked.add(address)
    const late = AbortSignal.timeout(patienceMs)
    const answer = await this.#echo(address, late).then(
      () => true,
      (error: unknown) => (late.aborted || isSilence(error) ? false : undefined),
    )
    this.#asked.delete(address)
    if (answer === undefined || answer === this.#answers.get(address)) return
    this.#answers.set(address, answer)
    this.#onChange()
  }
}
