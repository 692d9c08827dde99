/** What separates the table that is from the table that should be. Pure. */
import { refuseDestination, refuseService } from './creatable.js'
import { fieldsOf, list, wrongType, wrongValue } from './check.js'
import { Destinations } from './destinations.js'
import { elementOf, within, type Field } from './field.js'
import { destinationName, serviceName } from './keys.js'
import { sameDestinationSettings, sameServiceSettings } from './settings.js'
import { allInSameWords } from './same-words.js'
import { inSlices, wholly } from './slices.js'
import { presentDestinationKey, presentDestinationSpec, presentServiceKey, presentServiceSpec } from './present.js'
import { serviceKey, serviceSpec } from './validate.js'
import { checkedDestination, destinationKey, type CheckedDestination } from './validate-destination.js'
import { once, shown } from './lazy.js'
import { remember, Steps, type Named } from './steps.js'
import type { DestinationRecord, ServiceRecord } from './records.js'
import type { Change, DiffOptions, ObjectKey, Plan } from './plan.js'
import type { DesiredTable, Destination, DestinationKey } from './types.js'
import type { Service, ServiceKey, ServiceSpec, Table } from './types.js'

/** Services by name, their destinations not looked at yet: their records are made when they are compared, and dropped. */
type Index<S> = ReadonlyMap<string, Indexed<S>>
interface Indexed<S> extends Named {
  readonly spec: S
  readonly field: Field
  readonly destinations: readonly unknown[]
}

/** Destinations that are looked at in one go, and changes. */
const together = 256

/**
 * The changes that lead from `current` to `desired`, and what is left alone because it is somebody else's.
 *
 * The list of changes is made when it is first looked at. It is frozen, and so is what creates, adds and updates: `apply()` need not
 * check that again. Throws TypeError or RangeError when `desired` names something that should not be created, or the same thing
 * twice. What another program made so already may stay so: it can be given another weight, or be drained.
 */
export function diff(current: Table, desired: DesiredTable, options: DiffOptions = {}): Plan {
  const difference = wholly(planning(current, desired, options))
  return planOf(difference, () => wholly(changesOf(difference)))
}

/**
 * The same, in slices, the list of changes included: for tables so large that diff() would hold the event loop longer than the
 * program likes. Other work goes on meanwhile, and must leave both tables as they are. Rejects with what diff() throws.
 */
export async function diffSliced(current: Table, desired: DesiredTable, options: DiffOptions = {}): Promise<Plan> {
  const difference = await inSlices(planning(current, desired, options))
  const changes = await inSlices(changesOf(difference))
  return planOf(difference, () => changes)
}

function* planning(current: Table, desired: DesiredTable, options: DiffOptions): Generator<void, Difference> {
  const present = yield* index(current, 'current')
  return yield* compare(present, list('desired', desired), 'desired', ownership(options), creatable)
}

function planOf({ steps, removed, foreign }: Difference, make: () => readonly Change[]): Plan {
  const changes = once(() => {
    const made = Object.freeze(make())
    remember(made, steps, removed)
    return made
  })
  const plan = Object.freeze(
    shown({
      get changes() {
        return changes()
      },
      foreign,
    }),
  )
  remember(plan, steps, removed)
  return plan
}

/** What happened between two readings of the table, whoever did it. */
export function changesBetween(before: Table, after: Table): readonly Change[] {
  return wholly(changesOf(wholly(comparing(before, after))))
}

function* comparing(before: Table, after: Table): Generator<void, Difference> {
  const anything: Refusals = { service: () => undefined, destination: () => undefined }
  const present = yield* index(before, 'before')
  return yield* compare(present, list('after', after), 'after', ownership({ owned: 'everything' }), anything)
}

/** Throws for what should not be made. */
interface Refusals {
  readonly service: (record: ServiceRecord, field?: Field) => void
  readonly destination: (of: ServiceRecord, record: DestinationRecord, field?: Field) => void
}
const creatable: Refusals = { service: refuseService, destination: refuseDestination }

