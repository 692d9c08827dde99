/** What systemd is told: that the daemon is ready, that it is alive, and how it is. Nothing where there is no systemd. */
import type { Status } from './status.js'

/** Tells the service manager; false where there is none. */
export type Notify = (state: string) => boolean

/** The daemon as its service manager sees it. */
export class ServiceManager {
  readonly #notify: Notify
  #ready = false

  constructor(notify: Notify) {
    this.#notify = notify
  }

  /** A round is complete: the table was read, and written where need be. What stands still is killed by the watchdog. */
  round(status: Status): void {
    const lines = [...(this.#ready ? [] : ['READY=1']), 'WATCHDOG=1', `STATUS=${summary(status)}`]
    this.#ready = true
    this.#notify(lines.join('\n'))
  }

  /** The end has begun. */
  stopping(): void {
    this.#notify('STOPPING=1\nSTATUS=the table stays as it is')
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
