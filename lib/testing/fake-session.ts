/**
 * An in-memory kernel behind the seam, with the errnos of real ones. The contract suite holds it against real kernels; the
 * order of its checks is that of net/netfilter/ipvs/ip_vs_ctl.c.
 */
import { constants } from 'node:os'
import { isMappedIPv4, isMulticast, isMulticastOrBroadcast, isUnspecified, noAddress } from '../address.js'
import { destinationName, serviceName } from '../keys.js'
import { daemonRoles, forwardings, tunnelTypes } from '../words.js'
import { AF_INET, AF_INET6, Command, nothingRead, ServiceFlag, type DaemonRecord } from '../records.js'
import { decodeRequests, encodeReplies } from '../wire.js'
import { sysctlDefaults } from './sysctls.js'
import type { Answer, DestinationRecord, Request, ServiceRecord, Session } from '../records.js'
import type { StatsRecord, TimeoutsRecord } from '../records.js'

const { EAFNOSUPPORT, EEXIST, EINVAL, ENODEV, ENOENT, EOPNOTSUPP, ERANGE, ESRCH } = constants.errno
const int32 = 0x7fffffff
/** Timer ticks per second of Debian's kernels: persistence is kept in ticks, in 32 bits. */
const hz = 250

interface StoredService {
  readonly record: ServiceRecord
  /** By name, the oldest first: the kernel lists them the other way round. */
  readonly destinations: Map<string, DestinationRecord>
}

/** The table of one network namespace. */
export class FakeKernel {
  readonly #schedulers: ReadonlySet<string>
  readonly #interfaces: ReadonlySet<string>
  readonly #services = new Map<string, StoredService>()
  readonly #daemons = new Map<number, DaemonRecord>()
  #timeouts: TimeoutsRecord = { tcp: 900, tcpFin: 120, udp: 300 }
  #writes = 0

  constructor(schedulers: readonly string[], interfaces: readonly string[] = ['eth0']) {
    this.#schedulers = new Set(schedulers)
    this.#interfaces = new Set(interfaces)
  }

  /** How many commands that would change something have come, refused ones included. */
  get writes(): number {
    return this.#writes
  }

  session(pause: () => Promise<unknown> = () => Promise.resolve()): Session {
    return {
      request: async (batch) => {
        const replies = encodeReplies(decodeRequests(batch).map((request) => this.answer(request)))
        await pause()
        return replies
      },
      close: async () => Promise.resolve(),
    }
  }

