/** What is known of each real server in each service: the input of the policy. Times are milliseconds of one monotonic clock. */
import type { DestinationKey } from 'ipvs'
import type { ServiceConfig } from './config.js'
import { objectName } from './names.js'

/** What the checks say of one server in one service. */
export type Health = 'up' | 'down' | 'unknown'

/** What an operator has said of one server in one service. */
export type Order = 'drain' | 'disable'

/** One server in one service. */
export interface Fact {
  readonly health: Health
  /** When its health became what it is. @default before the start */
  readonly since?: number | undefined
  /** Out until then although it is up, because it flaps. */
  readonly heldUntil?: number | undefined
  /** The weight that its last check asked for. */
  readonly weight?: number | undefined
  /** Whether its host answers pings; undefined when nobody asked. */
  readonly pings?: boolean | undefined
  /** @default it is enabled */
  readonly order?: Order | undefined
}

/** By `objectName(service, server)`; what is missing is unknown. */
export type Facts = ReadonlyMap<string, Fact>

const nothing: Fact = { health: 'unknown' }

/** What is known of a server of this service. */
export const factOf = (facts: Facts, { spec }: ServiceConfig, server: DestinationKey): Fact =>
  facts.get(objectName(spec, server)) ?? nothing

/** Whether it flaps, and has to stay out for now. */
export const isHeld = ({ heldUntil }: Fact, now: number): boolean => heldUntil !== undefined && now < heldUntil

/**
 * What people call it. `failed`: its host answers pings, or nobody asked; `offline`: not even that. `flapping`: it is up, but was
 * down too often of late.
 */
export type ServerState = 'online' | 'failed' | 'offline' | 'flapping' | 'draining' | 'disabled' | 'unknown'

/** The state of a server of that fact. */
export function serverState(fact: Fact, now: number): ServerState {
  if (fact.order !== undefined) return fact.order === 'drain' ? 'draining' : 'disabled'
  if (fact.health === 'down') return fact.pings === false ? 'offline' : 'failed'
  if (fact.health === 'unknown') return 'unknown'
  return isHeld(fact, now) ? 'flapping' : 'online'
}

/** Whether a server of that state is out because of what it does, not because of an operator. */
export const isOut = (state: ServerState): boolean => ['failed', 'offline', 'flapping'].includes(state)
