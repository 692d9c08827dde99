/** Whether two records ask the same of the kernel, identity aside. */
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
