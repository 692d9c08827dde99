/** What records ask of the kernel, identity aside: whether two ask the same, whether one asks anything. */
import { fullMask } from './validate.js'
import { forwardings } from './words.js'
import { ServiceFlag, type DestinationRecord, type ServiceRecord } from './records.js'

const tunnel = forwardings.number('tunnel')

/** What a destination's record has beside its identity. */
export type DestinationSettings = Omit<DestinationRecord, 'family' | 'address' | 'port'>

export function sameServiceSettings(a: ServiceRecord, b: ServiceRecord): boolean {
  // The kernel adds HASHED; timeout, mask and engine mean nothing without persistence.
  if (a.scheduler !== b.scheduler || ((a.flags ^ b.flags) & ~ServiceFlag.hashed) !== 0) return false
  if ((a.flags & ServiceFlag.persistent) === 0) return true
  return a.timeout === b.timeout && a.netmask === b.netmask && a.engine === b.engine
}

export function sameDestinationSettings(a: DestinationSettings, b: DestinationSettings): boolean {
  return a.weight === b.weight && sameButForWeight(a, b)
}

/** The same for settings but the weight. */
export function sameButForWeight(a: DestinationSettings, b: DestinationSettings): boolean {
  if (((a.forwarding ^ b.forwarding) & 7) !== 0 || a.upper !== b.upper || a.lower !== b.lower) return false
  if ((a.forwarding & 7) !== tunnel) return true
  return a.tunnelType === b.tunnelType && a.tunnelPort === b.tunnelPort && a.tunnelFlags === b.tunnelFlags
}

/** Whether there is anything of persistence in it, turned on or not. */
export function holdsPersistence({ timeout, netmask, family, engine }: ServiceRecord): boolean {
  return timeout !== 0 || netmask !== fullMask(family) || engine !== ''
}

/** Whether there is anything of a tunnel in it, forwarded by one or not. */
export function holdsEncapsulation({
  tunnelType,
  tunnelPort,
  tunnelFlags,
}: Pick<DestinationRecord, 'tunnelType' | 'tunnelPort' | 'tunnelFlags'>): boolean {
  return tunnelType !== 0 || tunnelPort !== 0 || tunnelFlags !== 0
}
