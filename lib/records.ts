/**
 * What crosses the seam, as numbers and address bytes: the records of native/records.h and the interface that carries them.
 * Words, defaults and opinions are not known here; how the records lie in bytes is wire.ts's.
 */

/** What the addon and the in-memory kernel of `ipvs/testing` both are: one method wide. */
export interface Session {
  /** Carries out the requests in order; one batch at a time. */
  request(batch: Uint8Array): Promise<ArrayBuffer>
  /** Resolves when the request in hand is answered and the thread has ended. Once. */
  close(): Promise<void>
}

/** IPVS_CMD_* */
export const Command = {
  newService: 1,
  setService: 2,
  delService: 3,
  getService: 4,
  newDest: 5,
  setDest: 6,
  delDest: 7,
  getDest: 8,
  getInfo: 15,
  flush: 17,
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
/** A command with what it names. Without a service it is about the whole table. */
export interface Request {
  readonly command: Command
  readonly dump?: boolean
  readonly service?: ServiceRecord
  readonly destination?: DestinationRecord
}
export interface StatsRecord {
  readonly totals: readonly bigint[]
  readonly rates: readonly bigint[]
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
/** The answer to one request: an errno with its stage, or what was read. */
export interface Reply {
  readonly error: number
  readonly stage: Stage
  readonly services: readonly ServiceEntry[]
  readonly destinations: readonly DestinationEntry[]
  readonly info?: InfoRecord
}
