/** What a plan does, checked, as the requests that do it: as diff() found it, or as the plan says it. */
import { fieldsOf, list, object, unknownField, wrongValue } from './check.js'
import { refuseDestination, refuseService } from './creatable.js'
import { elementOf, within, type Field } from './field.js'
import { serviceName } from './keys.js'
import { nextTurn } from './pause.js'
import { Command, type DestinationRecord, type Request, type ServiceRecord } from './records.js'
import { destinationKey, checkedDestination, serviceKey, serviceSpec } from './validate.js'
import type { Change, Plan } from './plan.js'

/** A service's record, and what it is called. */
export interface Named {
  readonly record: ServiceRecord
  readonly name: string
}

type Deed = 'add' | 'update' | 'remove'

/** What does it to a service, and to a destination of one. */
const deeds: Readonly<Record<Deed, { readonly service: Command; readonly destination: Command }>> = {
  add: { service: Command.newService, destination: Command.newDest },
  update: { service: Command.setService, destination: Command.setDest },
  remove: { service: Command.delService, destination: Command.delDest },
}

/** What is done together. In columns: of a table's ten thousand rows an object each is what the collector has most to do with. */
export class Steps {
  readonly services: Named[] = []
  /** undefined where it is done to the service. */
  readonly destinations: (DestinationRecord | undefined)[] = []

  constructor(private readonly deed: Deed) {}

  get length(): number {
    return this.services.length
  }

  add(service: Named, destination?: DestinationRecord): void {
    this.services.push(service)
    this.destinations.push(destination)
  }

  /** Those of these numbers. */
  some(numbers: readonly number[]): Steps {
    const steps = new Steps(this.deed)
    for (const i of numbers) steps.add(this.services[i] as Named, this.destinations[i])
    return steps
  }

  requests(start: number, end: number): readonly Request[] {
    const { service: toService, destination: toDestination } = deeds[this.deed]
    const requests: Request[] = []
    for (let i = start; i < Math.min(end, this.length); i++) {
      const service = (this.services[i] as Named).record
      const destination = this.destinations[i]
      requests.push(destination ? { command: toDestination, service, destination } : { command: toService, service })
    }
    return requests
  }
}

/** Each waits for all acknowledgements of the one before: a refused addition must be known before anything is removed. */
const phaseOf = {
  addService: 0,
  addDestination: 1,
  updateService: 2,
  updateDestination: 2,
  removeDestination: 3,
  removeService: 3,
} as const satisfies Readonly<Record<Change['type'], number>>

/** Changes of a plan that are made together, in its order. */
export interface Phase {
  /** Which of the plan's. */
  readonly changes: readonly number[]
  readonly steps: Steps
}

/** All changes of a plan. */
export interface Phases {
  readonly phases: readonly [Phase, Phase, Phase, Phase]
  /** How many changes they are. */
  readonly length: number
  /** What removes, by its place in the plan. */
  readonly removed: ReadonlyMap<number, Change>
}

/** What is known of a plan that diff() made. */
interface Known {
  /** What creates, what adds, what updates: right by themselves. */
  readonly steps: readonly Steps[]
  /** What follows it. */
  readonly removed: readonly Change[]
}

/** By the plan, and by its list of changes: whoever has that need not have the plan. Neither can be changed. */
const known = new WeakMap<object, Known>()

/** `made` does just this, and never another thing. */
export function remember(made: object, steps: readonly Steps[], removed: readonly Change[]): void {
  known.set(made, { steps, removed })
}

/** Checked between two turns of the event loop. */
const changesTogether = 128

/**
 * All of a plan, before any of it is sent, with turns of the event loop between. Rejects with TypeError or RangeError for what is
 * no plan, or should not be made.
 */
export async function checkedPhases(plan: Plan): Promise<Phases> {
  const { steps, removed: others } = known.get(plan) ?? knownBy(list('plan.changes', changesOf(plan)))
  const removed = new Map<number, Change>()
  let length = 0
  const begun = (some: Steps) => {
    const changes = range(length, some.length)
    length += some.length
    return { changes, steps: some }
  }
  const [created = new Steps('add'), added = new Steps('add'), updated = new Steps('update')] = steps
  const phases = [begun(created), begun(added), begun(updated), begun(new Steps('remove'))] as const
  const keys = keyReader()
  const places = placesIn('plan.changes')
  for (const [i, change] of others.entries()) {
    if (i > 0 && i % changesTogether === 0) await nextTurn()
    places.change.step = length
    const { service, destination } = checkedStep(places, change, keys)
    const phase = phases[phaseOf[change.type]]
    if (phase === phases[3]) removed.set(length, change)
    phase.changes.push(length++)
    phase.steps.add(service, destination)
  }
  return { phases, length, removed }
}

