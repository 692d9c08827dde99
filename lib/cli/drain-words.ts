/** What `ipvs drain` says. */
import { endpointWord, serviceWord } from './words.js'
import type { ConnectionCounts, Destination, ServiceKey } from '../types.js'

/** How a drain stands at its end. */
export interface DrainEnd {
  readonly of: ServiceKey
  readonly before: Destination
  /** undefined: it was never looked at. */
  readonly left: ConnectionCounts | undefined
  readonly elapsedMs: number
}

export function countsWords({ active, inactive, persistent }: ConnectionCounts): string {
  return `${active} active, ${inactive} inactive, ${persistent} persistent`
}

/** Whole seconds once there are any. */
export function secondsWord(ms: number): string {
  return `${ms < 1000 ? Math.floor(ms / 100) / 10 : Math.floor(ms / 1000)} s`
}

export function drainedWords(end: DrainEnd, isRemoved: boolean): string {
  const { active = 0, inactive = 0, persistent = 0 } = end.left ?? {}
  const isIdle = active + inactive + persistent === 0
  const what = isIdle ? 'drained' : `no active connection (${inactive} inactive, ${persistent} persistent)`
  return `${nameOf(end)}: ${what} after ${secondsWord(end.elapsedMs)}; ${isRemoved ? 'removed' : 'its weight stays 0'}`
}

export function deadlineWords(end: DrainEnd, restore: string | undefined): string {
  const { active = 0, inactive = 0, persistent = 0 } = end.left ?? {}
  const steps = [
    'drain it again to wait longer',
    ...(persistent > 0 ? ['set net.ipv4.vs.expire_quiescent_template=1 to send persistent clients elsewhere'] : []),
    ...stepBack(end.before, restore),
  ]
  const counts = countsWords({ active, inactive, persistent })
  return `${nameOf(end)}: ${counts} left after ${secondsWord(end.elapsedMs)}, its weight stays 0; ${steps.join(', or ')}`
}

export function interruptedWords(end: DrainEnd, restore: string | undefined): string {
  const weight = end.left ? 'its weight stays 0' : 'its weight may be 0 by now'
  return [`${nameOf(end)}: interrupted, ${weight}`, ...stepBack(end.before, restore)].join('; ')
}

function stepBack({ weight }: Destination, restore: string | undefined): string[] {
  if (weight === 0) return []
  return [`give it back weight ${weight}${restore === undefined ? '' : ` with \`${restore}\``}`]
}

/** The command that makes a server again what it was; undefined where ipvsadm has no option for that. */
export async function restoringCommand(
  of: ServiceKey,
  before: Destination,
  namespace: string | undefined,
): Promise<string | undefined> {
  const { formatRules } = await import('../ipvsadm/rules.js')
  const entry = { service: { ...of, scheduler: 'rr' }, destinations: [before] }
  try {
    const rule = formatRules([entry]).split('\n')[1]?.replace(/^-a/, '-e')
    return rule && `${namespace === undefined ? '' : `nsenter --net=${pathOf(namespace)} `}ipvs adm ${rule}`
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function pathOf(namespace: string): string {
  return namespace.startsWith('/') ? namespace : `/run/netns/${namespace}`
}

function nameOf({ of, before }: DrainEnd): string {
  return `${endpointWord(before)} of ${serviceWord(of)}`
}
