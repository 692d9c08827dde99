/** What systemd is told: that the daemon is ready, that it is alive, and how it is. Nothing where there is no systemd. */
import { Episodes } from './episodes.js'
import type { Log } from './log.js'
import type { Status } from './status.js'

/** Tells the service manager; false where there is none. Throws when it does not take it: then it has to do without. */
export type Notify = (state: string) => boolean

/** The daemon as its service manager sees it. */
export class ServiceManager {
  readonly #notify: Notify
  readonly #episodes: Episodes
  #ready = false

  constructor(notify: Notify, log: Log) {
    this.#notify = notify
    this.#episodes = new Episodes(log)
  }

  /** A round is complete: the table was read, and written where need be. What stands still is killed by the watchdog. */
  round(status: Status): void {
    const lines = [...(this.#ready ? [] : ['READY=1']), 'WATCHDOG=1', `STATUS=${summary(status)}`]
    this.#ready = true
    this.#tell(lines.join('\n'))
  }

  /** The end has begun. */
  stopping(): void {
    this.#tell('STOPPING=1\nSTATUS=the table stays as it is')
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
  const servers = services.flatMap((service) => service.servers)
  const online = services.reduce((sum, service) => sum + service.online, 0)
  const short = services.filter((service) => service.short).map(({ service }) => `${service} below its quorum`)
  const counts = `${services.length} service${services.length === 1 ? '' : 's'}, ${online} of ${servers.length} servers online`
  // One line, and no more than people read.
  return [counts, ...short, ...problems].join('; ').replace(/\p{C}/gu, ' ').slice(0, 300)
}
