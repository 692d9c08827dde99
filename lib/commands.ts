/** The kernel's commands, made safe: a read is repeated when its answer was lost, a write is read back. */
import { constants } from 'node:os'
import { formatAddress } from './address.js'
import { toIpvsError, type IpvsError } from './errors.js'
import { Destinations } from './destinations.js'
import { destinationName, serviceName } from './keys.js'
import { sameDestinationSettings, sameServiceSettings } from './settings.js'
import { daemonRoles } from './words.js'
import { Command, nothingRead, Stage } from './records.js'
import type { DaemonRecord, DestinationRecord, InfoRecord, Reply, Request } from './records.js'
import type { ServiceRecord, SysctlRecord, ThreadRecord, TimeoutsRecord } from './records.js'
import type { Send } from './queue.js'
import type { DestinationRow, ServiceRow } from './rows.js'

/** Carries out requests, within the caller's place in the queue. */
export type Ask = Send<Request, Reply>

/** How often a read whose answer was lost, or that a change interrupted, is repeated. */
const readAttempts = 3

const { ENOENT, ESRCH, EINTR } = constants.errno

/** What a request is about, for messages. */
function objectOf({ service, destination, daemon }: Request): string {
  if (daemon) return `${daemonRoles.word(daemon.role)}${daemon.interface === '' ? '' : ` on ${daemon.interface}`}`
  if (!service) return ''
  return destination ? `${destinationName(destination)} of ${serviceName(service)}` : serviceName(service)
}

/** What the kernel loads for a service: it tells neither which it lacks. */
function modulesOf({ service }: Request): { readonly modules?: string } {
  if (!service || service.scheduler === '') return {}
  return { modules: `ip_vs_${service.scheduler}${service.engine === '' ? '' : ` or ip_vs_pe_${service.engine}`}` }
}

function toError(operation: string, request: Request, { error, stage }: Reply): IpvsError {
  const subject = { operation, object: objectOf(request), ...modulesOf(request) }
  return toIpvsError(subject, request.command, error, stage)
}

// One request in, one reply out: Send promises as many.
async function ask(request: Request, send: Ask): Promise<Reply> {
  const [reply] = await send([request])
  return reply as Reply
}

// ── reads ──

function isUnsteady({ error, stage }: Reply): boolean {
  return error !== 0 && (stage === Stage.answer || (stage === Stage.kernel && error === EINTR))
}

/** The reply of a read, its errors included, after bounded repetition. */
export async function askSteadily(request: Request, send: Ask): Promise<Reply> {
  return steadied(request, await ask(request, send), send)
}

/** The same, of a read that has had its first reply. */
async function steadied(request: Request, first: Reply, send: Ask): Promise<Reply> {
  let reply = first
  for (let attempt = 1; attempt < readAttempts && isUnsteady(reply); attempt++) reply = await ask(request, send)
  // A read changes nothing: what stays unsteady is interrupted, not of unknown outcome.
  return isUnsteady(reply) ? { ...reply, error: EINTR, stage: Stage.kernel } : reply
}

async function read(operation: string, request: Request, send: Ask): Promise<Reply> {
  const reply = await askSteadily(request, send)
  if (reply.error !== 0) throw toError(operation, request, reply)
  return reply
}

export async function readInfo(operation: string, send: Ask): Promise<InfoRecord> {
  return only((await read(operation, { command: Command.getInfo }, send)).infos)
}

export async function readTimeouts(operation: string, send: Ask): Promise<TimeoutsRecord> {
  return only((await read(operation, { command: Command.getConfig }, send)).timeouts)
}

export async function readDaemons(operation: string, send: Ask): Promise<readonly DaemonRecord[]> {
  return (await read(operation, { command: Command.getDaemon, dump: true }, send)).daemons
}

export async function readSysctls(operation: string, send: Ask): Promise<readonly SysctlRecord[]> {
  return (await read(operation, { command: Command.readSysctls }, send)).sysctls
}

/** The thread of the handle, which is in its network namespace. */
export async function readThread(operation: string, send: Ask): Promise<ThreadRecord> {
  return only((await read(operation, { command: Command.tellThread }, send)).threads)
}

/** What the kernel answers with one record, or refuses. */
function only<T>([record]: readonly T[]): T {
  if (record === undefined) throw new RangeError('the reply to a reading holds no record')
  return record
}

/** All services, each once, as it was found last: a dump under concurrent change repeats entries. */
export async function readServices(operation: string, send: Ask): Promise<readonly ServiceRow[]> {
  const { services } = await read(operation, { command: Command.getService, dump: true }, send)
  const lasts = new Map(services.map((entry) => [serviceName(entry.service), entry]))
  return lasts.size === services.length ? services : [...lasts.values()]
}

/** undefined when there is none. */
export async function findService(
  operation: string,
  service: ServiceRecord,
  send: Ask,
): Promise<ServiceRow | undefined> {
  const request = { command: Command.getService, service }
  const reply = await askSteadily(request, send)
  if (reply.stage === Stage.kernel && reply.error === ESRCH) return undefined
  if (reply.error !== 0) throw toError(operation, request, reply)
  return only(reply.services)
}

/** undefined when there is no such service. */
export async function findDestinations(
  operation: string,
  service: ServiceRecord,
  send: Ask,
): Promise<readonly DestinationRow[] | undefined> {
  const [found] = await findAllDestinations(operation, [service], send)
  return found
}

