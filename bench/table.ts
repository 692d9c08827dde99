/** The table of a workload, as bench/peers/table.h has it: the same addresses for every contestant. */
import type { AddressKey, DesiredTable, DestinationSpec, ServiceSpec, TableEntry } from '../lib/index.js'

/** So many virtual services, so many destinations each. */
export interface Size {
  readonly services: number
  readonly destinations: number
}

/** 10.1.0.0 and on. */
export function serviceAt(service: number): AddressKey {
  return { protocol: 'tcp', address: address(1, service), port: 80 }
}

/** 10.2.0.0 and on. */
export function destinationAt(size: Size, service: number, destination: number, weight = 1): DestinationSpec {
  return {
    address: address(2, service * size.destinations + destination),
    port: 80,
    forwarding: 'direct',
    weight,
  }
}

/** All of it; `weightOf` by the number of the destination in the whole table. */
export function tableOf(size: Size, weightOf: (index: number) => number = () => 1): DesiredTable {
  return Array.from({ length: size.services }, (_, i): TableEntry<ServiceSpec, DestinationSpec> => ({
    service: { ...serviceAt(i), scheduler: 'rr' },
    destinations: Array.from({ length: size.destinations }, (_, j) =>
      destinationAt(size, i, j, weightOf(i * size.destinations + j)),
    ),
  }))
}

/** One in a hundred has another weight. */
export function oneInAHundred(index: number): number {
  return index % 100 === 0 ? 2 : 1
}

/** Services and destinations. */
export function rowsOf({ services, destinations }: Size): number {
  return services * (destinations + 1)
}

function address(second: number, number: number): string {
  return `10.${second + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`
}
