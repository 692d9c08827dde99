/** What happens, for those who are to hear of it. */
import type { ServerState } from './facts.js'

/** Something that happened; `at` is milliseconds since the epoch. */
export type DirectorEvent = { readonly at: number } & (ServerEvent | ServiceEvent | DaemonEvent)

/** A server of a service has another state. */
export interface ServerEvent {
  readonly kind: 'server'
  /** `tcp 192.0.2.100:80` */
  readonly service: string
  /** `192.0.2.12:80` */
  readonly server: string
  /** The name that it was found by. */
  readonly name: string | undefined
  readonly from: ServerState
  readonly to: ServerState
  /** Of the last check that did not pass. */
  readonly reason: string | undefined
  readonly detail: string | undefined
}

/** A service has too few servers, or enough again. */
export interface ServiceEvent {
  readonly kind: 'service'
  readonly service: string
  readonly quorum: 'lost' | 'gained'
  readonly up: number
  readonly needed: number
}

/** Something is the matter with the daemon itself, or is not any more. */
export interface DaemonEvent {
  readonly kind: 'guard' | 'kernel' | 'configuration'
  readonly ok: boolean
  readonly detail: string
}
