/** What separates the table that is from the table that should be. Pure. */
import { refuseDestination, refuseService } from './creatable.js'
import { wrongValue } from './check.js'
import { destinationName, serviceName } from './keys.js'
import { sameDestinationSettings, sameServiceSettings } from './settings.js'
import { destinationKey, destinationSpec, serviceKey, serviceSpec } from './validate.js'
import type { DestinationRecord, ServiceRecord } from './wire.js'
import type { Change, DesiredTable, DestinationSpec, DiffOptions, ObjectKey } from './types.js'
import type { Plan, Service, ServiceKey, ServiceSpec, Table, TableEntry } from './types.js'

/** An entry with its records beside it, by name. */
interface Indexed<S, D> {
  readonly spec: S
  readonly record: ServiceRecord
  readonly destinations: ReadonlyMap<string, { readonly spec: D; readonly record: DestinationRecord }>
}

/**
 * The changes that lead from `current` to `desired`, and what is left alone because it is somebody else's.
 *
 * Throws TypeError or RangeError when `desired` names something that should not be created, or the same thing twice.
 */
export function diff(current: Table, desired: DesiredTable, options: DiffOptions = {}): Plan {
  const present = index(current, 'current')
  const wanted = index(desired, 'desired')
  const owns = ownership(options)
  const created: Change[] = []
  const added: Change[] = []
  const updated: Change[] = []
  const removed: Change[] = []
  const foreign: ObjectKey[] = []

  for (const [name, want] of wanted) {
    const have = present.get(name)
    const of = keyOf(want.spec)
    if (!have) {
      refuseService(want.record, `desired ${name}`)
      created.push({ type: 'addService', service: want.spec })
    } else if (!sameServiceSettings(have.record, want.record)) {
      updated.push({ type: 'updateService', service: want.spec, before: have.spec })
    }
    for (const [server, destination] of want.destinations) {
      const held = have?.destinations.get(server)
      if (!held) {
        refuseDestination(want.record, destination.record, `desired ${name} ${server}`)
        added.push({ type: 'addDestination', of, destination: destination.spec })
      } else if (!sameDestinationSettings(held.record, destination.record)) {
        updated.push({ type: 'updateDestination', of, destination: destination.spec, before: held.spec })
      }
    }
  }

  for (const [name, have] of present) {
    const want = wanted.get(name)
    const service = keyOf(have.spec)
    if (!want && owns.service(name)) {
      removed.push({ type: 'removeService', service, before: have.spec })
      continue
    }
    if (!want) foreign.push({ service })
    for (const [server, held] of have.destinations) {
      if (want?.destinations.has(server)) continue
      const destination = { address: held.spec.address, port: held.spec.port }
      if (owns.destination(name, server, want !== undefined)) {
        removed.push({ type: 'removeDestination', of: service, destination, before: held.spec })
      } else {
        foreign.push({ service, destination })
      }
    }
  }
  return { changes: [...created, ...added, ...updated, ...removed], foreign }
}

interface Ownership {
  service(name: string): boolean
  destination(service: string, name: string, desired: boolean): boolean
}

function ownership({ owned }: DiffOptions): Ownership {
  if (owned === undefined) return { service: () => false, destination: (_service, _name, desired) => desired }
  if (owned === 'everything') return { service: () => true, destination: () => true }
  const services = new Set<string>()
  const destinations = new Set<string>()
  owned.forEach(({ service, destination }, i) => {
    const name = serviceName(serviceKey(service, `owned[${i}].service`))
    if (!destination) services.add(name)
    else destinations.add(`${name} ${destinationName(destinationKey(destination, `owned[${i}].destination`))}`)
  })
  return {
    service: (name) => services.has(name),
    destination: (service, name) => destinations.has(`${service} ${name}`),
  }
}

function index<S extends ServiceSpec, D extends DestinationSpec>(
  table: readonly TableEntry<S, D>[],
  field: string,
): ReadonlyMap<string, Indexed<S, D>> {
  const entries = new Map<string, Indexed<S, D>>()
  table.forEach(({ service, destinations }, i) => {
    const record = serviceSpec(service, `${field}[${i}].service`)
    const name = serviceName(record)
    if (entries.has(name)) throw wrongValue(`${field}[${i}].service`, 'each service once', name)
    const servers = new Map<string, { spec: D; record: DestinationRecord }>()
    destinations.forEach((spec, j) => {
      const destination = destinationSpec(spec, `${field}[${i}].destinations[${j}]`)
      const server = destinationName(destination)
      if (servers.has(server)) throw wrongValue(`${field}[${i}].destinations[${j}]`, 'each destination once', server)
      servers.set(server, { spec, record: destination })
    })
    entries.set(name, { spec: service, record, destinations: servers })
  })
  return entries
}

function keyOf(service: Service | ServiceSpec): ServiceKey {
  return service.firewallMark === undefined
    ? { protocol: service.protocol, address: service.address, port: service.port }
    : { firewallMark: service.firewallMark, family: service.family }
}
