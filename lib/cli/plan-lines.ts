/** A plan as people read it. */
import { sortByName } from './order.js'
import { changeLines, kindOf, nameOf, type ChangeKind } from './plan-words.js'
import { serviceWord } from './words.js'
import type { Paint } from '../command-line/style.js'
import type { Change, ObjectKey, Plan } from '../plan.js'

/** Changes by service, then what is foreign; the last line counts. */
export function showPlan(plan: Plan, paint: Paint): string[] {
  const groups = sortByName([...groupsOf(plan.changes)], nameOfGroup).flatMap(([service, { own, servers }]) => [
    ...(own ? changeLines(own, service, paint) : [`  ${service}`]),
    ...servers.flatMap((change) => changeLines(change, nameOf(change), paint)).map((line) => `  ${line}`),
    '',
  ])
  return [...groups, ...foreignLines(plan.foreign, paint), summaryOf(plan)]
}

/** How many services and servers it comes to: a service that is removed takes its servers with it. */
export function countChanges(changes: readonly Change[]): Readonly<Record<ChangeKind, number>> {
  const counts = { add: 0, update: 0, remove: 0 }
  for (const change of changes) {
    counts[kindOf(change)] += change.type === 'removeService' ? 1 + change.destinations.length : 1
  }
  return counts
}

function summaryOf({ changes, foreign }: Plan): string {
  const { add, update, remove } = countChanges(changes)
  const todo = changes.length === 0 ? 'nothing to do' : `${add} to add, ${update} to change, ${remove} to remove`
  const strangers = byService(foreign).size
  return strangers === 0 ? todo : `${todo}; ${countOf(strangers, 'foreign service')} left alone`
}

function foreignLines(foreign: readonly ObjectKey[], paint: Paint): string[] {
  if (foreign.length === 0) return []
  return [
    paint('dim', 'foreign, which --prune would remove:'),
    ...sortByName([...byService(foreign)], nameOfGroup).map(([service, servers]) =>
      paint('dim', `  ${service}, ${countOf(servers, 'server')}`),
    ),
    '',
  ]
}

/** How many servers of each service are foreign. */
function byService(foreign: readonly ObjectKey[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { service, destination } of foreign) {
    const word = serviceWord(service)
    counts.set(word, (counts.get(word) ?? 0) + (destination ? 1 : 0))
  }
  return counts
}

type OfServer = Extract<Change, { of: unknown }>
interface Group {
  own?: Change
  readonly servers: OfServer[]
}

/** The change of each service itself, and those of its servers in the order of the plan. */
function groupsOf(changes: readonly Change[]): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>()
  for (const change of changes) {
    const service = serviceWord('of' in change ? change.of : change.service)
    const group = groups.get(service) ?? { servers: [] }
    groups.set(service, group)
    if ('of' in change) group.servers.push(change)
    else group.own = change
  }
  return groups
}

function nameOfGroup([name]: readonly [string, unknown]): string {
  return name
}

function countOf(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`
}
