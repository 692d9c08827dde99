/** Takes a real server out gently. */
import { fieldsOf, integer, signalOf, wrongType, wrongValue } from './check.js'
import { IpvsError } from './errors.js'
import { systemClock, type Clock } from './health/clock.js'
import { destinationName, serviceName } from './keys.js'
import { maxDelayMs, pause } from './pause.js'
import { presentDestinationKey, presentServiceKey } from './present.js'
import { destinationKey, serviceKey } from './validate.js'
import type { CallOptions, Ipvs } from './handle.js'
import type { ConnectionCounts, DestinationKey, ServiceKey } from './types.js'

/** Options of `drain()`. */
export interface DrainOptions extends CallOptions {
  /** Milliseconds after which the wait ends, 0 to 2147483647. */
  readonly timeoutMs: number
  /** Milliseconds between two looks at the counts, 1 to 2147483647. @default 1000 */
  readonly intervalMs?: number | undefined
  /**
   * `idle`: active, inactive and persistent are 0. `noActive`: active is 0, whatever else is left; UDP flows count as
   * inactive. @default 'idle'
   */
  readonly until?: 'idle' | 'noActive' | undefined
  /** Called with the counts after every look. */
  readonly onProgress?: ((left: ConnectionCounts) => void) | undefined
}

/**
 * Sets weight 0 and waits until the connections are gone, or for `timeoutMs`. The weight stays 0 at the end, at the deadline
 * and after an abort: the result says which.
 *
 * A persistence template keeps sending its client's connections to a server of weight 0, unless the sysctl
 * `expire_quiescent_template` is 1. Rejects with IPVS_DESTINATION_NOT_FOUND or IPVS_SERVICE_NOT_FOUND when somebody removes
 * it meanwhile, with IPVS_INTERRUPTED when somebody gives it weight again, with signal.reason after an abort.
 */
export async function drain(
  ipvs: Ipvs,
  of: ServiceKey,
  key: DestinationKey,
  options: DrainOptions,
): Promise<'drained' | 'deadline'> {
  return drainBy(systemClock, ipvs, of, key, options)
}

/** The same, by any clock. */
export async function drainBy(
  clock: Clock,
  ipvs: Ipvs,
  of: ServiceKey,
  key: DestinationKey,
  options: DrainOptions,
): Promise<'drained' | 'deadline'> {
  const { timeoutMs, intervalMs, isDone, onProgress, signal } = checked(options)
  // Read once: what the caller does to its objects meanwhile changes nothing.
  const service = presentServiceKey(serviceKey(of))
  const server = destinationKey(key)
  await ipvs.setWeight(service, presentDestinationKey(server), 0, { signal })
  const deadline = clock.now() + timeoutMs
  for (;;) {
    const left = await countsOf(ipvs, service, destinationName(server), signal)
    onProgress?.(left)
    if (isDone(left)) return 'drained'
    const remaining = deadline - clock.now()
    if (remaining <= 0) return 'deadline'
    await pause(clock, Math.min(intervalMs, remaining), signal)
  }
}

const untils = {
  idle: ({ active, inactive, persistent }: ConnectionCounts) => active + inactive + persistent === 0,
  noActive: ({ active }: ConnectionCounts) => active === 0,
} as const

function checked(options: DrainOptions) {
  const names = ['timeoutMs', 'intervalMs', 'until', 'onProgress', 'signal'] as const
  const { timeoutMs, intervalMs = 1000, until = 'idle', onProgress, signal } = fieldsOf('options', options, names)
  if (until !== 'idle' && until !== 'noActive') throw wrongValue('until', 'idle or noActive', until)
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw wrongType('onProgress', 'a function', onProgress)
  }
  return {
    timeoutMs: integer('timeoutMs', timeoutMs, 0, maxDelayMs),
    intervalMs: integer('intervalMs', intervalMs, 1, maxDelayMs),
    isDone: untils[until],
    onProgress: onProgress as DrainOptions['onProgress'],
    signal: signalOf({ signal }),
  }
}

async function countsOf(
  ipvs: Ipvs,
  of: ServiceKey,
  name: string,
  signal: AbortSignal | undefined,
): Promise<ConnectionCounts> {
  const found = (await ipvs.destinations(of, { signal })).find(
    (destination) => destinationName(destinationKey(destination)) === name,
  )
  const object = `${name} of ${serviceName(serviceKey(of))}`
  if (!found) {
    throw new IpvsError(`drain ${object}: somebody removed it meanwhile; read the destinations of the service again`, {
      code: 'IPVS_DESTINATION_NOT_FOUND',
      operation: 'drain',
    })
  }
  if (found.weight !== 0) {
    throw new IpvsError(
      `drain ${object}: somebody gave it weight ${found.weight} meanwhile; find out who, then drain it again`,
      { code: 'IPVS_INTERRUPTED', operation: 'drain' },
    )
  }
  return found.connections
}
