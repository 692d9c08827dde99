/** What systemd is told: that the daemon is ready, that it is alive, and how it is. Nothing where there is no systemd. */
import { Episodes } from './episodes.js'
import type { Log } from './log.js'
import { isConfigured } from './status.js'
import type { Status } from './status.js'

/** Tells the service manager; false where there is none. Throws when it does not take it: then it has to do without. */
export type Notify = (state: string) => boolean

/** So many rounds in a row have to fail before the watchdog kills. */
const patienceRounds = 4

/** The daemon as its service manager sees it. */
export class ServiceManager {
  readonly #notify: Notify
  readonly #episodes: Episodes
  /** Of the unit; 0 where there is none. */
  readonly #watchdogUs: number
  #patienceUs: number
  #ready = false

  /** @param watchdogUs $WATCHDOG_USEC, of systemd */
  constructor(notify: Notify, log: Log, watchdogUs = Number(process.env['WATCHDOG_USEC'] ?? 0)) {
    this.#notify = notify
    this.#episodes = new Episodes(log)
    this.#watchdogUs = watchdogUs
    this.#patienceUs = watchdogUs
  }

  /**
   * A round is complete: the table was read, and written where need be; the next one is due after `everyMs`. What stands still is killed by
   * the watchdog, which is told to be patient where rounds are rarer than its unit knows.
   */
  round(status: Status, everyMs: number): void {
    const lines = [...(this.#ready ? [] : ['READY=1']), ...this.#patience(everyMs), 'WATCHDOG=1']
    this.#ready = true
    this.#tell([...lines, `STATUS=${summary(status)}`].join('\n'))
  }

  /** From now on rounds come every so often. */
  paced(everyMs: number): void {
    const lines = this.#patience(everyMs)
    if (lines.length > 0) this.#tell(lines.join('\n'))
  }

  /** The end has begun. */
  stopping(): void {
    this.#tell('STOPPING=1\nSTATUS=the table stays as it is')
  }

  #patience(everyMs: number): readonly string[] {
    const patienceUs = this.#watchdogUs > 0 ? Math.max(this.#watchdogUs, patienceRounds * everyMs * 1000) : 0
    if (patienceUs === this.#patienceUs) return []
    this.#patienceUs = patienceUs
    return [`WATCHDOG_USEC=${patienceUs}`]
  }

  #tell(state: string): void {
    try {
      this.#notify(state)
      this.#episodes.report('telling the service manager', [])
    } catch (error) {
      this.#episodes.report('telling the service manager', [{ error: String(error) }])
    }
  }
}

/** One line: `2 services, 5 of 6 servers online; tcp 192.0.2.100:80 below its quorum`. */
export function summary({ services, problems }: Status): string {
  const servers = services.flatMap((service) => service.servers).filter(isConfigured)
  const online = services.reduce((sum, service) => sum + service.online, 0)
  const short = services.filter((service) => service.short).map(({ service }) => `${service} below its quorum`)
  const counts = `${services.length} service${services.length === 1 ? '' : 's'}, ${online} of ${servers.length} servers online`
  // One line, and no more than people read.
  return [counts, ...short, ...problems].join('; ').replace(/\p{C}/gu, ' ').slice(0, 300)
}