/** What is to be done, in order. */
interface Difference {
  /** What creates, what adds, what updates: each may be done together. */
  readonly steps: readonly [Steps, Steps, Steps]
  /** What each of the last held before. */
  readonly before: readonly (Service | Destination)[]
  readonly removed: readonly Change[]
  readonly foreign: readonly ObjectKey[]
}

function* compare(
  present: Index<Service>,
  desired: readonly unknown[],
  field: string,
  owns: Ownership,
  refuse: Refusals,
): Generator<void, Difference> {
  const steps = [new Steps('add'), new Steps('add'), new Steps('update')] as const
  const before: (Service | Destination)[] = []
  const removed: Change[] = []
  const foreign: ObjectKey[] = []

  /** What is there and not wanted, of the services that are. */
  const wanted = new Map<string, readonly CheckedDestination[]>()
  for (let i = 0; i < desired.length; i++) {
    const at = within(field, i)
    const want = indexEntry<ServiceSpec>(desired[i], at)
    if (wanted.has(want.name)) throw eachOnce(at, want.name)
    const have = present.get(want.name)
    compareService(want, have, steps, before, refuse)
    const held = have && (isShort(have) ? destinationsOf(have) : yield* destinationsInSlices(have))
    if (held && allInSameWords(held.all, want.destinations)) {
      wanted.set(want.name, [])
    } else {
      const asked = isShort(want) ? destinationsOf(want) : yield* destinationsInSlices(want)
      compareDestinations(want, held, asked, steps, before, refuse)
      wanted.set(want.name, held ? held.missingIn(asked) : [])
    }
    yield
  }

  for (const [name, have] of present) {
    const left = wanted.get(name)
    const want = left !== undefined
    const owned: { readonly key: DestinationKey; readonly before: Destination }[] = []
    const strangers: DestinationKey[] = []
    const rest = left ?? (isShort(have) ? destinationsOf(have) : yield* destinationsInSlices(have)).all
    for (const record of rest) {
      const key = presentDestinationKey(record)
      if (owns.destination(name, record, want)) owned.push({ key, before: record.given as Destination })
      else strangers.push(key)
    }
    yield
    if (want && owned.length === 0 && strangers.length === 0) continue
    const service = presentServiceKey(have.record)
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
  return { steps, before, removed, foreign }
}

/** What a service lacks, its destinations aside. */
function compareService(
  want: Indexed<ServiceSpec>,
  have: Indexed<Service> | undefined,
  [created, , updated]: Difference['steps'],
  before: (Service | Destination)[],
  refuse: Refusals,
): void {
  if (have && sameServiceSettings(have.record, want.record)) return
  if (!have || mayBe(refuse.service, have.record)) refuse.service(want.record, `desired ${want.name}`)
  if (!have) return created.add(want)
  updated.add(want)
  before.push(have.spec)
}

/** What a service's destinations lack. */
function compareDestinations(
  want: Indexed<ServiceSpec>,
  have: Destinations<CheckedDestination> | undefined,
  asked: Destinations<CheckedDestination>,
  [, added, updated]: Difference['steps'],
  before: (Service | Destination)[],
  refuse: Refusals,
): void {
  const place = new Desired(want.name)
  for (const destination of asked.all) {
    const held = have?.get(destination)
    if (held && sameDestinationSettings(held, destination)) continue
    place.destination = destination
    if (!held || mayBe(refuse.destination, want.record, held)) refuse.destination(want.record, destination, place)
    if (held) {
      updated.add(want, destination)
      before.push(held.given as Destination)
    } else {
      added.add(want, destination)
    }
  }
}

/** As the API shows them. All of them name a service by one object. */
function* changesOf({ steps, before, removed }: Difference): Generator<void, readonly Change[]> {
  const [created, added, updated] = steps
  const changes: Change[] = []
  const keys = new Map<Named, ServiceKey>()
  const keyOf = (service: Named) => {
    const key = keys.get(service) ?? frozen(presentServiceKey(service.record))
    keys.set(service, key)
    return key
  }
  const take = (change: Change) => changes.push(Object.freeze(change)) % together === 0
  for (const { record } of created.services) {
    if (take({ type: 'addService', service: frozen(presentServiceSpec(record)) })) yield
  }
  for (const [i, service] of added.services.entries()) {
    const destination = frozen(presentDestinationSpec(added.destinations[i] as DestinationRecord))
    if (take({ type: 'addDestination', of: keyOf(service), destination })) yield
  }
  for (const [i, service] of updated.services.entries()) {
    const record = updated.destinations[i]
    const change: Change = record
      ? {
          type: 'updateDestination',
          of: keyOf(service),
          destination: frozen(presentDestinationSpec(record)),
          before: before[i] as Destination,
        }
      : {
          type: 'updateService',
          service: frozen(presentServiceSpec(service.record)),
          before: before[i] as Service,
        }
    if (take(change)) yield
  }
  return changes.concat(removed)
}

/** With all that is in it. */
function frozen<T extends object>(value: T): T {
  for (const name in value) {
    const part = value[name]
    if (typeof part === 'object' && part !== null) frozen(part)
  }
  return Object.freeze(value)
}

/** What messages call a destination that is wanted. */
class Desired {
  destination: DestinationRecord | undefined

  constructor(private readonly service: string) {}

  toString(): string {
    return `desired ${this.service}${this.destination ? ` ${destinationName(this.destination)}` : ''}`
  }
}

/** Whether it is nothing that is refused. */
function mayBe<Records extends unknown[]>(refuse: (...records: Records) => void, ...records: Records): boolean {
  try {
    refuse(...records)
    return true
  } catch {
    return false
  }
}

interface Ownership {
  service(name: string): boolean
  destination(service: string, record: DestinationRecord, desired: boolean): boolean
}

function ownership(options: DiffOptions): Ownership {
  const { owned } = fieldsOf('options', options, ['owned'])
  if (owned === undefined) return { service: () => false, destination: (_service, _record, desired) => desired }
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
    destination: (service, record) => destinations.has(`${service} ${destinationName(record)}`),
  }
}

