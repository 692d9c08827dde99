/** Which servers of one service get clients, and how many. Pure. */
import type { Destination } from 'ipvs'
import { isOutvoted } from './agreement.js'
import type { Votes } from './agreement.js'
import type { Server, ServiceConfig } from './config.js'
import { factOf, isHeld } from './facts.js'
import type { Fact, Facts } from './facts.js'
import { failedLately } from './guard.js'
import type { Guard } from './guard.js'
import { objectName, serverName } from './names.js'

/** What is to become of a server. `asIs`: as the kernel has it, there or not. `leave`: no new clients, and out when its old ones have gone. */
export type Place = 'in' | 'asIs' | 'leave' | 'out'

/** A server and its place. */
export interface Placement {
  readonly server: Server
  readonly place: Place
  /** With the place `in`. */
  readonly weight: number
}

/** What is decided for one service. */
export interface Admission {
  readonly placements: readonly Placement[]
  /** Fewer servers are up than its quorum. */
  readonly short: boolean
  /** Time alone changes the decision then. @default never */
  readonly nextAt: number
}

/** What the decision depends on, beside configuration and facts. */
export interface Circumstances {
  /** The servers that the kernel has, by `serverName()`. */
  readonly present: ReadonlyMap<string, Destination>
  /** Whether the service was short; undefined when it is looked at for the first time. */
  readonly wasShort: boolean | undefined
  /** The guard, while it doubts the failures of late. */
  readonly guard: Guard | undefined
  /** What other directors find. */
  readonly votes: Votes
  readonly now: number
}

interface Row {
  readonly server: Server
  readonly fact: Fact
  readonly present: boolean
}

/** Decides on the servers of a service, its sorry server included. */
export function admit(service: ServiceConfig, facts: Facts, circumstances: Circumstances): Admission {
  const { servers, policy } = service
  const { present, guard, votes, now } = circumstances
  let hearsay = Infinity
  const rows = servers.map((server): Row => {
    const fact = factOf(facts, service, server)
    const there = present.has(serverName(server))
    if (guard !== undefined && failedLately(fact, guard, now))
      return { server, fact: { ...fact, health: 'up', since: undefined }, present: there }
    if (!isContested(service, server, fact, votes, now)) return { server, fact, present: there }
    hearsay = votes.until
    return { server, fact: { ...fact, health: 'unknown' }, present: there }
  })
  const short = isShort(service, rows, circumstances)
  const sorry = short && policy.whenAllDown === 'sorry'
  const staying = stayingAlthoughDown(service, rows, short, now)
  const placements = rows.map(({ server, fact }): Placement => {
    const { weight, place } = placed(service, server, fact, now)
    if (place === 'out' && staying.has(server)) return { server, place: 'asIs', weight }
    return { server, place: sorry && place === 'in' ? 'leave' : place, weight }
  })
  const fallback = policy.sorry
  return {
    placements: fallback
      ? [...placements, { server: fallback, place: sorry ? 'in' : 'leave', weight: fallback.weight }]
      : placements,
    short,
    nextAt: Math.min(
      hearsay,
      ...rows.map(({ server, fact }) => nextChange(service, server, fact, now)),
      ...doubtsEnd(service, facts, circumstances),
    ),
  }
}

/** Whether it is down for us alone where a majority is to find it so: then nothing is done about it. */
const isContested = (
  { spec, policy }: ServiceConfig,
  server: Server,
  { health }: Fact,
  votes: Votes,
  now: number,
): boolean => policy.agree === 'majority' && health === 'down' && isOutvoted(votes, objectName(spec, server), now)

const isDown = (fact: Fact, now: number) => fact.health === 'down' || (fact.health === 'up' && isHeld(fact, now))
const isUp = (fact: Fact, now: number) => fact.health === 'up' && !isHeld(fact, now)

/**
 * As long as nothing is known of any server, nothing is short. Then one of unknown health counts if it serves clients: one that is
 * not in the table helps nobody.
 */
