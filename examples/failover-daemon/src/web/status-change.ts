/** What `/events` tells those who have a snapshot. */
import type { EventStatus, ServerStatus, ServiceStatus } from '../status-schema.js'

/** A service without its servers. */
export type ServiceRow = Omit<ServiceStatus, 'servers'>
/** A server without its history: each sample adds its `connectionsPerSecond` to that. */
export type ServerRow = Omit<ServerStatus, 'history'> & { readonly service: string }

/** The event `change` of `/events`. What is missing is as before. */
export interface StatusChange {
  readonly time: string
  readonly problems?: readonly string[]
  readonly foreign?: readonly string[]
  /** New ones. */
  readonly events?: readonly EventStatus[]
  readonly services: readonly ServiceRow[]
  readonly servers: readonly ServerRow[]
  /** A sample was taken: every history, also of servers that are not in here, has one more value. */
  readonly sampled: boolean
}
