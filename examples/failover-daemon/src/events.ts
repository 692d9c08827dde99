/** What the director tells those who are to hear of it. */
import type { ServerState } from './facts.js'

/** Something that happened. */
export type DirectorEvent = ServerEvent | DaemonEvent

/** A result of a server in a service: a transition, or with `from` as `to` one more failure of one that is down. */
export interface ServerEvent {
  readonly type: 'server'
  /** Milliseconds since 1970. */
  readonly at: number
  /** `tcp 192.0.2.100:80`. */
  readonly service: string
  /** `192.0.2.12:80`. */
  readonly server: string
  /** The name that it was found by. */
  readonly name?: string | undefined
  readonly from: ServerState
  readonly to: ServerState
  /** Of the last check that failed; empty where none did. */
  readonly reason: string
  readonly detail: string
  readonly latencyMs?: number | undefined
}

/** The quorum of a service, the configuration, the kernel's IPVS, the guard against our own faults, the role beside other directors: lost or back. */
export interface DaemonEvent {
  readonly type: 'quorum' | 'config' | 'kernel' | 'guard' | 'role'
  readonly at: number
  readonly ok: boolean
  readonly service?: string | undefined
  readonly detail: string
}