function* index(table: Table, field: string): Generator<void, Index<Service>> {
  const entries = new Map<string, Indexed<Service>>()
  for (const [i, entry] of list(field, table).entries()) {
    const indexed = indexEntry<Service>(entry, within(field, i))
    if (entries.has(indexed.name)) throw eachOnce(within(field, i), indexed.name)
    entries.set(indexed.name, indexed)
    yield
  }
  return entries
}

function indexEntry<S extends ServiceSpec>(entry: unknown, at: Field): Indexed<S> {
  const { service, destinations } = fieldsOf(at, entry, ['service', 'destinations'])
  const record = serviceSpec(service, within(at, 'service'))
  const field = within(at, 'destinations')
  return { name: serviceName(record), spec: service as S, record, field, destinations: list(field, destinations) }
}

/** Looked at in one go: a generator for each service costs as much as ten destinations. */
function isShort({ destinations }: Indexed<unknown>): boolean {
  return destinations.length <= together
}

function destinationsOf({ destinations, field }: Indexed<unknown>): Destinations<CheckedDestination> {
  const servers = new Destinations<CheckedDestination>()
  indexDestinations(destinations, 0, field, servers)
  return servers
}

function* destinationsInSlices({
  destinations,
  field,
}: Indexed<unknown>): Generator<void, Destinations<CheckedDestination>> {
  const servers = new Destinations<CheckedDestination>()
  for (let start = 0; start < destinations.length; start += together) {
    indexDestinations(destinations, start, field, servers)
    yield
  }
  return servers
}

function eachOnce(entry: Field, name: string): TypeError {
  return wrongValue(within(entry, 'service'), 'each service once', name)
}

/** Some of them, from `start` on. */
function indexDestinations(
  specs: readonly unknown[],
  start: number,
  field: Field,
  servers: Destinations<CheckedDestination>,
): void {
  const at = elementOf(field)
  const end = Math.min(start + together, specs.length)
  for (at.step = start; at.step < end; at.step++) {
    const checked = checkedDestination(specs[at.step], at)
    if (servers.get(checked)) throw wrongValue(at, 'each destination once', destinationName(checked))
    servers.add(checked)
  }
}
