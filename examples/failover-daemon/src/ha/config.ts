/** What `ha:` of the file means, with the defaults that depend on the rest of it. */
import { isIPv4 } from 'node:net'
import type { VirtualService } from '../config.js'
import type { HaShape } from './schema.js'

/** How this director shares its VIPs with others. */
export interface HaConfig {
  /** Where adverts go, and VIPs are added. */
  readonly interface: string
  readonly routerId: number
  /** 101 to 150: the upper band of what keepalived announces (standing.ts). */
  readonly priority: number
  /** The one that adverts carry first. */
  readonly vips: readonly [string, ...string[]]
  /** Who is told by unicast; multicast where there is none. */
  readonly peers: readonly string[]
  readonly advertIntervalMs: number
  readonly preempt: boolean
  readonly graceMs: number
  readonly stallMs: number
  /** The sync daemons of the kernel; undefined: they are not ours. */
  readonly sync: SyncConfig | undefined
  readonly runDirectory: string
  /** Where keepalived reads what it is to do. */
  readonly include: string
}

export interface SyncConfig {
  readonly interface: string
  readonly id: number
}

/** The configuration of a file that has no mistakes. */
export function haConfig(shape: HaShape, services: readonly VirtualService[]): HaConfig {
  const { interface: device, routerId, advertInterval, grace, stall, sync, ...rest } = shape
  const peers = shape.peers.map(({ address }) => address)
  const vips = shape.vips?.map(({ address }) => address) ?? services.map(({ address }) => address)
  return {
    ...rest,
    interface: device,
    routerId,
    vips: inOrder([...new Set(vips)], peers),
    peers,
    advertIntervalMs: advertInterval,
    graceMs: grace,
    stallMs: stall,
    sync: sync && { interface: sync.interface ?? device, id: sync.id ?? routerId },
  }
}

/**
 * keepalived drops the adverts of a master whose addresses are others than its own, and then both are masters. So adverts carry one
 * address, and which one it is does not depend on how a file puts them: of the family that the peers have, else IPv4 first.
 */
function inOrder(vips: readonly string[], peers: readonly string[]): readonly [string, ...string[]] {
  const v4 = peers[0] === undefined || isIPv4(peers[0])
  const [first, ...others] = [...vips].sort(
    (a, b) => Number(isIPv4(b) === v4) - Number(isIPv4(a) === v4) || order(a, b),
  )
  if (first === undefined) throw new Error('a configuration without services')
  return [first, ...others]
}

const order = (a: string, b: string) => (a < b ? -1 : 1)
