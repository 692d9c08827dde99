/** A plan, checked, as the requests that carry it out. */
import { fieldsOf, list, wrongValue } from './check.js'
import { RequestBatch } from './batch.js'
import { refuseDestination, refuseService } from './creatable.js'
import { within, type Field } from './field.js'
import { serviceName } from './keys.js'
import { nextTurn } from './pause.js'
import { Command, type Request, type ServiceRecord } from './records.js'
import { destinationKey, destinationSpec, serviceKey, serviceSpec } from './validate.js'
import type { Change, Plan } from './plan.js'

/** Each waits for all acknowledgements of the one before: a refused addition must be known before anything is removed. */
const phases: readonly (readonly Change['type'][])[] = [
  ['addService'],
  ['addDestination'],
  ['updateService', 'updateDestination'],
  ['removeDestination', 'removeService'],
]

/** Changes that are made together, in the order of the plan: what each is, whose, and its request. */
export interface Phase {
  readonly changes: readonly Change[]
  /** The name of the service of each. */
  readonly services: readonly string[]
  readonly requests: RequestBatch
}

/** Checked between two turns of the event loop. */
const changesTogether = 64

/**
 * All of a plan, before any of it is sent, with turns of the event loop between. Rejects with TypeError or RangeError for what is
 * no plan, or should not be made.
 */
export async function checkedPhases(plan: Plan): Promise<readonly Phase[]> {
  const changes = list('plan.changes', fieldsOf('plan', plan, ['changes', 'foreign']).changes)
  const made = phases.map(() => ({ changes: [] as Change[], services: [] as string[], requests: new RequestBatch() }))
  const keys = keyReader()
  for (const [i, value] of changes.entries()) {
    if (i > 0 && i % changesTogether === 0) await nextTurn()
    const change = value as Change
    const { service, request } = checkedStep(within('plan.changes', i), change, keys)
    const phase = made[phases.findIndex((types) => types.includes(change.type))]
    phase?.changes.push(change)
    phase?.services.push(service)
    phase?.requests.add(request)
  }
  return made
}

/** Those whose service is not among these. */
export function without(phase: Phase, stopped: ReadonlySet<string>): Phase {
  if (stopped.size === 0) return phase
  const kept = [...phase.services.keys()].filter((i) => !stopped.has(phase.services[i] as string))
  return {
    changes: kept.map((i) => phase.changes[i] as Change),
    services: kept.map((i) => phase.services[i] as string),
    requests: phase.requests.pick(kept),
  }
}

/** What all destinations of a service share, which diff() says by the same object. */
type Keys = (value: unknown, field: Field) => { readonly record: ServiceRecord; readonly name: string }

function keyReader(): Keys {
  const known = new Map<unknown, ReturnType<Keys>>()
  return (value, field) => {
    const found = known.get(value)
    if (found) return found
    const record = serviceKey(value, field)
    const read = { record, name: serviceName(record) }
    known.set(value, read)
    return read
  }
}

function checkedStep(field: Field, value: unknown, keys: Keys): { service: string; request: Request } {
  const fields = fieldsOf(field, value, changeFields)
  switch (fields.type) {
    case 'addService': {
      const service = serviceSpec(fields.service, within(field, 'service'))
      refuseService(service, within(field, 'service'))
      return { service: serviceName(service), request: { command: Command.newService, service } }
    }
    case 'updateService': {
      const service = serviceSpec(fields.service, within(field, 'service'))
      return { service: serviceName(service), request: { command: Command.setService, service } }
    }
    case 'removeService': {
      serviceSpec(fields.before, within(field, 'before'))
      list(within(field, 'destinations'), fields.destinations).forEach((key, i) =>
        destinationKey(key, within(within(field, 'destinations'), i)),
      )
      const { record: service, name } = keys(fields.service, within(field, 'service'))
      return { service: name, request: { command: Command.delService, service } }
    }
    case 'addDestination': {
      const { record: service, name } = keys(fields.of, within(field, 'of'))
      const destination = destinationSpec(fields.destination, within(field, 'destination'))
      refuseDestination(service, destination, within(field, 'destination'))
      return { service: name, request: { command: Command.newDest, service, destination } }
    }
    case 'updateDestination': {
      const destination = destinationSpec(fields.destination, within(field, 'destination'))
      const { record: service, name } = keys(fields.of, within(field, 'of'))
      return { service: name, request: { command: Command.setDest, service, destination } }
    }
    case 'removeDestination': {
      destinationSpec(fields.before, within(field, 'before'))
      const destination = destinationKey(fields.destination, within(field, 'destination'))
      const { record: service, name } = keys(fields.of, within(field, 'of'))
      return { service: name, request: { command: Command.delDest, service, destination } }
    }
    default:
      throw wrongValue(within(field, 'type'), `one of ${phases.flat().join(', ')}`, fields.type)
  }
}

const changeFields = ['type', 'service', 'of', 'destination', 'before', 'destinations'] as const
