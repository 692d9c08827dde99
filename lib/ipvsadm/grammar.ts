/** Arguments -> a command with its records. The order of the options counts, as it does for ipvsadm. */
import { isMulticast, noAddress, parseAddress } from '../address.js'
import { AF_INET, AF_INET6, ServiceFlag, type DaemonRecord, type DestinationRecord } from '../records.js'
import type { ServiceRecord, TimeoutsRecord } from '../records.js'
import { checksums, daemonRoles, forwardings, protocols, tunnelTypes } from '../words.js'
import { parseEndpoint, type Names } from './endpoints.js'
import { Failure, refusedStatus } from './failure.js'
import { checkLegal, refuseConflict } from './legal.js'
import { parseIPv4, parseNumber } from './numbers.js'
import { commandName, commandWords, legalOptions, legalTunnelOptions, optionNames } from './options.js'
import type { CommandWord, OptionName } from './options.js'
import { readArguments, type Arguments, type Given } from './popt.js'
import { schedulerFlagsOf } from './scheduler-flags.js'

/** One command, with what it is about. What an option did not set has ipvsadm's default. */
export interface Command {
  readonly command: CommandWord
  readonly given: ReadonlySet<OptionName>
  readonly service: ServiceRecord
  readonly destination: DestinationRecord
  readonly daemon: DaemonRecord
  readonly timeouts: TimeoutsRecord
}

/** 31 days, in seconds. */
const maxTimeout = 2678400
const int32 = 0x7fffffff
const defaultScheduler = 'wlc'
const defaultInterface = 'eth0'
const defaultPersistence = 360
/** IP_VS_SCHEDNAME_MAXLEN, IP_VS_IFNAME_MAXLEN, IP_VS_PENAME_MAXLEN, without the NUL. */
const maxName = 15

/** Throws Failure. */
export async function parseCommand(words: readonly string[], names: Names): Promise<Command> {
  const read = readArguments(words)
  const [first, ...rest] = read.options
  const command = commandWords.find(({ long }) => long === first?.word)?.long
  if (!first || !command) throw tryHelp()
  const draft = new Draft(command, names)
  if (command === 'start-daemon' || command === 'stop-daemon') draft.setRole(first.value ?? '')
  if (command === 'help' || command === 'version') return draft.command
  for (const option of rest) await draft.set(option)
  return draft.finish(read)
}

