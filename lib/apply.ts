/** Carries out a plan: every prefix of it leaves each service with the destinations that it keeps. */
import { signalOf } from './check.js'
import { once, shown } from './lazy.js'
import { IpvsApplyError, IpvsError, type Applied } from './errors.js'
import { batchOf, type Batch } from './exchange.js'
import { writerOf, type WriteAll } from './ipvs.js'
import { destinationName, serviceName } from './keys.js'
import { sameButForWeight, sameServiceSettings } from './settings.js'
import { nextTurn } from './pause.js'
import { checkedPhases, without, type Named, type Phase, type Steps } from './steps.js'
import { destinationKey, destinationSpec, serviceKey, serviceSpec } from './validate.js'
import type { CallOptions, Ipvs } from './handle.js'
import type { Change, Plan } from './plan.js'
import type { Destination, Service, ServiceKey } from './types.js'

/** Sent together: a few milliseconds of the kernel's time, for which other calls of the handle wait. */
const changesTogether = 1024

/** Removals that are confirmed together: each is sent within a few milliseconds of its confirmation. */
const removalsTogether = 64

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
  const write = unlessClosed(writerOf(ipvs), signal)
  const { phases, length, removed } = await checkedPhases(plan)
  const [creations, additions, updates, removals] = phases
  signal?.throwIfAborted()
  const outcome: Outcome = { applied: new Uint8Array(length), errors: new Map(), stopped: new Set() }
  for (const phase of [creations, additions, updates]) await add(phase, write, outcome)
  await remove(removals, removed, write, outcome, ipvs, options)
  return resultOf(plan, outcome)
}

/** What became of the plan's changes so far, by their index, and which services are left alone from here on. */
interface Outcome {
  /** 1: applied. */
  readonly applied: Uint8Array
  readonly errors: Map<number, IpvsError>
  readonly stopped: Set<string>
}

/** Throws IpvsApplyError if anything failed. */
function resultOf(plan: Plan, { applied, errors }: Outcome): Applied {
  const [first] = [...errors].sort(([a], [b]) => a - b)
  if (!first) {
    const all = once(() => plan.changes.slice())
    return shown({
      get applied() {
        return all()
      },
      failed: [],
      notAttempted: [],
    })
  }
  const { changes } = plan
  const result: Applied = {
    applied: changes.filter((_, i) => applied[i] === 1),
    failed: changes.flatMap((change, i) => {
      const error = errors.get(i)
      return error ? [{ change, error }] : []
    }),
    notAttempted: changes.filter((_, i) => applied[i] === 0 && !errors.has(i)),
  }
  throw new IpvsApplyError(result, first[1])
}

/** What refused requests, by their number. */
type Write = (batch: Batch) => Promise<ReadonlyMap<number, IpvsError>>

/** A handle that is closed meanwhile refuses what is left; a withdrawn call is no failure of the plan's: it rejects. */
function unlessClosed(write: WriteAll, signal: AbortSignal | undefined): Write {
  return async (batch) => {
    try {
      return await write(batch, signal)
    } catch (error) {
      if (!IpvsError.is(error)) throw error
      return new Map(batch.requests.map((_, i) => [i, error]))
    }
  }
}

function note(phase: Phase, i: number, error: IpvsError | undefined, { applied, errors, stopped }: Outcome): void {
  const change = phase.changes[i] as number
  if (!error) {
    applied[change] = 1
    return
  }
  errors.set(change, error)
  stopped.add((phase.steps.services[i] as Named).name)
}

async function add(all: Phase, write: Write, outcome: Outcome): Promise<void> {
  const phase = without(all, outcome.stopped)
  let batch = packed(phase.steps, 0)
  for (let start = 0; batch; start += changesTogether) {
    const [refused, next] = await Promise.all([write(batch), packedMeanwhile(phase.steps, start + changesTogether)])
    for (const i of batch.requests.keys()) note(phase, start + i, refused.get(i), outcome)
    batch = next
  }
}

/** Those from `start` on; undefined where there are none. */
function packed(steps: Steps, start: number): Batch | undefined {
  return start < steps.length ? batchOf(steps.requests(start, start + changesTogether)) : undefined
}

/** The same, once what was given to the handle just now is on its way to the kernel. */
async function packedMeanwhile(steps: Steps, start: number): Promise<Batch | undefined> {
  if (start < steps.length) await nextTurn()
  return packed(steps, start)
}

/** Confirms, then removes. */
async function remove(
  all: Phase,
  changes: ReadonlyMap<number, Change>,
  write: Write,
  outcome: Outcome,
  ipvs: Ipvs,
  options: CallOptions | undefined,
): Promise<void> {
  const phase = without(all, outcome.stopped)
  const holding = readOnce(ipvs, options)
  const find = (change: number, i: number) =>
    findStill(ipvs, changes.get(change) as Change, (phase.steps.services[i] as Named).name, holding, options)
  for (let start = 0; start < phase.changes.length; start += removalsTogether) {
    const some = phase.changes.slice(start, start + removalsTogether)
    const found = await Promise.all(some.map((change, i) => find(change, start + i)))
    const there = [...some.keys()].filter((i) => found[i] === 'there').map((i) => start + i)
    const batch = packed(phase.steps.some(there), 0)
    const refused = batch && (await write(batch))
    const errors = new Map(there.map((i, n) => [i, refused?.get(n)]))
    for (const [n, state] of found.entries()) {
      const error = IpvsError.is(state) ? state : errors.get(start + n)
      note(phase, start + n, isGone(error) ? undefined : error, outcome)
    }
  }
}

/** The destinations of a service as they are now, by name; undefined when there is no such service. */
type Holding = (of: ServiceKey, name: string) => Promise<ReadonlyMap<string, Destination> | undefined>

/** One reading for all removals of a service: the kernel has no way to read one destination. */
function readOnce(ipvs: Ipvs, options: CallOptions | undefined): Holding {
  const readings = new Map<string, ReturnType<Holding>>()
  const read = async (of: ServiceKey) => {
    const found = await unlessGone(ipvs.destinations(of, options))
    return found && new Map(found.map((entry) => [destinationName(destinationKey(entry)), entry]))
  }
  return (of, name) => {
    const reading = readings.get(name) ?? read(of)
    readings.set(name, reading)
    return reading
  }
}

/** Whether what is to be removed is there, and is what the plan was made for; otherwise what refuses its removal. */
async function findStill(
  ipvs: Ipvs,
  change: Change,
  service: string,
  holding: Holding,
  options: CallOptions | undefined,
): Promise<'there' | 'gone' | IpvsError> {
  try {
    if (change.type === 'removeService') {
      const present = await holding(change.service, service)
      const found = present && (await ipvs.service(change.service, options))
      if (!found) return 'gone'
      confirmService(change, found, present)
    } else if (change.type === 'removeDestination') {
      const found = (await holding(change.of, service))?.get(destinationName(destinationKey(change.destination)))
      if (!found) return 'gone'
      confirmDestination(change, found)
    }
    return 'there'
  } catch (error) {
    if (IpvsError.is(error)) return error
    throw error
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
    if (isGone(error)) return undefined
    throw error
  }
}

function isGone(error: unknown): boolean {
  return IpvsError.is(error, 'IPVS_SERVICE_NOT_FOUND', 'IPVS_DESTINATION_NOT_FOUND')
}

function changedSince(object: string): IpvsError {
  return new IpvsError(`apply ${object}: it is no longer what the plan was to remove; read the table and diff again`, {
    code: 'IPVS_INTERRUPTED',
    operation: 'apply',
  })
}
