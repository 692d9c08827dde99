/** Carries out a plan: every prefix of it leaves each service with the destinations that it keeps. */
import { fieldsOf, list, signalOf, wrongValue } from './check.js'
import { refuseDestination, refuseService } from './creatable.js'
import { IpvsApplyError, IpvsError, type Applied } from './errors.js'
import { destinationName, serviceName } from './keys.js'
import { sameButForWeight, sameServiceSettings } from './settings.js'
import { destinationKey, destinationSpec, serviceKey, serviceSpec } from './validate.js'
import type { ServiceRecord } from './records.js'
import type { CallOptions, Ipvs } from './handle.js'
import type { Change, Plan } from './plan.js'
import type { Destination, Service, ServiceKey } from './types.js'

/** Each waits for all acknowledgements of the one before: a refused addition must be known before anything is removed. */
const phases: readonly (readonly Change['type'][])[] = [
  ['addService'],
  ['addDestination'],
  ['updateService', 'updateDestination'],
  ['removeDestination', 'removeService'],
]

/**
 * Creates, adds and updates; then removes, per service whose changes all succeeded so far. The first failure stops that
 * service, not the others. Confirms each removal against the kernel before sending it: what is gone already counts as
 * applied, what has changed since the plan was made fails with IPVS_INTERRUPTED.
 *
 * Rejects with TypeError or RangeError, before anything is sent, for a plan that is none; with IpvsApplyError, which carries the
 * result, if anything failed; with signal.reason when withdrawn.
 */
export async function apply(ipvs: Ipvs, plan: Plan, options?: CallOptions): Promise<Applied> {
  const signal = signalOf(options)
  // All of it is checked before any of it is sent.
  const changes = checkedChanges(plan)
  signal?.throwIfAborted()
  const errors = new Map<Change, IpvsError>()
  const applied = new Set<Change>()
  const stopped = new Set<string>()
  for (const phase of phases) {
    const attempted = [...changes.keys()].filter(
      (change) => phase.includes(change.type) && !stopped.has(changes.get(change) ?? ''),
    )
    const holding = readOnce(ipvs, options)
    const outcomes = await Promise.allSettled(attempted.map((change) => carryOut(ipvs, change, holding, options)))
    outcomes.forEach((outcome, i) => {
      const change = attempted[i] as Change
      if (outcome.status === 'fulfilled') {
        applied.add(change)
        return
      }
      const error: unknown = outcome.reason
      // A withdrawn call: not a refusal by the kernel, and not this plan's to survive.
      if (!IpvsError.is(error)) throw error
      errors.set(change, error)
      stopped.add(changes.get(change) ?? '')
    })
  }
  const failed = plan.changes.flatMap((change) => {
    const error = errors.get(change)
    return error ? [{ change, error }] : []
  })
  const result: Applied = {
    applied: plan.changes.filter((change) => applied.has(change)),
    failed,
    notAttempted: plan.changes.filter((change) => !applied.has(change) && !errors.has(change)),
  }
  const [first] = failed
  if (first) throw new IpvsApplyError(result, first.error)
  return result
}

/** The plan's changes, each with the name of its service. */
function checkedChanges(plan: Plan): ReadonlyMap<Change, string> {
  const { changes } = fieldsOf('plan', plan, ['changes', 'foreign'])
  return new Map(
    list('plan.changes', changes).map((change, i) => [
      change as Change,
      serviceName(checkChange(`plan.changes[${i}]`, change)),
    ]),
  )
}