export function tryHelp(): Failure {
  return new Failure("Try `ipvsadm -h' or 'ipvsadm --help' for more information.", refusedStatus)
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** A command while its options are read. */
class Draft {
  readonly #names: Names
  readonly #given = new Set<OptionName>()
  readonly command: Command
  readonly #service: Mutable<ServiceRecord> = {
    ...{ family: 0, protocol: 0, port: 0, firewallMark: 0, flags: 0, timeout: 0 },
    ...{ netmask: 0xffffffff, address: noAddress, scheduler: '', engine: '' },
  }
  readonly #destination: Mutable<DestinationRecord> = {
    ...{ family: 0, port: 0, tunnelPort: 0, tunnelFlags: 0, tunnelType: 0 },
    ...{ forwarding: methods.gatewaying, weight: 1, upper: 0, lower: 0, address: noAddress },
  }
  readonly #daemon: Mutable<DaemonRecord> = {
    ...{ role: 0, syncId: 0, maxLength: 0, port: 0, ttl: 0, groupFamily: 0, group: noAddress, interface: '' },
  }
  readonly #timeouts: Mutable<TimeoutsRecord> = { tcp: 0, tcpFin: 0, udp: 0 }
  #schedulerFlags = ''

  constructor(command: CommandWord, names: Names) {
    this.#names = names
    this.command = {
      command,
      given: this.#given,
      service: this.#service,
      destination: this.#destination,
      daemon: this.#daemon,
      timeouts: this.#timeouts,
    }
  }

  setRole(word: string): void {
    if (word !== 'master' && word !== 'backup') {
      throw new Failure(
        this.command.command === 'start-daemon'
          ? 'illegal start-daemon parameter specified'
          : 'illegal start_daemon specified',
      )
    }
    this.#daemon.role = daemonRoles.number(word) ?? 0
  }

  async set({ word, value, last }: Given): Promise<void> {
    const text = value ?? ''
    switch (word) {
      case 'tcp-service':
        return this.#setService('tcp', text)
      case 'udp-service':
        return this.#setService('udp', text)
      case 'sctp-service':
        return this.#setService('sctp', text)
      case 'fwmark-service':
        return this.#setMark(text)
      case 'scheduler':
        this.#give('scheduler')
        this.#service.scheduler = shortened(text)
        return
      case 'persistent':
        this.#give('persistent')
        this.#service.flags |= ServiceFlag.persistent
        this.#service.timeout = value === undefined ? defaultPersistence : timeout(value, 1)
        return
      case 'netmask':
        return this.#setNetmask(text)
      case 'real-server':
        return this.#setServer(text)
      case 'masquerading':
      case 'ipip':
      case 'gatewaying':
        this.#give('forwarding-method')
        this.#destination.forwarding = methods[word]
        return
      case 'weight':
        this.#destination.weight = this.#number('weight', text, 0, int32, 'illegal weight specified')
        return
      case 'u-threshold':
        this.#destination.upper = this.#number('u-threshold', text, 0, int32, 'illegal u_threshold specified')
        return
      case 'l-threshold':
        this.#destination.lower = this.#number('l-threshold', text, 0, int32, 'illegal l_threshold specified')
        return
      case 'syncid':
        this.#daemon.syncId = this.#number('syncid', text, 0, 255, 'illegal syncid specified')
        return
      case 'mcast-port':
        this.#daemon.port = this.#number('mcast-port', text, 1, 65535, 'illegal mcast-port specified')
        return
      case 'mcast-ttl':
        this.#daemon.ttl = this.#number('mcast-ttl', text, 1, 255, 'illegal mcast-ttl specified')
        return
      case 'sync-maxlen':
        this.#daemon.maxLength = this.#number('sync-maxlen', text, 1, 65507, 'illegal sync-maxlen specified')
        return
      case 'tun-port':
        this.#destination.tunnelPort = this.#number('tun-port', text, 1, 65535, 'illegal tunnel port specified')
        return
      case 'mcast-interface':
        this.#give('mcast-interface')
        this.#daemon.interface = shortened(text)
        return
      case 'mcast-group':
        return this.#setGroup(text)
      case 'ipv6':
        if (this.#service.firewallMark === 0) throw new Failure('-6 used before -f\n')
        this.#service.family = AF_INET6
        this.#service.netmask = 128
        return
      case 'ops':
        this.#give('ops')
        this.#service.flags |= ServiceFlag.onePacket
        return
      case 'pe':
        this.#give('pe')
        this.#service.engine = shortened(text)
        return
      case 'sched-flags':
        this.#give('sched-flags')
        this.#schedulerFlags = text
        return
      case 'tun-type':
        this.#give('tun-type')
        if (!Object.hasOwn(legalTunnelOptions, text)) throw new Failure('illegal tunnel type specified')
        this.#destination.tunnelType = tunnelTypes.number(text) ?? 0
        return
      case 'tun-nocsum':
      case 'tun-csum':
      case 'tun-remcsum':
        this.#give(word)
        this.#destination.tunnelFlags |= tunnelChecksums[word]
        return
      case 'numeric':
      case 'connection':
      case 'timeout':
      case 'daemon':
      case 'stats':
      case 'rate':
      case 'thresholds':
      case 'persistent-conn':
      case 'nosort':
      case 'exact':
      case 'tun-info':
      case 'atomic':
        return this.#give(word)
      case 'sort':
        return
      default:
        throw new Failure(`invalid option \`${last}'`)
    }
  }

  /** What can be told only when all options are read. */
  finish({ others, error }: Arguments): Command {
    if (error) throw new Failure(`${error.last}: ${error.text}`, refusedStatus, true)
    const unexpected = this.command.command === 'set' ? this.#setTimeouts(others) : others[0]
    if (unexpected !== undefined) throw new Failure(`unexpected argument ${unexpected}`)
    if (this.#schedulerFlags !== '') {
      this.#service.flags |= schedulerFlagsOf(this.#service.scheduler || defaultScheduler, this.#schedulerFlags)
    }
    const { command } = this.command
    checkLegal(legalOptions[command], this.#given, optionNames, `the '${commandName(command)}' command`)
    if (command === 'add-service' || command === 'edit-service') this.#finishService()
    if (command === 'start-daemon') this.#daemon.interface ||= defaultInterface
    if (command === 'add-server' || command === 'edit-server') this.#finishServer()
    if (command === 'list') refuseConflict(this.#given)
    return this.command
  }

  #give(option: OptionName): void {
    if (this.#given.has(option)) throw new Failure(`multiple '${option}' options specified`)
    this.#given.add(option)
  }

  #number(option: OptionName, text: string, min: number, max: number, problem: string): number {
    this.#give(option)
    const number = parseNumber(text, min, max)
    if (number === undefined) throw new Failure(problem)
    return number
  }

  async #setService(protocol: 'tcp' | 'udp' | 'sctp', text: string): Promise<void> {
    this.#give('service-address')
    this.#service.protocol = protocols.number(protocol) ?? 0
    const found = await parseEndpoint(text, this.#service.protocol, this.#names)
    if (!found) throw new Failure('illegal virtual server address[:port] specified')
    const { family, address, port } = found
    Object.assign(this.#service, { family, address, ...(port === undefined ? {} : { port }) })
    if (family === AF_INET6) this.#service.netmask = 128
  }

  #setMark(text: string): void {
    this.#give('service-address')
    const mark = parseNumber(text, 1, 0xffffffff)
    if (mark === undefined) throw new Failure(`invalid fwmark value \`${text}' specified`)
    Object.assign(this.#service, { family: AF_INET, protocol: protocols.number('tcp') ?? 0, firewallMark: mark })
  }

  async #setNetmask(text: string): Promise<void> {
    this.#give('netmask')
    if (this.#service.family === AF_INET6) {
      const length = Number.parseInt(text, 10)
      if (!(length >= 1 && length <= 128)) throw new Failure('illegal ipv6 netmask specified')
      this.#service.netmask = length
      return
    }
    const mask = parseIPv4(text) ?? (await this.#names.addressOf(text))
    if (!mask) throw new Failure('illegal virtual server persistent mask specified')
    this.#service.netmask = new DataView(mask.buffer, mask.byteOffset).getUint32(0)
  }

  async #setServer(text: string): Promise<void> {
    this.#give('real-server')
    const found = await parseEndpoint(text, this.#service.protocol, this.#names)
    if (!found) throw new Failure('illegal real server address[:port] specified')
    const { family, address, port = this.#service.port } = found
    Object.assign(this.#destination, { family, address, port })
  }

  #setGroup(text: string): void {
    this.#give('mcast-group')
    const isIPv6 = text.includes(':')
    const ip = parseAddress(text)
    if (!ip || !isMulticast(ip) || (ip.family === AF_INET6) !== isIPv6) {
      throw new Failure(`invalid IPv${isIPv6 ? 6 : 4} mcast-group \`${text}'`)
    }
    Object.assign(this.#daemon, { groupFamily: ip.family, group: ip.address })
  }

  /** The first word that is too much. */
  #setTimeouts([tcp, tcpFin, udp, more]: readonly string[]): string | undefined {
    if (tcp === undefined || tcpFin === undefined || udp === undefined) {
      throw new Failure('--set option requires 3 timeout values')
    }
    Object.assign(this.#timeouts, { tcp: timeout(tcp, 0), tcpFin: timeout(tcpFin, 0), udp: timeout(udp, 0) })
    return more
  }

  #finishService(): void {
    const { firewallMark, port, flags, protocol } = this.#service
    if (firewallMark === 0 && port === 0 && !(flags & ServiceFlag.persistent)) {
      throw new Failure('Zero port specified for non-persistent service')
    }
    if (firewallMark === 0 && flags & ServiceFlag.onePacket && protocol !== protocols.number('udp')) {
      throw new Failure('One-Packet Scheduling is only for UDP virtual services')
    }
    this.#service.scheduler ||= defaultScheduler
  }

  #finishServer(): void {
    const isTunnel = this.#destination.forwarding === methods.ipip
    // Neither tunnels nor direct routing change a port.
    if (this.#service.firewallMark === 0 && this.#destination.forwarding !== methods.masquerading) {
      this.#destination.port = this.#service.port
    }
    if (this.#destination.family !== this.#service.family && !isTunnel) {
      throw new Failure('Different address family is allowed only for tunneling servers')
    }
    const tunnelOptions = ['tun-type', 'tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum'] as const
    if (!isTunnel && tunnelOptions.some((option) => this.#given.has(option))) {
      throw new Failure('Tunnel options conflict with forward method')
    }
    const type = tunnelTypes.word(this.#destination.tunnelType) as keyof typeof legalTunnelOptions
    checkLegal(legalTunnelOptions[type], this.#given, tunnelOptions.slice(1), `the '${type}' tunnel type`)
  }
}

const methods = {
  masquerading: forwardings.number('masquerade') ?? 0,
  ipip: forwardings.number('tunnel') ?? 0,
  gatewaying: forwardings.number('direct') ?? 0,
} as const

const tunnelChecksums = {
  'tun-nocsum': checksums.number('none') ?? 0,
  'tun-csum': checksums.number('full') ?? 0,
  'tun-remcsum': checksums.number('remote') ?? 0,
} as const

/** As much of a name as the kernel holds. */
function shortened(name: string): string {
  return Buffer.from(name, 'utf8').subarray(0, maxName).toString('latin1')
}

function timeout(text: string, min: number): number {
  const seconds = parseNumber(text, min, maxTimeout)
  if (seconds === undefined) throw new Failure(`invalid timeout value \`${text}' specified`)
  return seconds
}
