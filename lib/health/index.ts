/** Health checks of TCP and HTTP servers, and a monitor that tells up from down. Works without IPVS. */
export type { Check, NoPass, Pass, Reason, Target, Verdict } from './check.js'
export type { HttpOptions, StatusRange } from './http-options.js'
export { http } from './http.js'
export type { MonitorOptions } from './monitor-options.js'
export { type HealthEvent, type Monitor, type TargetState, createMonitor } from './monitor.js'
export { targetKey } from './target.js'
export { tcp } from './tcp.js'
