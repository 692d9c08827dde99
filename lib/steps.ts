/** A plan, checked, as the requests that carry it out: as diff() found it, or as it is given. */
import { fieldsOf, list, object, unknownField, wrongValue } from './check.js'
import { RequestBatch } from './batch.js'
import { refuseDestination, refuseService } from './creatable.js'
import { elementOf, within, type Field } from './field.js'
import { serviceName } from './keys.js'
import { nextTurn } from './pause.js'
import { Command, type Request, type ServiceRecord } from './records.js'
import { destinationKey, checkedDestination, serviceKey, serviceSpec } from './validate.js'
import type { Change, Plan } from './plan.js'

/** Each waits for all acknowledgements of the one before: a refused addition must be known before anything is removed. */
const phaseOf: Readonly<Record<Change['type'], number>> = {
  addService: 0,
  addDestination: 1,
  updateService: 2,
  updateDestination: 2,
  removeDestination: 3,
  removeService: 3,
}
const phases = 4

/** Changes that are made together, in the order of the plan. */
export interface Phase {
  /** Which of the plan's. */
  readonly changes: readonly number[]
  /** The name of the service of each. */
  readonly services: readonly string[]
  readonly requests: RequestBatch
}

/** Changes of one phase that are known to be right, while a plan is made. */
export class Steps {
  readonly changes: Change[] = []
  readonly services: string[] = []
  readonly requests: RequestBatch = new RequestBatch()

  /** The change is frozen from here on; what is in it is to be already, but for what was there before. */
  add(change: Change, request: Request, service: string): void {
    this.changes.push(Object.freeze(change))
    this.services.push(service)
    this.requests.add(request)
  }
}

/** What begins a plan that diff() made, by its list of changes: frozen, it says what was checked and packed. */
const known = new WeakMap<readonly Change[], readonly Phase[]>()

/** The list of a plan's changes: first these, of a phase each, which are known to be right; then others. */
export function changesOf(steps: readonly Steps[], others: readonly Change[]): readonly Change[] {
  const changes = steps.reduce<readonly Change[]>((all, some) => all.concat(some.changes), []).concat(others)
  let first = 0
  const phases = steps.map(({ services, requests }) => {
    const phase = { changes: range(first, services.length), services, requests }
    first += services.length
    return phase
  })
  known.set(Object.freeze(changes), phases)
  return changes
}

function range(first: number, length: number): readonly number[] {
  const numbers: number[] = []
  for (let i = 0; i < length; i++) numbers.push(first + i)
  return numbers
}

/** Checked between two turns of the event loop. */
const changesTogether = 128

/**
 * All of a plan, before any of it is sent, with turns of the event loop between. Rejects with TypeError or RangeError for what is
 * no plan, or should not be made.
 */
export async function checkedPhases(plan: Plan): Promise<readonly Phase[]> {
  const changes = list('plan.changes', fieldsOf('plan', plan, ['changes', 'foreign']).changes)
  const begun = known.get(changes as readonly Change[]) ?? []
  const start = begun.reduce((sum, phase) => sum + phase.changes.length, 0)
  const made = Array.from({ length: phases }, () => ({
    changes: [] as number[],
    services: [] as string[],
    requests: new RequestBatch(),
  }))
  const keys = keyReader()
  const places = placesIn('plan.changes')
  for (let i = start; i < changes.length; i++) {
    if (i > start && i % changesTogether === 0) await nextTurn()
    const change = changes[i] as Change
    places.change.step = i
    const { service, request } = checkedStep(places, change, keys)
    const phase = made[phaseOf[change.type]]
    phase?.changes.push(i)
    phase?.services.push(service)
    phase?.requests.add(request)
  }
  return made.map((phase, i) => begun[i] ?? phase)
}

/** Those whose service is not among these. */
export function without(phase: Phase, stopped: ReadonlySet<string>): Phase {
  if (stopped.size === 0) return phase
  const requests = phase.requests.requests()
  const kept = [...phase.services.keys()].filter((i) => !stopped.has(phase.services[i] as string))
  return {
    changes: kept.map((i) => phase.changes[i] as number),
    services: kept.map((i) => phase.services[i] as string),
    requests: RequestBatch.of(kept.map((i) => requests[i] as Request)),
  }
}

/** What all destinations of a service share, which diff() says by the same object. */
type Keys = (value: unknown, field: Field) => { readonly record: ServiceRecord; readonly name: string }

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

function checkedStep(at: Places, value: unknown, keys: Keys): { service: string; request: Request } {
  const fields = changeParts(at.change, value)
  switch (fields.type) {
    case 'addService': {
      const service = serviceSpec(fields.service, at.service)
      refuseService(service, at.service)
      return { service: serviceName(service), request: { command: Command.newService, service } }
    }
    case 'updateService': {
      const service = serviceSpec(fields.service, at.service)
      return { service: serviceName(service), request: { command: Command.setService, service } }
    }
    case 'removeService': {
      serviceSpec(fields.before, at.before)
      const held = within(at.change, 'destinations')
      list(held, fields.destinations).forEach((key, i) => destinationKey(key, within(held, i)))
      const { record: service, name } = keys(fields.service, at.service)
      return { service: name, request: { command: Command.delService, service } }
    }
    case 'addDestination': {
      const { record: service, name } = keys(fields.of, at.of)
      const destination = checkedDestination(fields.destination, at.destination)
      refuseDestination(service, destination, at.destination)
      return { service: name, request: { command: Command.newDest, service, destination } }
    }
    case 'updateDestination': {
      const destination = checkedDestination(fields.destination, at.destination)
      const { record: service, name } = keys(fields.of, at.of)
      return { service: name, request: { command: Command.setDest, service, destination } }
    }
    case 'removeDestination': {
      checkedDestination(fields.before, at.before)
      const destination = destinationKey(fields.destination, at.destination)
      const { record: service, name } = keys(fields.of, at.of)
      return { service: name, request: { command: Command.delDest, service, destination } }
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
