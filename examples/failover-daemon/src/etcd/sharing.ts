/** Tells other directors what this one finds, with a lease, and hears what they find. */
import { randomUUID } from 'node:crypto'
import type { Votes } from '../agreement.js'
import type { Clock } from '../clock.js'
import type { Config } from '../config.js'
import type { Facts } from '../facts.js'
import { EtcdRefusal, notFound } from './client.js'
import type { Etcd } from './client.js'
import { backoffMs, follow, pause } from './follow.js'
import { verdictsOf, verdictsPrefix, verdictsText } from './verdicts.js'
import type { Snapshot } from './wire.js'

/** What a director says counts for so long after it was heard of last. */
export const leaseMs = 10_000
const keepAliveMs = 3000
/** A watch that tells nothing is believed for so long. */
const silenceMs = 3000
/** What is found one after the other is told at once. */
const settleMs = 50
/** So long after the last time a name is known to be somebody else's, too. */
const disputeMs = 30_000
/** The end waits for etcd no longer. */
const goodbyeMs = 500

export interface SharingParts {
  readonly etcd: Pick<Etcd, 'range' | 'changed' | 'grant' | 'put' | 'keepAlive' | 'revoke'>
  /** Of all keys. */
  readonly prefix: string
  /** This director's. */
  readonly name: string
  readonly clock: Clock
  /** Hears that others say something else than before. */
  readonly onChange: () => void
}

export class Sharing {
  readonly #parts: SharingParts
  readonly #instance = randomUUID()
  #votes: Votes
  /** What others said, as it came. */
  #heard: string | undefined
  /** What is to be told, and what was. */
  #text: string | undefined
  #written: string | undefined
  /** Since when that is there. */
  #writtenAt = 0
  #news = new AbortController()
  #disputedAt = -Infinity
  #refused: string | undefined

  constructor(parts: SharingParts) {
    this.#parts = parts
    this.#votes = { others: undefined, until: parts.clock.now() + leaseMs }
  }

  get votes(): Votes {
    return this.#votes
  }

  /** What is wrong, for people. */
  get problems(): readonly string[] {
    const { clock, name } = this.#parts
    const disputed = clock.now() - this.#disputedAt <= disputeMs
    return [
      ...(disputed ? [`another director calls itself ${name}, too: give each a name of its own (\`director:\`)`] : []),
      ...(this.#refused === undefined ? [] : [`etcd takes no verdicts of this director: ${this.#refused}`]),
    ]
  }

  /** Tells others what is known now. */
  publish(config: Config, facts: Facts): void {
    const text = verdictsText(config, facts, this.#instance)
    if (text === this.#text) return
    this.#text = text
    this.#news.abort()
  }

  /** Tells and hears until the signal fires; then what was told is taken back. Does not reject. */
  async run(signal: AbortSignal): Promise<void> {
    const { etcd, prefix, clock } = this.#parts
    const listening = follow(
      {
        etcd,
        prefix: verdictsPrefix(prefix),
        silenceMs,
        settleMs,
        clock,
        onSnapshot: (snapshot, asked) => this.#hear(snapshot, asked),
        // Who cannot hear decides alone, in time; that etcd does not answer is told by the configuration.
        onTrouble: () => {},
      },
      signal,
    )
    await Promise.all([listening, this.#tell(signal)])
  }

  #hear(snapshot: Snapshot, asked: number): void {
    const { prefix, name, clock, onChange } = this.#parts
    const all = new Map(verdictsOf(snapshot, verdictsPrefix(prefix)))
    const mine = all.get(name)
    if (this.#written !== undefined && mine?.instance !== this.#instance && asked > this.#writtenAt) {
      if (mine !== undefined) this.#disputedAt = clock.now()
      // The next time it is put again.
      this.#written = undefined
    }
    all.delete(name)
    const others = new Map([...all].map(([director, { opinion }]) => [director, opinion]))
    this.#votes = { others, until: asked + leaseMs }
    const heard = JSON.stringify(snapshot.entries.filter(({ key }) => key !== `${verdictsPrefix(prefix)}${name}`))
    if (heard === this.#heard) return
    this.#heard = heard
    onChange()
  }

  async #tell(signal: AbortSignal): Promise<void> {
    const { etcd, prefix, name, clock } = this.#parts
    let lease: string | undefined
    for (let failures = 0; !signal.aborted;) {
      try {
        const [text, news] = [this.#text, (this.#news = new AbortController())]
        if (text !== undefined) {
          if (lease !== undefined && !(await etcd.keepAlive(lease, signal))) lease = this.#written = undefined
          lease ??= await etcd.grant(leaseMs / 1000, signal)
          if (text !== this.#written) await etcd.put(`${verdictsPrefix(prefix)}${name}`, text, signal, lease)
          if (this.#written === undefined) this.#writtenAt = clock.now()
          this.#written = text
        }
        failures = 0
        this.#refused = undefined
        await pause(keepAliveMs, clock, AbortSignal.any([signal, news.signal]))
        await pause(settleMs, clock, signal)
      } catch (error) {
        if (error instanceof EtcdRefusal && error.code === notFound) lease = this.#written = undefined
        else if (error instanceof EtcdRefusal) this.#refused = error.message
        if (!signal.aborted) await pause(backoffMs(failures++, Math.random()), clock, signal)
      }
    }
    if (lease !== undefined) await etcd.revoke(lease, AbortSignal.timeout(goodbyeMs)).catch(() => {})
  }
}
