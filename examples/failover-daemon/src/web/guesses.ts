/** Who tries passwords is slowed down. By the address that he comes from; times in milliseconds. */

/** So many wrong ones in so long are typing errors. */
const mostWrong = 10
const withinMs = 60_000
/** More addresses are one. */
const mostAddresses = 1000
const theOthers = 'others'

interface Tries {
  readonly since: number
  wrong: number
}

export class Guesses {
  readonly #now: () => number
  readonly #tries = new Map<string, Tries>()

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Whether what this address says is looked at. */
  mayTry(address: string): boolean {
    const tries = this.#recent(this.#key(address))
    return tries === undefined || tries.wrong < mostWrong
  }

  /** It was wrong. @returns whether to say so in the log: once for an address and its time */
  wrong(address: string): boolean {
    const key = this.#key(address)
    const tries = this.#recent(key) ?? { since: this.#now(), wrong: 0 }
    this.#tries.set(key, tries)
    return tries.wrong++ === 0
  }

  #key(address: string): string {
    if (this.#tries.has(address) || this.#tries.size < mostAddresses) return address
    for (const known of this.#tries.keys()) this.#recent(known)
    return this.#tries.size < mostAddresses ? address : theOthers
  }

  /** What is older is forgotten. */
  #recent(key: string): Tries | undefined {
    const tries = this.#tries.get(key)
    if (tries !== undefined && this.#now() - tries.since < withinMs) return tries
    this.#tries.delete(key)
    return undefined
  }
}
