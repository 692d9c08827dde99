/** What was read, made comparable: without what the kernel counted, in one order. */
import type { ConnectionCounts, DestinationKey, ServiceKey, TableEntry } from '../../lib/index.js'

export const idle: ConnectionCounts = { active: 0, inactive: 0, persistent: 0 }

export function withoutStats<T extends object>(read: T): Omit<T, 'stats'> {
  return Object.fromEntries(Object.entries(read).filter(([field]) => field !== 'stats')) as Omit<T, 'stats'>
}

/** The kernel's order depends on the namespace, and on the order of creation. */
export function comparable(
  table: readonly TableEntry<ServiceKey, DestinationKey>[],
): readonly TableEntry<object, object>[] {
  return inOrder(table, ({ service }) => service).map(({ service, destinations }) => ({
    service: withoutStats(service),
    destinations: inOrder(destinations, (destination) => destination).map(withoutStats),
  }))
}

function inOrder<T>(list: readonly T[], keyOf: (item: T) => ServiceKey | DestinationKey): readonly T[] {
  const name = (item: T) => {
    const { protocol, address, port, firewallMark, family }: Partial<ServiceKey> = keyOf(item)
    return [protocol, address, port, firewallMark, family].join()
  }
  return [...list].sort((a, b) => (name(a) < name(b) ? -1 : 1))
}