function isShort(
  { servers, policy, complete }: ServiceConfig,
  rows: readonly Row[],
  { present, wasShort, now }: Circumstances,
): boolean {
  const { up, hysteresis } = policy.quorum
  const serves = (server: Server | undefined) =>
    server !== undefined && (present.get(serverName(server))?.weight ?? 0) > 0
  // A daemon that starts while the sorry server works goes on from there.
  const was = wasShort ?? serves(policy.sorry)
  if (!complete && rows.length === 0) return was
  const enabled = rows.filter(({ fact }) => fact.order === undefined)
  const sure = enabled.filter(({ fact }) => isUp(fact, now)).length
  if (was) return sure < Math.min(up + hysteresis, servers.length)
  const unknown = enabled.filter(({ fact }) => fact.health === 'unknown')
  if (unknown.length > 0 && !enabled.some(({ fact }) => isDown(fact, now))) return false
  return sure + unknown.filter(({ server }) => serves(server)).length < Math.min(up, servers.length)
}

/** Those that are down and stay in the table nevertheless: enough are out already, or the last ones are kept. */
function stayingAlthoughDown(
  { servers, policy }: ServiceConfig,
  rows: readonly Row[],
  short: boolean,
  now: number,
): ReadonlySet<Server> {
  const down = rows.filter(({ fact, present }) => present && fact.order === undefined && isDown(fact, now))
  if (short && policy.whenAllDown === 'keep') return new Set(down.map(({ server }) => server))
  const gone = rows.filter(({ fact, present }) => !present && fact.order === undefined && isDown(fact, now)).length
  const most = Math.max(1, Math.floor(policy.maxEjected * servers.length))
  const oldestFirst = down.sort((a, b) => (a.fact.since ?? -Infinity) - (b.fact.since ?? -Infinity))
  return new Set(oldestFirst.slice(Math.max(0, most - gone)).map(({ server }) => server))
}

function placed({ policy }: ServiceConfig, server: Server, fact: Fact, now: number): { place: Place; weight: number } {
  const weight = weightOf(policy, server, fact, now)
  if (fact.order !== undefined) return { place: fact.order === 'drain' ? 'leave' : 'out', weight }
  if (isDown(fact, now)) return { place: 'out', weight }
  return { place: fact.health === 'up' ? 'in' : 'asIs', weight }
}

/** A slow start takes at most so many steps: each is a write. */
const mostSteps = 10

/** The configured weight, or what the check asked for if that is less; while it starts slowly a part of that. */
function weightOf(policy: ServiceConfig['policy'], server: Server, fact: Fact, now: number): number {
  const full = fullWeight(policy, server, fact)
  const start = slowStart(policy, full, fact, now)
  return start === undefined ? full : Math.max(1, Math.floor((full * start.step) / start.steps))
}

const fullWeight = ({ weightFromCheck }: ServiceConfig['policy'], { weight }: Server, fact: Fact): number =>
  weightFromCheck && fact.weight !== undefined ? Math.min(weight, Math.floor(fact.weight)) : weight

/** How far a slow start has come, and when it goes on; undefined when there is none, or no more. */
function slowStart({ slowStartMs }: ServiceConfig['policy'], full: number, { since }: Fact, now: number) {
  if (slowStartMs === 0 || since === undefined || now - since >= slowStartMs || full < 2) return undefined
  const steps = Math.min(full, mostSteps)
  const step = Math.floor(((now - since) * steps) / slowStartMs)
  return { steps, step, nextAt: since + (slowStartMs * (step + 1)) / steps }
}

/** When time alone changes the place or the weight of a server. */
function nextChange({ policy }: ServiceConfig, server: Server, fact: Fact, now: number): number {
  if (fact.order !== undefined || fact.health !== 'up') return Infinity
  if (isHeld(fact, now)) return fact.heldUntil ?? Infinity
  return slowStart(policy, fullWeight(policy, server, fact), fact, now)?.nextAt ?? Infinity
}

/** When failures that are doubted now are believed. */
function doubtsEnd(service: ServiceConfig, facts: Facts, { guard, now }: Circumstances): readonly number[] {
  if (guard === undefined) return []
  return service.servers
    .map((server) => factOf(facts, service, server))
    .filter((fact) => failedLately(fact, guard, now))
    .map(({ since }) => (since ?? now) + guard.holdMs)
}
