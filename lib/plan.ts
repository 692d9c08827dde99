/** What is to be done to the table. */
import type { Destination, DestinationKey, DestinationSpec, Service, ServiceKey, ServiceSpec } from './types.js'

/** What `diff()` found to do. */
export interface Plan {
  /**
   * In safe order: create services, add, update; then, only after those of the same service succeeded, removals. Made when it is
   * first looked at.
   */
  readonly changes: readonly Change[]
  /** Services and destinations in the kernel that neither `desired` nor `owned` names: left alone. */
  readonly foreign: readonly ObjectKey[]
}
/** Names a service, or a destination of it. */
export interface ObjectKey {
  /** The virtual service. */
  readonly service: ServiceKey
  /** Where it is about a real server of it. */
  readonly destination?: DestinationKey | undefined
}
/** One step of a plan. `before` is what the table held when the plan was made. */
export type Change = AddService | UpdateService | RemoveService | AddDestination | UpdateDestination | RemoveDestination

/** A virtual service is missing. */
export interface AddService {
  /** Tells the changes apart. */
  readonly type: 'addService'
  /** The service to make. */
  readonly service: ServiceSpec
}
/** A virtual service has other settings. */
export interface UpdateService {
  /** Tells the changes apart. */
  readonly type: 'updateService'
  /** The service as it should be. */
  readonly service: ServiceSpec
  /** As it was. */
  readonly before: Service
}
/** A virtual service is too much. */
export interface RemoveService {
  /** Tells the changes apart. */
  readonly type: 'removeService'
  /** The service to remove. */
  readonly service: ServiceKey
  /** As it was. */
  readonly before: Service
  /** What it held: goes with it. */
  readonly destinations: readonly DestinationKey[]
}
/** A real server is missing. */
export interface AddDestination {
  /** Tells the changes apart. */
  readonly type: 'addDestination'
  /** Its virtual service. */
  readonly of: ServiceKey
  /** The real server to add. */
  readonly destination: DestinationSpec
}
/** A real server has other settings. */
export interface UpdateDestination {
  /** Tells the changes apart. */
  readonly type: 'updateDestination'
  /** Its virtual service. */
  readonly of: ServiceKey
  /** The real server as it should be. */
  readonly destination: DestinationSpec
  /** As it was. */
  readonly before: Destination
}
/** A real server is too much. */
export interface RemoveDestination {
  /** Tells the changes apart. */
  readonly type: 'removeDestination'
  /** Its virtual service. */
  readonly of: ServiceKey
  /** The real server to remove. */
  readonly destination: DestinationKey
  /** As it was. */
  readonly before: Destination
}
/** Options of `diff()`. */
export interface DiffOptions {
  /**
   * What may be removed when `desired` no longer names it. A service takes its destinations with it: it is removed only
   * when all of them may be.
   * @default nothing but the destinations of the services that `desired` names
   */
  readonly owned?: 'everything' | readonly ObjectKey[] | undefined
}
