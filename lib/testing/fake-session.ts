/**
 * An in-memory kernel behind the seam, with the errnos of real ones. The contract suite holds it against real kernels; the
 * order of its checks is that of net/netfilter/ipvs/ip_vs_ctl.c.
 */
import { constants } from 'node:os'
import { isMulticastOrBroadcast, isUnspecified } from '../address.js'
import { destinationName, serviceName } from '../keys.js'
import { forwardings, tunnelTypes } from '../words.js'
import { AF_INET, AF_INET6, Command, ServiceFlag, Stage } from '../records.js'
import { decodeRequests, encodeReplies } from '../wire.js'
import type { DestinationRecord, Reply, Request, ServiceRecord, Session, StatsRecord } from '../records.js'

const { EAFNOSUPPORT, EEXIST, EINVAL, ENOENT, EOPNOTSUPP, ERANGE, ESRCH } = constants.errno
const int32 = 0x7fffffff
/** Timer ticks per second of Debian's kernels: persistence is kept in ticks, in 32 bits. */
const hz = 250

interface StoredService {
  readonly record: ServiceRecord
  /** Newest first, as the kernel lists them. */
  readonly destinations: readonly DestinationRecord[]
}

/** The table of one network namespace. */
export class FakeKernel {
  readonly #schedulers: ReadonlySet<string>
  readonly #services = new Map<string, StoredService>()
  #writes = 0

  constructor(schedulers: readonly string[]) {
    this.#schedulers = new Set(schedulers)
  }

  /** How many commands that would change something have come, refused ones included. */
  get writes(): number {
    return this.#writes
  }

  session(): Session {
    return {
      request: async (batch) =>
        Promise.resolve(encodeReplies(decodeRequests(batch).map((request) => this.answer(request)))),
      close: async () => Promise.resolve(),
    }
  }

  answer(request: Request): Reply {
    switch (request.command) {
      case Command.getInfo:
        return { ...done, info: { version: 0x010201, connectionTableSize: 4096 } }
      case Command.getService:
        return request.dump ? { ...done, services: this.#allServices() } : this.#oneService(request)
      case Command.getDest:
        return request.dump ? { ...done, destinations: this.#destinationsOf(request) } : refuse(EOPNOTSUPP)
      default:
        this.#writes++
        return refuse(this.#change(request))
    }
  }

  #allServices(): Reply['services'] {
    return [...this.#services.values()].map(({ record }) => ({ service: record, stats: noStats }))
  }

  #oneService({ service }: Request): Reply {
    if (!service) return refuse(EINVAL)
    if (!isFamily(service.family)) return refuse(EAFNOSUPPORT)
    const found = this.#services.get(serviceName(service))
    return found ? { ...done, services: [{ service: found.record, stats: noStats }] } : refuse(ESRCH)
  }

  /** Empty for a missing service, as in the kernel. */
  #destinationsOf({ service }: Request): Reply['destinations'] {
    const found = service && this.#services.get(serviceName(service))
    return (found?.destinations ?? []).map((destination) => ({ destination, ...noConnections, stats: noStats }))
  }

  #change({ command, service, destination }: Request): number {
    if (command === Command.flush) {
      this.#services.clear()
      return 0
    }
    if (!service) return EINVAL
    if (!isFamily(service.family)) return EAFNOSUPPORT
    const name = serviceName(service)
    const found = this.#services.get(name)
    if (command === Command.newService) return found ? EEXIST : this.#setService(service, [])
    if (!found) return ESRCH
    switch (command) {
      case Command.setService:
        return this.#setService(service, found.destinations)
      case Command.delService:
        this.#services.delete(name)
        return 0
      default:
        return destination ? this.#changeDestination(command, found, destination) : EINVAL
    }
  }

  #setService(service: ServiceRecord, destinations: readonly DestinationRecord[]): number {
    if (service.scheduler !== 'none' && !this.#schedulers.has(service.scheduler)) return ENOENT
    if (service.engine !== '' && service.engine !== 'sip') return ENOENT
    if (service.family === AF_INET6 && (service.netmask < 1 || service.netmask > 128)) return EINVAL
    const timeout = Math.floor(((service.timeout * hz) % 2 ** 32) / hz)
    const record = { ...service, flags: service.flags | ServiceFlag.hashed, timeout }
    this.#services.set(serviceName(service), { record, destinations })
    return 0
  }

  #changeDestination(command: Command, { record, destinations }: StoredService, given: DestinationRecord): number {
    if (!isFamily(given.family)) return EAFNOSUPPORT
    const removes = command === Command.delDest
    if (given.family !== record.family && !removes && forwardings.word(given.forwarding) !== 'tunnel') return EINVAL
    const name = destinationName(given)
    const others = destinations.filter((destination) => destinationName(destination) !== name)
    const exists = others.length < destinations.length
    const set = (changed: readonly DestinationRecord[]) => {
      this.#services.set(serviceName(record), { record, destinations: changed })
      return 0
    }
    if (removes) return exists ? set(others) : ENOENT
    const error = checkSettings(given)
    if (error !== 0) return error
    const stored = { ...given, forwarding: given.forwarding & 7 }
    if (command === Command.setDest) {
      if (!exists) return ENOENT
      return set(destinations.map((destination) => (destinationName(destination) === name ? stored : destination)))
    }
    if (exists) return EEXIST
    if (!isHost(given)) return EINVAL
    return set([stored, ...destinations])
  }
}

function isFamily(family: number): boolean {
  return family === AF_INET || family === AF_INET6
}

function checkSettings({ weight, upper, lower, tunnelType, tunnelPort }: DestinationRecord): number {
  if (weight < 0) return ERANGE
  if (upper > int32 || lower > int32) return EINVAL
  if (lower > upper) return ERANGE
  if (tunnelTypes.word(tunnelType) === 'gue' && tunnelPort === 0) return EINVAL
  return 0
}

/** The kernel takes unicast and local addresses, for IPv6 no link-local ones that are not its own. */
function isHost(destination: DestinationRecord): boolean {
  const { family, address } = destination
  if (isUnspecified(destination) || isMulticastOrBroadcast(destination)) return false
  return !(family === AF_INET6 && address[0] === 0xfe && ((address[1] ?? 0) & 0xc0) === 0x80)
}

const done: Reply = { error: 0, stage: Stage.kernel, services: [], destinations: [] }
function refuse(error: number): Reply {
  return { ...done, error }
}
const noStats: StatsRecord = { totals: Array<bigint>(5).fill(0n), rates: Array<bigint>(5).fill(0n) }
const noConnections = { active: 0, inactive: 0, persistent: 0 }
