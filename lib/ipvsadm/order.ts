/** The order of lists: by number, without the overflow of ipvsadm's own comparison. */
import type { DestinationRecord, ServiceRecord } from '../records.js'

/** By mark, family, protocol, address, port. */
export function compareServices(a: ServiceRecord, b: ServiceRecord): number {
  return (
    a.firewallMark - b.firewallMark ||
    a.family - b.family ||
    a.protocol - b.protocol ||
    Buffer.compare(a.address, b.address) ||
    a.port - b.port
  )
}

/** By family, address, port. */
export function compareServers(a: DestinationRecord, b: DestinationRecord): number {
  return a.family - b.family || Buffer.compare(a.address, b.address) || a.port - b.port
}