/** Those of each of these services, which are asked for together; undefined for one that is not there. */
export async function findAllDestinations(
  operation: string,
  services: readonly ServiceRecord[],
  send: Ask,
): Promise<readonly (readonly DestinationRow[] | undefined)[]> {
  const requests = services.map((service) => ({ command: Command.getDest, dump: true, service }))
  const replies = await send(requests)
  const found = Array<readonly DestinationRow[] | undefined>(requests.length)
  const late: Promise<void>[] = []
  for (const [i, request] of requests.entries()) {
    const reply = replies[i] as Reply
    // The usual case, without a promise: that takes as long as a short list.
    if (reply.error === 0 && reply.destinations.length > 0) found[i] = listed(reply, request.service)
    else late.push(destinationsIn(operation, request, reply, send).then((rows) => void (found[i] = rows)))
  }
  if (late.length > 0) await Promise.all(late)
  return found
}

/** The kernel answers the dump of a missing service with an empty list, as that of an empty one. */
async function destinationsIn(
  operation: string,
  request: Request & { readonly service: ServiceRecord },
  first: Reply,
  send: Ask,
): Promise<readonly DestinationRow[] | undefined> {
  const { service } = request
  const reply = await steadied(request, first, send)
  if (reply.error !== 0) throw toError(operation, request, reply)
  if (reply.destinations.length === 0 && !(await findService(operation, service, send))) return undefined
  return listed(reply, service)
}

/** Each once, as it was found last: a dump under concurrent change repeats entries. */
function listed({ destinations }: Reply, { family }: ServiceRecord): readonly DestinationRow[] {
  // Before Linux 3.18 a destination carries no family: it is the service's.
  const known = destinations.some((row) => row.family === 0)
    ? destinations.map((row) => (row.family === 0 ? row.withFamily(family) : row))
    : destinations
  const found = new Destinations<DestinationRow>()
  for (const row of known) found.put(row)
  return found.all
}

/** Rejects with IPVS_SERVICE_NOT_FOUND when there is no such service. */
export async function readDestinations(
  operation: string,
  service: ServiceRecord,
  send: Ask,
): Promise<readonly DestinationRow[]> {
  const found = await findDestinations(operation, service, send)
  if (found) return found
  throw missing(operation, { command: Command.getDest, service }, ESRCH)
}

/** Rejects with IPVS_DESTINATION_NOT_FOUND, or IPVS_SERVICE_NOT_FOUND. */
export async function readDestination(
  operation: string,
  service: ServiceRecord,
  destination: DestinationRecord,
  send: Ask,
): Promise<DestinationRow> {
  const wanted = destinationName(destination)
  const found = (await readDestinations(operation, service, send)).find((row) => destinationName(row) === wanted)
  if (found) return found
  throw missing(operation, { command: Command.setDest, service, destination }, ENOENT)
}

function missing(operation: string, request: Request, error: number): IpvsError {
  return toError(operation, request, { ...nothingRead, error })
}

// ── writes ──

export async function write(operation: string, request: Request, send: Ask): Promise<void> {
  const error = await refusal(operation, request, await ask(request, send), send)
  if (error) throw error
}

/** What an unsuccessful reply to a write means; undefined: it is done all the same. */
export async function refusal(
  operation: string,
  request: Request,
  reply: Reply,
  send: Ask,
): Promise<IpvsError | undefined> {
  if (reply.error === 0) return undefined
  // The answer is lost, the change may not be: what it was to bring about decides.
  if (reply.stage === Stage.answer && (await isDone(operation, request, send))) return undefined
  return toError(operation, request, reply)
}

/** Whether the kernel's table is as the request would have left it. False when that cannot be read, either. */
async function isDone(operation: string, request: Request, send: Ask): Promise<boolean> {
  try {
    return await looksDone(operation, request, send)
  } catch {
    return false
  }
}

async function looksDone(operation: string, request: Request, send: Ask): Promise<boolean> {
  const { command, service, destination, daemon, timeouts } = request
  // Nothing that can be read tells whether counters were zeroed, and to do so again does no harm.
  if (command === Command.zero) return (await ask(request, send)).error === 0
  if (timeouts) return holds(await readTimeouts(operation, send), timeouts)
  if (daemon) {
    const found = (await readDaemons(operation, send)).find(({ role }) => role === daemon.role)
    if (command === Command.delDaemon) return found === undefined
    return found !== undefined && runsAs(found, daemon)
  }
  if (!service) return (await readServices(operation, send)).length === 0 // a flush
  if (!destination) {
    const found = await findService(operation, service, send)
    if (command === Command.delService) return found === undefined
    return found !== undefined && sameServiceSettings(found.service, service)
  }
  const found = (await findDestinations(operation, service, send))?.find(
    (row) => destinationName(row) === destinationName(destination),
  )
  if (command === Command.delDest) return found === undefined
  return found !== undefined && sameDestinationSettings(found.destination, destination)
}

/** Whether the daemon is the one that was to start, as far as nothing was left to the kernel; it bounds maxLength, too. */
function runsAs(found: DaemonRecord, asked: DaemonRecord): boolean {
  if (found.interface !== asked.interface || found.syncId !== asked.syncId) return false
  if (asked.groupFamily !== 0 && formatGroup(found) !== formatGroup(asked)) return false
  return (['port', 'ttl'] as const).every((name) => asked[name] === 0 || asked[name] === found[name])
}

function formatGroup({ groupFamily, group }: DaemonRecord): string {
  return formatAddress({ family: groupFamily, address: group })
}

/** Whether the timeouts are those that were set; 0 set none. */
function holds(found: TimeoutsRecord, set: TimeoutsRecord): boolean {
  return (['tcp', 'tcpFin', 'udp'] as const).every((name) => set[name] === 0 || set[name] === found[name])
}
