/** Those who watch: each gets the snapshot once, and from then on what changes, as server-sent events. */
import type { ServerResponse } from 'node:http'
import { Episodes } from '../episodes.js'
import type { Log } from '../log.js'
import type { Status } from '../status-schema.js'
import { changeBetween, isNews } from './changes.js'

/** What is watched. */
export interface Watched {
  status(): Status
  /** How many samples its histories are made of. */
  samples(): number
}

/** Others, who ask and go, find a connection, too. */
const mostMembers = 224
/** So many newcomers are seen to before other work goes on: after a restart all come at once. */
const mostAtOnce = 4
/** Between two looks at least; and so many times as long as one takes, so that who watches costs little however large the table is. */
const restMs = 200
const restShare = 10
/** Who lets more than this wait, or two snapshots, is sent away, and comes back for a new one. */
const mostWaitingBytes = 4 << 20
const beatMs = 10_000

/** What all have. */
interface Shown {
  readonly status: Status
  readonly samples: number
  /** The snapshot as an event, once somebody needs it. */
  event?: Buffer
}

export class Audience {
  readonly #watched: Watched
  readonly #episodes: Episodes
  /** Newcomers. */
  readonly #waiting = new Set<ServerResponse>()
  #entry: NodeJS.Immediate | undefined
  readonly #members = new Set<ServerResponse>()
  #shown: Shown | undefined
  #snapshotBytes = 0
  /** Of the next look: none is made while one is due. */
  #next: NodeJS.Timeout | undefined
  #restUntil = 0
  readonly #beat: NodeJS.Timeout

  constructor(watched: Watched, log: Log) {
    this.#watched = watched
    this.#episodes = new Episodes(log)
    this.#beat = setInterval(() => this.#send(eventOf('beat', new Date().toISOString())), beatMs).unref()
  }

  /** Whether there is room for one more. */
  get hasRoom(): boolean {
    return this.#members.size + this.#waiting.size < mostMembers
  }

  /** It will hear soon; its head is written already. */
  add(member: ServerResponse): void {
    this.#waiting.add(member)
    member.once('close', () => {
      this.#waiting.delete(member)
      this.#members.delete(member)
    })
    this.#entry ??= setImmediate(() => this.#admit())
  }

  /** There may be something new. Who says so is not kept waiting: it may be about to write the table. */
  changed(): void {
    if (this.#next !== undefined || this.#members.size === 0) return
    this.#next = setTimeout(() => this.#tell(), Math.max(0, this.#restUntil - performance.now())).unref()
  }

  end(): void {
    clearInterval(this.#beat)
    clearTimeout(this.#next)
    clearImmediate(this.#entry)
    for (const member of [...this.#members, ...this.#waiting]) member.destroy()
  }

  /** Gives some newcomers the snapshot. */
  #admit(): void {
    this.#entry = undefined
    for (const member of [...this.#waiting].slice(0, mostAtOnce)) {
      this.#waiting.delete(member)
      try {
        const shown = this.#members.size === 0 || this.#shown === undefined ? this.#look() : this.#shown
        this.#shown = shown
        this.#write(member, this.#snapshotEvent(shown))
        this.#members.add(member)
      } catch (error) {
        // It comes again.
        member.destroy()
        this.#episodes.report('telling those who watch the page', [{ error: String(error) }])
      }
    }
    if (this.#waiting.size > 0) this.#entry = setImmediate(() => this.#admit())
  }

  #tell(): void {
    this.#next = undefined
    const began = performance.now()
    try {
      const before = this.#shown
      const now = this.#look()
      const passed = now.samples - (before?.samples ?? 0)
      // More than one sample cannot be said by a change.
      const change = before && passed <= 1 ? changeBetween(before.status, now.status, passed === 1) : undefined
      this.#shown = now
      if (change === undefined) this.#send(this.#snapshotEvent(now))
      else if (isNews(change)) this.#send(eventOf('change', change))
      this.#episodes.report('telling those who watch the page', [])
    } catch (error) {
      this.#shown = undefined
      this.#episodes.report('telling those who watch the page', [{ error: String(error) }])
    }
    const now = performance.now()
    this.#restUntil = now + Math.max(restMs, (now - began) * restShare)
  }

  #look(): Shown {
    return { status: this.#watched.status(), samples: this.#watched.samples() }
  }

  #snapshotEvent(shown: Shown): Buffer {
    const event = (shown.event ??= eventOf('status', shown.status))
    this.#snapshotBytes = event.length
    return event
  }

  #send(event: Buffer): void {
    for (const member of this.#members) this.#write(member, event)
  }

  #write(member: ServerResponse, event: Buffer): void {
    if (member.writableLength <= Math.max(mostWaitingBytes, 2 * this.#snapshotBytes)) member.write(event)
    else {
      this.#members.delete(member)
      member.destroy()
    }
  }
}

const eventOf = (event: string, data: unknown): Buffer =>
  Buffer.from(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
