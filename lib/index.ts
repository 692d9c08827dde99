/**
 * Control the Linux kernel's load balancer (IPVS) from Node.js.
 *
 * @packageDocumentation
 */
export { open } from './open.js'
export { diff, diffSliced } from './diff.js'
export { apply } from './apply.js'
export { drain } from './drain.js'
export type { DrainOptions } from './drain.js'
export { watch } from './watch.js'
export type { Observation, WatchOptions } from './watch.js'
export { toJSON } from './json.js'
export { IpvsApplyError, IpvsError } from './errors.js'
export type { Applied, FailedChange, IpvsErrorCode, IpvsErrorDetails, WithCode } from './errors.js'
export type { RequestTrace } from './tracing.js'
export type * from './director.js'
export type * from './handle.js'
export type * from './plan.js'
export * from './types.js'