function changesOf(plan: Plan): unknown {
  return fieldsOf('plan', plan, ['changes', 'foreign']).changes
}

function knownBy(changes: readonly unknown[]): Known {
  return known.get(changes) ?? { steps: [], removed: changes as readonly Change[] }
}

function range(first: number, length: number): number[] {
  const numbers: number[] = []
  for (let i = 0; i < length; i++) numbers.push(first + i)
  return numbers
}

/** Those whose service is not among these. */
export function without({ changes, steps }: Phase, stopped: ReadonlySet<string>): Phase {
  if (stopped.size === 0) return { changes, steps }
  const kept = [...steps.services.keys()].filter((i) => !stopped.has((steps.services[i] as Named).name))
  return { changes: kept.map((i) => changes[i] as number), steps: steps.some(kept) }
}

/** What all destinations of a service share, which diff() says by the same object. */
type Keys = (value: unknown, field: Field) => Named

function keyReader(): Keys {
  const known = new Map<unknown, ReturnType<Keys>>()
  let last: unknown
  let read: ReturnType<Keys> | undefined
  return (value, field) => {
    if (read && value === last) return read
    read = known.get(value)
    if (!read) {
      const record = serviceKey(value, field)
      read = { record, name: serviceName(record) }
      known.set(value, read)
    }
    last = value
    return read
  }
}

/** Where the parts of a change stand: of all changes by turns, since only what is wrong is told. */
type Places = ReturnType<typeof placesIn>

function placesIn(changes: Field) {
  const change = elementOf(changes)
  const [service, of, destination, before] = (['service', 'of', 'destination', 'before'] as const).map((name) =>
    within(change, name),
  ) as [Field, Field, Field, Field]
  return { change, service, of, destination, before }
}

interface Step {
  readonly service: Named
  readonly destination?: DestinationRecord
}

function checkedStep(at: Places, value: unknown, keys: Keys): Step {
  const fields = changeParts(at.change, value)
  switch (fields.type) {
    case 'addService': {
      const record = serviceSpec(fields.service, at.service)
      refuseService(record, at.service)
      return { service: { record, name: serviceName(record) } }
    }
    case 'updateService': {
      const record = serviceSpec(fields.service, at.service)
      return { service: { record, name: serviceName(record) } }
    }
    case 'removeService': {
      serviceSpec(fields.before, at.before)
      const held = within(at.change, 'destinations')
      list(held, fields.destinations).forEach((key, i) => destinationKey(key, within(held, i)))
      return { service: keys(fields.service, at.service) }
    }
    case 'addDestination': {
      const service = keys(fields.of, at.of)
      const destination = checkedDestination(fields.destination, at.destination)
      refuseDestination(service.record, destination, at.destination)
      return { service, destination }
    }
    case 'updateDestination': {
      const destination = checkedDestination(fields.destination, at.destination)
      return { service: keys(fields.of, at.of), destination }
    }
    case 'removeDestination': {
      checkedDestination(fields.before, at.before)
      const destination = destinationKey(fields.destination, at.destination)
      return { service: keys(fields.of, at.of), destination }
    }
    default:
      throw wrongValue(within(at.change, 'type'), `one of ${Object.keys(phaseOf).join(', ')}`, fields.type)
  }
}

const changeFields = ['type', 'service', 'of', 'destination', 'before', 'destinations'] as const

/** What fieldsOf() does, spelt out for what comes by the ten thousand. */
function changeParts(field: Field, value: unknown): Partial<Record<(typeof changeFields)[number], unknown>> {
  const given = object(field, value) as Partial<Record<(typeof changeFields)[number], unknown>>
  let type, service, of, destination, before, destinations: unknown
  for (const name of Object.keys(given)) {
    switch (name) {
      case 'type':
        type = given.type
        break
      case 'service':
        service = given.service
        break
      case 'of':
        of = given.of
        break
      case 'destination':
        destination = given.destination
        break
      case 'before':
        before = given.before
        break
      case 'destinations':
        destinations = given.destinations
        break
      default:
        throw unknownField(field, changeFields, name)
    }
  }
  return { type, service, of, destination, before, destinations }
}
