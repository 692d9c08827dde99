/** Services and destinations as they stand in the bytes of a reply: what nobody asks for is never made of them, row after row. */
import { little } from './layout.js'
import { getAddress, getCount, getDestination, getService, getStats } from './hot-records.js'
import { AF_INET, type DestinationEntry, type DestinationRecord, type ServiceEntry } from './records.js'
import type { ServiceRecord, StatsRecord } from './records.js'
import type { Host } from './address.js'
import type { Counters } from './types.js'

/** Its counters keep the whole reply in memory. */
export class ServiceRow implements ServiceEntry {
  readonly service: ServiceRecord

  /** At `at` of a reply there is a ServiceEntry. */
  constructor(
    private readonly view: DataView,
    private readonly at: number,
  ) {
    this.service = getService(view, at)
  }

  get stats(): StatsRecord {
    return getStats(this.view, this.at + 72)
  }

  get total(): Counters<bigint> {
    return getTotal(this.view, this.at + 72)
  }

  get rate(): Counters<number> {
    return getRate(this.view, this.at + 72)
  }
}

/** Keeps the whole reply in memory. */
export class DestinationRow implements DestinationEntry, Host {
  readonly family: number
  readonly quad: number | undefined

  /** At `at` of a reply there is a DestinationEntry. */
  constructor(
    private readonly view: DataView,
    private readonly at: number,
    family: number = view.getUint16(at, little),
  ) {
    this.family = family
    this.quad = family === AF_INET ? view.getInt32(at + 28) : undefined
  }

  withFamily(family: number): DestinationRow {
    return new DestinationRow(this.view, this.at, family)
  }

  get destination(): DestinationRecord {
    return { ...getDestination(this.view, this.at), family: this.family }
  }

  get address(): Uint8Array {
    return getAddress(this.view, this.at + 28)
  }

  get port(): number {
    return this.view.getUint16(this.at + 2, little)
  }

  get tunnelPort(): number {
    return this.view.getUint16(this.at + 4, little)
  }

  get tunnelFlags(): number {
    return this.view.getUint16(this.at + 6, little)
  }

  get tunnelType(): number {
    return this.view.getUint32(this.at + 8, little)
  }

  get forwarding(): number {
    return this.view.getUint32(this.at + 12, little)
  }

  get weight(): number {
    return this.view.getInt32(this.at + 16, little)
  }

  get upper(): number {
    return this.view.getUint32(this.at + 20, little)
  }

  get active(): number {
    return this.view.getUint32(this.at + 44, little)
  }

  get inactive(): number {
    return this.view.getUint32(this.at + 48, little)
  }

  get persistent(): number {
    return this.view.getUint32(this.at + 52, little)
  }

  get stats(): StatsRecord {
    return getStats(this.view, this.at + 56)
  }

  get total(): Counters<bigint> {
    return getTotal(this.view, this.at + 56)
  }

  get rate(): Counters<number> {
    return getRate(this.view, this.at + 56)
  }
}

// Of the Stats at `at`.

function getTotal(view: DataView, at: number): Counters<bigint> {
  return {
    connections: getCount(view, at),
    packetsIn: getCount(view, at + 8),
    packetsOut: getCount(view, at + 16),
    bytesIn: getCount(view, at + 24),
    bytesOut: getCount(view, at + 32),
  }
}

function getRate(view: DataView, at: number): Counters<number> {
  return {
    connections: getNumber(view, at + 40),
    packetsIn: getNumber(view, at + 48),
    packetsOut: getNumber(view, at + 56),
    bytesIn: getNumber(view, at + 64),
    bytesOut: getNumber(view, at + 72),
  }
}

const [lowHalf, highHalf] = little ? [0, 4] : [4, 0]

/** A rate: far below what a number holds exactly, and mostly what V8 keeps without an object. */
function getNumber(view: DataView, at: number): number {
  const low = view.getInt32(at + lowHalf, little)
  const high = view.getInt32(at + highHalf, little)
  return high === 0 && low >= 0 ? low : (high >>> 0) * 2 ** 32 + (low >>> 0)
}
