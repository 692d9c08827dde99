/**
 * What crosses the seam, as numbers and address bytes: the records of native/records.h and the interface that carries them.
 * Words, defaults and opinions are not known here; how the records lie in bytes is wire.ts's.
 */
import type { DestinationRow, ServiceRow } from './rows.js'

/** What the addon and the in-memory kernel of `ipvs/testing` both are: one method wide. */
export interface Session {
  /**
   * Carries out the requests in order; one batch at a time. Gives their replies, null where each succeeded without records; no
   * promise where they are there already. The bytes of the batch may be written anew as soon as it returns.
   */
  request(batch: Uint8Array): Promise<ArrayBuffer | null> | ArrayBuffer | null
  /** Resolves when the request in hand is answered and the thread has ended. Once. */
  close(): Promise<void>
}

/** IPVS_CMD_*, and from 256 on what the handle's thread carries out by itself (native/records.h, Local). */
export const Command = {
  newService: 1,
  setService: 2,
  delService: 3,
  getService: 4,
  newDest: 5,
  setDest: 6,
  delDest: 7,
  getDest: 8,
  newDaemon: 9,
  delDaemon: 10,
  getDaemon: 11,
  setConfig: 12,
  getConfig: 13,
  getInfo: 15,
  zero: 16,
  flush: 17,
  readSysctls: 256,
  tellThread: 257,
} as const
export type Command = (typeof Command)[keyof typeof Command]

/** Linux's address families. */
export const AF_INET = 2
export const AF_INET6 = 10

/** IP_VS_SVC_F_* */
export const ServiceFlag = {
  persistent: 1,
  hashed: 2,
  onePacket: 4,
  scheduler1: 8,
  scheduler2: 16,
  scheduler3: 32,
} as const

/** Where an error comes from: native/records.h, Stage. */
export const Stage = { kernel: 0, namespace: 1, socket: 2, family: 3, answer: 4 } as const
export type Stage = (typeof Stage)[keyof typeof Stage]

export interface ServiceRecord {
  readonly family: number
  readonly protocol: number
  readonly port: number
  readonly firewallMark: number
  readonly flags: number
  readonly timeout: number
  readonly netmask: number
  readonly address: Uint8Array
  readonly scheduler: string
  readonly engine: string
}
export interface DestinationRecord {
  readonly family: number
  readonly port: number
  readonly tunnelPort: number
  readonly tunnelFlags: number
  readonly tunnelType: number
  readonly forwarding: number
  readonly weight: number
  readonly upper: number
  readonly lower: number
  readonly address: Uint8Array
}
/** A daemon that synchronizes connections. What is 0 is the kernel's choice. */
export interface DaemonRecord {
  /** IP_VS_STATE_MASTER, IP_VS_STATE_BACKUP. */
  readonly role: number
  readonly syncId: number
  readonly maxLength: number
  readonly port: number
  readonly ttl: number
  /** Of the multicast group; 0: none given. */
  readonly groupFamily: number
  readonly group: Uint8Array
  readonly interface: string
}
/** Seconds; 0 in a request: keep. */
export interface TimeoutsRecord {
  readonly tcp: number
  readonly tcpFin: number
  readonly udp: number
}
/** A command with what it names. Without a service it is about the whole table. */
export interface Request {
  readonly command: Command
  readonly dump?: boolean
  readonly service?: ServiceRecord
  readonly destination?: DestinationRecord
  readonly daemon?: DaemonRecord
  readonly timeouts?: TimeoutsRecord
}
export interface StatsRecord {
  readonly connections: bigint
  readonly packetsIn: bigint
  readonly packetsOut: bigint
  readonly bytesIn: bigint
  readonly bytesOut: bigint
  readonly connectionRate: bigint
  readonly packetInRate: bigint
  readonly packetOutRate: bigint
  readonly byteInRate: bigint
  readonly byteOutRate: bigint
}
export interface ServiceEntry {
  readonly service: ServiceRecord
  readonly stats: StatsRecord
}
export interface DestinationEntry {
  readonly destination: DestinationRecord
  readonly active: number
  readonly inactive: number
  readonly persistent: number
  readonly stats: StatsRecord
}
export interface InfoRecord {
  readonly version: number
  readonly connectionTableSize: number
}
/** One of net.ipv4.vs.* */
export interface SysctlRecord {
  readonly name: string
  readonly value: string
}
export interface ThreadRecord {
  /** As /proc numbers it. 0: not a kernel's. */
  readonly id: number
}
/** What can be read. A reply holds one kind of it. */
export interface Records {
  readonly services: readonly ServiceEntry[]
  readonly destinations: readonly DestinationEntry[]
  readonly infos: readonly InfoRecord[]
  readonly daemons: readonly DaemonRecord[]
  readonly timeouts: readonly TimeoutsRecord[]
  readonly sysctls: readonly SysctlRecord[]
  readonly threads: readonly ThreadRecord[]
}
/** The answer to one request: an errno with its stage, or what was read. */
export interface Answer extends Records {
  readonly error: number
  readonly stage: Stage
}
/** The same as it is read from the bytes of a batch's replies. */
export interface Reply extends Answer {
  readonly services: readonly ServiceRow[]
  readonly destinations: readonly DestinationRow[]
}

/** A reply without records. */
export const nothingRead: Reply = {
  error: 0,
  stage: Stage.kernel,
  services: [],
  destinations: [],
  infos: [],
  daemons: [],
  timeouts: [],
  sysctls: [],
  threads: [],
}