  answer(request: Request): Answer {
    if (request.dump === true && !dumps.has(request.command)) return refuse(EOPNOTSUPP)
    switch (request.command) {
      case Command.getInfo:
        return { ...nothingRead, infos: [{ version: 0x010201, connectionTableSize: 4096 }] }
      case Command.getService:
        return request.dump ? { ...nothingRead, services: this.#allServices() } : this.#oneService(request)
      case Command.getDest:
        return request.dump ? { ...nothingRead, destinations: this.#destinationsOf(request) } : refuse(EOPNOTSUPP)
      case Command.getDaemon:
        return request.dump ? { ...nothingRead, daemons: this.#runningDaemons() } : refuse(EOPNOTSUPP)
      case Command.getConfig:
        return { ...nothingRead, timeouts: [this.#timeouts] }
      case Command.readSysctls:
        return { ...nothingRead, sysctls: sysctlDefaults }
      case Command.tellThread:
        return { ...nothingRead, threads: [{ id: 0 }] }
      default:
        this.#writes++
        return refuse(this.#change(request))
    }
  }

  #allServices(): Answer['services'] {
    return [...this.#services.values()].map(({ record }) => ({ service: record, stats: noStats }))
  }

  #oneService({ service }: Request): Answer {
    if (!service) return refuse(EINVAL)
    if (!isFamily(service.family)) return refuse(EAFNOSUPPORT)
    const found = this.#services.get(serviceName(service))
    return found ? { ...nothingRead, services: [{ service: found.record, stats: noStats }] } : refuse(ESRCH)
  }

  /** Empty for a missing service, as in the kernel. */
  #destinationsOf({ service }: Request): Answer['destinations'] {
    const found = service && isFamily(service.family) ? this.#services.get(serviceName(service)) : undefined
    const destinations = [...(found?.destinations.values() ?? [])].reverse()
    return destinations.map((destination) => ({ destination, ...noConnections, stats: noStats }))
  }

  #change(request: Request): number {
    // What is not given is sent as 0.
    const { daemon = noDaemon } = request
    switch (request.command) {
      case Command.flush:
        this.#services.clear()
        return 0
      case Command.setConfig:
        return this.#setTimeouts(request.timeouts)
      case Command.newDaemon:
        return this.#startDaemon(daemon)
      case Command.delDaemon:
        return this.#stopDaemon(daemon)
      case Command.zero:
        return request.service ? this.#changeService(request) : 0
      case Command.newService:
      case Command.setService:
      case Command.delService:
      case Command.newDest:
      case Command.setDest:
      case Command.delDest:
        return this.#changeService(request)
      default:
        return EOPNOTSUPP
    }
  }

  #setTimeouts({ tcp, tcpFin, udp }: TimeoutsRecord = { tcp: 0, tcpFin: 0, udp: 0 }): number {
    if (Math.max(tcp, tcpFin, udp) > Math.floor(int32 / hz)) return EINVAL
    const { tcp: oldTcp, tcpFin: oldTcpFin, udp: oldUdp } = this.#timeouts
    this.#timeouts = { tcp: tcp || oldTcp, tcpFin: tcpFin || oldTcpFin, udp: udp || oldUdp }
    return 0
  }

  /** The master first, as in the kernel. */
  #runningDaemons(): readonly DaemonRecord[] {
    return [...this.#daemons.values()].sort((a, b) => a.role - b.role)
  }

  #startDaemon(given: DaemonRecord): number {
    if (isTooLong(given.interface)) return EINVAL
    if (given.groupFamily !== 0 && !isMulticast({ family: given.groupFamily, address: given.group })) return EINVAL
    if (this.#hasMixedFamilies()) return EINVAL
    if (!this.#interfaces.has(given.interface)) return ENODEV
    if (!daemonRoles.knows(given.role)) return EINVAL
    if (this.#daemons.has(given.role)) return EEXIST
    this.#daemons.set(given.role, withDefaults(given))
    return 0
  }

  #stopDaemon({ role }: DaemonRecord): number {
    if (!daemonRoles.knows(role)) return EINVAL
    return this.#daemons.delete(role) ? 0 : ESRCH
  }

  #hasMixedFamilies(): boolean {
    return [...this.#services.values()].some(({ record, destinations }) =>
      [...destinations.values()].some(({ family }) => family !== record.family),
    )
  }

  #changeService({ command, service, destination }: Request): number {
    if (!service) return EINVAL
    const sets = command === Command.newService || command === Command.setService
    if (sets && isTooLong(service.scheduler)) return EINVAL
    if (!isFamily(service.family)) return EAFNOSUPPORT
    const name = serviceName(service)
    const found = this.#services.get(name)
    if (command === Command.newService) return found ? EEXIST : this.#setService(service, new Map())
    if (!found) return ESRCH
    switch (command) {
      case Command.setService:
        return this.#setService(service, found.destinations)
      case Command.delService:
        this.#services.delete(name)
        return 0
      case Command.zero:
        return 0
      default:
        return this.#changeDestination(command, found, withFamily(destination ?? noDestination, service.family))
    }
  }

  #setService(service: ServiceRecord, destinations: Map<string, DestinationRecord>): number {
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
    if (given.family !== record.family && !removes) {
      if (this.#daemons.size > 0 || forwardings.word(given.forwarding & 7) !== 'tunnel') return EINVAL
    }
    const name = destinationName(given)
    const exists = destinations.has(name)
    if (removes) return destinations.delete(name) ? 0 : ENOENT
    const error = checkSettings(given)
    if (error !== 0) return error
    if (command === Command.setDest && !exists) return ENOENT
    if (command === Command.newDest && exists) return EEXIST
    if (!exists && !isHost(given)) return EINVAL
    destinations.set(name, { ...given, forwarding: given.forwarding & 7 })
    return 0
  }
}

function isFamily(family: number): boolean {
  return family === AF_INET || family === AF_INET6
}

/** A name fills its record only when it is too long: its NUL is missing. */
function isTooLong(name: string): boolean {
  return name.length > 15
}

function withFamily(destination: DestinationRecord, family: number): DestinationRecord {
  return destination.family === 0 ? { ...destination, family } : destination
}

function checkSettings({ weight, upper, lower, tunnelType, tunnelPort }: DestinationRecord): number {
  if (weight < 0) return ERANGE
  if (lower > upper) return ERANGE
  if (upper > int32) return EINVAL
  if (tunnelTypes.word(tunnelType) === 'gue' && tunnelPort === 0) return EINVAL
  return 0
}

/** The kernel takes unicast and local addresses, for IPv6 no link-local ones that are not its own. */
function isHost(destination: DestinationRecord): boolean {
  const { family, address } = destination
  if (isUnspecified(destination) || isMulticastOrBroadcast(destination) || isMappedIPv4(destination)) return false
  if (family === AF_INET && address.subarray(0, 4).join('.') === '127.255.255.255') return false // lo's broadcast
  return !(family === AF_INET6 && address[0] === 0xfe && ((address[1] ?? 0) & 0xc0) === 0x80)
}

/** What the kernel chooses where nothing is given, on an interface that carries 1500 bytes. */
function withDefaults(given: DaemonRecord): DaemonRecord {
  const groupFamily = given.groupFamily || AF_INET
  const headers = groupFamily === AF_INET6 ? 48 : 28
  const shortest = daemonRoles.word(given.role) === 'backup' ? 1024 : 1
  return {
    ...given,
    maxLength: given.maxLength === 0 ? 1500 - headers : Math.min(Math.max(given.maxLength, shortest), 65535 - headers),
    port: given.port || 8848,
    ttl: given.ttl || 1,
    groupFamily,
    group: given.groupFamily === 0 ? syncGroup : given.group,
  }
}

/** 224.0.0.81 */
const syncGroup = Uint8Array.from([224, 0, 0, 81, ...Array<number>(12).fill(0)])

/** What has a list to tell. */
const dumps: ReadonlySet<Command> = new Set([Command.getService, Command.getDest, Command.getDaemon])

function refuse(error: number): Answer {
  return { ...nothingRead, error }
}
const noStats: StatsRecord = {
  connections: 0n,
  packetsIn: 0n,
  packetsOut: 0n,
  bytesIn: 0n,
  bytesOut: 0n,
  connectionRate: 0n,
  packetInRate: 0n,
  packetOutRate: 0n,
  byteInRate: 0n,
  byteOutRate: 0n,
}
const noDestination: DestinationRecord = {
  family: 0,
  port: 0,
  tunnelPort: 0,
  tunnelFlags: 0,
  tunnelType: 0,
  forwarding: 0,
  weight: 0,
  upper: 0,
  lower: 0,
  address: noAddress,
}
const noDaemon: DaemonRecord = {
  role: 0,
  syncId: 0,
  maxLength: 0,
  port: 0,
  ttl: 0,
  groupFamily: 0,
  group: noAddress,
  interface: '',
}
const noConnections = { active: 0, inactive: 0, persistent: 0 }
