/** What records ask of the kernel, identity aside: whether two ask the same, whether one asks anything. */
import { fullMask } from './validate.js'
import { forwardings } from './words.js'
import { ServiceFlag, type DestinationRecord, type ServiceRecord } from './records.js'

export function sameServiceSettings(a: ServiceRecord, b: ServiceRecord): boolean {
  return serviceSettings(a) === serviceSettings(b)
}

export function sameDestinationSettings(a: DestinationRecord, b: DestinationRecord): boolean {
  return destinationSettings(a) === destinationSettings(b)
}

/** The same for settings but the weight. */
export function sameButForWeight(a: DestinationRecord, b: DestinationRecord): boolean {
  return sameDestinationSettings({ ...a, weight: 0 }, { ...b, weight: 0 })
}

/** Whether there is anything of persistence in it, turned on or not. */
export function holdsPersistence({ timeout, netmask, family, engine }: ServiceRecord): boolean {
  return timeout !== 0 || netmask !== fullMask(family) || engine !== ''
}

/** Whether there is anything of a tunnel in it, forwarded by one or not. */
export function holdsEncapsulation({ tunnelType, tunnelPort, tunnelFlags }: DestinationRecord): boolean {
  return tunnelType !== 0 || tunnelPort !== 0 || tunnelFlags !== 0
}

function serviceSettings({ family, scheduler, flags, timeout, netmask, engine }: ServiceRecord): string {
  const persistent = (flags & ServiceFlag.persistent) !== 0
  // The kernel adds HASHED; timeout, mask and engine mean nothing without persistence.
  const kept = persistent ? [timeout, netmask, engine] : [0, fullMask(family), '']
  return JSON.stringify([scheduler, flags & ~ServiceFlag.hashed, ...kept])
}

function destinationSettings(destination: DestinationRecord): string {
  const { forwarding, weight, upper, lower, tunnelType, tunnelPort, tunnelFlags } = destination
  const tunnel = forwarding === forwardings.number('tunnel') ? [tunnelType, tunnelPort, tunnelFlags] : []
  return JSON.stringify([forwarding & 7, weight, upper, lower, ...tunnel])
}