function checkChange(field: string, change: unknown): ServiceRecord {
  const { type, service, of, destination, before, destinations } = fieldsOf(field, change, changeFields)
  switch (type) {
    case 'addService': {
      const record = serviceSpec(service, `${field}.service`)
      refuseService(record, `${field}.service`)
      return record
    }
    case 'updateService':
      return serviceSpec(service, `${field}.service`)
    case 'removeService':
      serviceSpec(before, `${field}.before`)
      list(`${field}.destinations`, destinations).forEach((key, i) =>
        destinationKey(key, `${field}.destinations[${i}]`),
      )
      return serviceKey(service, `${field}.service`)
    case 'addDestination': {
      const record = serviceKey(of, `${field}.of`)
      refuseDestination(record, destinationSpec(destination, `${field}.destination`), `${field}.destination`)
      return record
    }
    case 'updateDestination':
      destinationSpec(destination, `${field}.destination`)
      return serviceKey(of, `${field}.of`)
    case 'removeDestination':
      destinationSpec(before, `${field}.before`)
      destinationKey(destination, `${field}.destination`)
      return serviceKey(of, `${field}.of`)
    default:
      throw wrongValue(`${field}.type`, `one of ${phases.flat().join(', ')}`, type)
  }
}

const changeFields = ['type', 'service', 'of', 'destination', 'before', 'destinations'] as const

/** The destinations of a service as they are now, by name; undefined when there is no such service. */
type Holding = (of: ServiceKey) => Promise<ReadonlyMap<string, Destination> | undefined>

/** One reading for all removals of a service: the kernel has no way to read one destination. */
function readOnce(ipvs: Ipvs, options: CallOptions | undefined): Holding {
  const readings = new Map<string, ReturnType<Holding>>()
  const read: Holding = async (of) => {
    const found = await unlessGone(ipvs.destinations(of, options))
    return found && new Map(found.map((entry) => [destinationName(destinationKey(entry)), entry]))
  }
  return (of) => {
    const name = serviceName(serviceKey(of))
    const reading = readings.get(name) ?? read(of)
    readings.set(name, reading)
    return reading
  }
}

async function carryOut(ipvs: Ipvs, change: Change, holding: Holding, options: CallOptions | undefined): Promise<void> {
  switch (change.type) {
    case 'addService':
      return ipvs.addService(change.service, options)
    case 'updateService':
      return ipvs.updateService(change.service, options)
    case 'addDestination':
      return ipvs.addDestination(change.of, change.destination, options)
    case 'updateDestination':
      return ipvs.updateDestination(change.of, change.destination, options)
    case 'removeService': {
      const present = await holding(change.service)
      const found = present && (await ipvs.service(change.service, options))
      if (!found) return
      confirmService(change, found, present)
      return unlessGone(ipvs.removeService(change.service, options))
    }
    case 'removeDestination': {
      const found = (await holding(change.of))?.get(destinationName(destinationKey(change.destination)))
      if (!found) return
      confirmDestination(change, found)
      return unlessGone(ipvs.removeDestination(change.of, change.destination, options))
    }
  }
}

type Removal<T extends Change['type']> = Extract<Change, { type: T }>

/** It is to be what the plan was made for, and to hold nothing that the plan does not know. */
function confirmService(
  { before, destinations }: Removal<'removeService'>,
  found: Service,
  present: ReadonlyMap<string, Destination>,
): void {
  const record = serviceSpec(found)
  const known = new Set(destinations.map((key) => destinationName(destinationKey(key))))
  const same = sameServiceSettings(record, serviceSpec(before)) && [...present.keys()].every((name) => known.has(name))
  if (!same) throw changedSince(serviceName(record))
}

function confirmDestination({ of, before }: Removal<'removeDestination'>, found: Destination): void {
  const record = destinationSpec(found)
  if (sameButForWeight(record, destinationSpec(before))) return
  throw changedSince(`${destinationName(record)} of ${serviceName(serviceKey(of))}`)
}

async function unlessGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (IpvsError.is(error, 'IPVS_SERVICE_NOT_FOUND', 'IPVS_DESTINATION_NOT_FOUND')) return undefined
    throw error
  }
}

function changedSince(object: string): IpvsError {
  return new IpvsError(`apply ${object}: it is no longer what the plan was to remove; read the table and diff again`, {
    code: 'IPVS_INTERRUPTED',
    operation: 'apply',
  })
}
