/** What separates the table that is from the table that should be. Pure. */
import { refuseDestination, refuseService } from './creatable.js'
import { fieldsOf, list, wrongType, wrongValue } from './check.js'
import { destinationName, serviceName } from './keys.js'
import { sameDestinationSettings, sameServiceSettings } from './settings.js'
import { presentDestinationKey, presentDestinationSpec, presentServiceKey, presentServiceSpec } from './present.js'
import { destinationKey, destinationSpec, serviceKey, serviceSpec } from './validate.js'
import type { DestinationRecord, ServiceRecord } from './records.js'
import type { Change, DiffOptions, ObjectKey, Plan } from './plan.js'
import type { DesiredTable, Destination, DestinationKey, DestinationSpec } from './types.js'
import type { Service, ServiceSpec, Table, TableEntry } from './types.js'

/** An entry with its records beside it, by name. */
interface Indexed<S, D> {
  readonly spec: S
  readonly record: ServiceRecord
  readonly destinations: ReadonlyMap<string, { readonly spec: D; readonly record: DestinationRecord }>
}

/**
 * The changes that lead from `current` to `desired`, and what is left alone because it is somebody else's.
 *
 * Throws TypeError or RangeError when `desired` names something that should not be created, or the same thing twice. What
 * another program made so already may stay so: it can be given another weight, or be drained.
 */
export function diff(current: Table, desired: DesiredTable, options: DiffOptions = {}): Plan {
  return compare(index(current, 'current'), index(desired, 'desired'), ownership(options), creatable)
}

/** What happened between two readings of the table, whoever did it. */
export function changesBetween(before: Table, after: Table): readonly Change[] {
  const anything: Refusals = { service: () => undefined, destination: () => undefined }
  return compare(index(before, 'before'), index(after, 'after'), ownership({ owned: 'everything' }), anything).changes
}

/** Throws for what should not be made. */
interface Refusals {
  service(record: ServiceRecord, field?: string): void
  destination(of: ServiceRecord, record: DestinationRecord, field?: string): void
}
const creatable: Refusals = { service: refuseService, destination: refuseDestination }

function compare(
  present: ReadonlyMap<string, Indexed<Service, Destination>>,
  wanted: ReadonlyMap<string, Indexed<ServiceSpec, DestinationSpec>>,
  owns: Ownership,
  refuse: Refusals,
): Plan {
  const created: Change[] = []
  const added: Change[] = []
  const updated: Change[] = []
  const removed: Change[] = []
  const foreign: ObjectKey[] = []

  for (const [name, want] of wanted) {
    const have = present.get(name)
    const of = presentServiceKey(want.record)
    const service = presentServiceSpec(want.record)
    if (!have) {
      refuse.service(want.record, `desired ${name}`)
      created.push({ type: 'addService', service })
    } else if (!sameServiceSettings(have.record, want.record)) {
      if (passes(() => refuse.service(have.record))) refuse.service(want.record, `desired ${name}`)
      updated.push({ type: 'updateService', service, before: have.spec })
    }
    for (const [server, { record }] of want.destinations) {
      const destination = presentDestinationSpec(record)
      const held = have?.destinations.get(server)
      const refuseServer = () => refuse.destination(want.record, record, `desired ${name} ${server}`)
      if (!held) {
        refuseServer()
        added.push({ type: 'addDestination', of, destination })
      } else if (!sameDestinationSettings(held.record, record)) {
        if (passes(() => refuse.destination(want.record, held.record))) refuseServer()
        updated.push({ type: 'updateDestination', of, destination, before: held.spec })
      }
    }
  }

  for (const [name, have] of present) {
    const want = wanted.get(name)
    const service = presentServiceKey(have.record)
    const owned: { readonly key: DestinationKey; readonly before: Destination }[] = []
    const strangers: DestinationKey[] = []
    for (const [server, { spec: before, record }] of have.destinations) {
      if (want?.destinations.has(server)) continue
      const key = presentDestinationKey(record)
      if (owns.destination(name, server, want !== undefined)) owned.push({ key, before })
      else strangers.push(key)
    }
    // A service takes its destinations with it: it stays while one of them is a stranger's.
    if (!want && owns.service(name) && strangers.length === 0) {
      removed.push({ type: 'removeService', service, before: have.spec, destinations: owned.map(({ key }) => key) })
      continue
    }
    if (!want && !owns.service(name)) foreign.push({ service })
    for (const { key, before } of owned) {
      removed.push({ type: 'removeDestination', of: service, destination: key, before })
    }
    for (const destination of strangers) foreign.push({ service, destination })
  }
  return { changes: [...created, ...added, ...updated, ...removed], foreign }
}

function passes(check: () => void): boolean {
  try {
    check()
    return true
  } catch {
    return false
  }
}

interface Ownership {
  service(name: string): boolean
  destination(service: string, name: string, desired: boolean): boolean
}

function ownership(options: DiffOptions): Ownership {
  const { owned } = fieldsOf('options', options, ['owned'])
  if (owned === undefined) return { service: () => false, destination: (_service, _name, desired) => desired }
  if (owned === 'everything') return { service: () => true, destination: () => true }
  if (!Array.isArray(owned)) throw wrongType('owned', '"everything" or an array of keys', owned)
  const services = new Set<string>()
  const destinations = new Set<string>()
  owned.forEach((key: unknown, i) => {
    const { service, destination } = fieldsOf(`owned[${i}]`, key, ['service', 'destination'])
    const name = serviceName(serviceKey(service, `owned[${i}].service`))
    if (destination === undefined) services.add(name)
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
  list(field, table).forEach((entry, i) => {
    const at = `${field}[${i}]`
    const { service, destinations } = fieldsOf(at, entry, ['service', 'destinations'])
    const record = serviceSpec(service, `${at}.service`)
    const name = serviceName(record)
    if (entries.has(name)) throw wrongValue(`${at}.service`, 'each service once', name)
    const servers = new Map<string, { spec: D; record: DestinationRecord }>()
    list(`${at}.destinations`, destinations).forEach((spec, j) => {
      const destination = destinationSpec(spec, `${at}.destinations[${j}]`)
      const server = destinationName(destination)
      if (servers.has(server)) throw wrongValue(`${at}.destinations[${j}]`, 'each destination once', server)
      servers.set(server, { spec: spec as D, record: destination })
    })
    entries.set(name, { spec: service as S, record, destinations: servers })
  })
  return entries
}
