/**
 * What lives beside the director: who tells, shows and counts what happens to the servers, and who speaks for it to keepalived, to bird and to
 * other directors. Each hears of everything; none can keep the director from its work.
 */
import type { Ipvs } from 'ipvs'
import { Announcer } from './announce/announcer.js'
import { announcedVips } from './announce/vips.js'
import { systemClock } from './clock.js'
import type { Config } from './config.js'
import type { Director } from './director.js'
import type { DirectorParts } from './director-parts.js'
import type { SharedConfiguration } from './etcd/shared.js'
import type { Sharing } from './etcd/sharing.js'
import type { DirectorEvent } from './events.js'
import { Fitness } from './fitness.js'
import { Ha } from './ha/ha.js'
import type { Log } from './log.js'
import { Metrics } from './metrics.js'
import { Rates } from './rates.js'
import { Timeline } from './timeline.js'
import { openTold } from './told.js'
import type { Told } from './told.js'
import { Page } from './web/page.js'

export interface CompanionsParts {
  readonly config: Config
  readonly ipvs: Ipvs
  readonly log: Log
  /** What directors share; nothing is shared without it. */
  readonly shared?: SharedConfiguration | undefined
  /** Whom they accompany, once it is there. */
  readonly director: () => Director
}

/** So often bird is asked whether it still announces what it should, beside what happens here. */
const announceMs = 5000

export class Companions {
  readonly #director: () => Director
  readonly #timeline = new Timeline()
  readonly #rates = new Rates()
  readonly #fitness = new Fitness(systemClock)
  readonly #metrics: Metrics
  readonly #told: Told
  readonly #page: Page
  readonly #ha: Ha
  readonly #announcer: Announcer
  readonly #shared: SharedConfiguration | undefined
  readonly #sharing: Sharing | undefined
  /** To other directors, until the end. */
  #talking: Promise<void> | undefined

  constructor({ config, ipvs, log, shared, director }: CompanionsParts) {
    const status = () => director().status()
    const ailments = () => this.#fitness.ailments(director().config.reconcileMs)
    this.#director = director
    const metrics = new Metrics({ status, table: () => director().table })
    this.#metrics = metrics
    this.#told = openTold(config, log, status)
    this.#page = new Page(
      {
        status,
        samples: () => this.#rates.samples,
        metrics: async () => ({ type: metrics.contentType, text: await metrics.text() }),
        ailments: () => (this.#fitness.working ? ailments() : ['the table was not read yet']),
      },
      log,
    )
    this.#ha = new Ha({ ipvs, log, fitness: this.#fitness, onEvent: (event) => this.note(event) })
    this.#announcer = new Announcer(config.bird, {
      log,
      wanted: (before) => announcedVips({ config: director().config, status, before, sick: ailments().length > 0 }),
      onChange: () => this.#page.changed(),
    })
    this.#shared = shared
    this.#sharing = shared?.sharing(() => director().look())
  }

  /** What the director tells them, and asks of them. */
  get parts(): Partial<DirectorParts> {
    return {
      timeline: this.#timeline,
      rates: this.#rates,
      others: this.#sharing,
      director: () => this.#ha.director(),
      announced: () => this.#announcer.announced,
      problems: () => this.#problems(),
      onEvent: (event) => this.#hear(event),
      onVerdict: (service, verdict, latencyMs) => this.#metrics.verdict(service, verdict, latencyMs),
      onRepair: (changes) => this.#metrics.repaired(changes),
      onRound: (status, { tookMs, written }) => {
        this.#fitness.round(written)
        this.#ha.changed()
        this.#metrics.round(tookMs, Date.now())
        this.#told.round(status)
      },
      onTable: () => {
        this.#announcer.look()
        this.#page.changed()
      },
    }
  }

  /** Something happened that is none of the director's doing. */
  note(event: DirectorEvent): void {
    this.#timeline.note(event)
    this.#hear(event)
  }

  /** Begins; resolves when the page is open and keepalived was listened to, as far as they can be. */
  async start(signal: AbortSignal): Promise<void> {
    // A round that does not end calls nobody.
    const looking = setInterval(() => this.#announcer.look(), announceMs)
    signal.addEventListener('abort', () => clearInterval(looking))
    this.#talking = this.#sharing?.run(signal)
    const { config } = this.#director()
    await Promise.all([this.#page.configure(config.page), this.#ha.configure(config)])
  }

  /** The director has another configuration. */
  reloaded(): void {
    const { config } = this.#director()
    this.#told.reloaded(config)
    void this.#page.configure(config.page)
    void this.#ha.configure(config)
    void this.#announcer.configure(config.bird)
  }

  /** Gives the VIPs to another director. Rejects with an Error for people. */
  handOver(): Promise<void> {
    return this.#ha.handOver()
  }

  /** What must be over before the kernel is let go of. */
  async end(): Promise<void> {
    await this.#announcer.end()
    await this.#page.close()
    await this.#talking
    this.#ha.end()
    await this.#told.end()
  }

  #hear(event: DirectorEvent): void {
    this.#told.notify(event)
    this.#metrics.event(event)
    this.#fitness.event(event)
    if (event.type === 'kernel') this.#ha.changed()
    this.#announcer.look()
    this.#page.changed()
  }

  #problems(): readonly string[] {
    const some = [this.#page.problems, this.#ha.problems(), this.#announcer.problems]
    return [...some.flat(), ...(this.#shared?.problems ?? []), ...(this.#sharing?.problems ?? [])]
  }
}
