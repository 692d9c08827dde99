/** What is different between two snapshots, for those who have the first. Pure. */
import { isDeepStrictEqual } from 'node:util'
import type { ServerStatus, ServiceStatus, Status } from '../status-schema.js'
import type { ServerRow, ServiceRow, StatusChange } from './status-change.js'

/** @returns undefined where a change cannot say it: services or servers have come or gone, or are in another order. */
export function changeBetween(before: Status, after: Status, sampled: boolean): StatusChange | undefined {
  if (!isDeepStrictEqual(before.director, after.director)) return undefined
  if (!haveSameRows(before, after)) return undefined
  const services: ServiceRow[] = []
  const servers: ServerRow[] = []
  for (const [i, service] of after.services.entries()) {
    const old = before.services[i] as ServiceStatus
    if (!isSame(old, service, aside)) services.push(serviceRow(service))
    for (const [j, server] of service.servers.entries())
      if (!isSame(old.servers[j] as ServerStatus, server, sampled ? aside : restless))
        servers.push(serverRow(service, server))
  }
  const last = before.events.at(-1)?.id ?? 0
  const events = after.events.filter(({ id }) => id > last)
  return {
    time: after.time,
    ...(isDeepStrictEqual(before.problems, after.problems) ? {} : { problems: after.problems }),
    ...(isDeepStrictEqual(before.foreign, after.foreign) ? {} : { foreign: after.foreign }),
    ...(events.length === 0 ? {} : { events }),
    services,
    servers,
    sampled,
  }
}

/** Whether there is anything to tell. */
export const isNews = ({ problems, foreign, events, services, servers, sampled }: StatusChange): boolean =>
  sampled || services.length > 0 || servers.length > 0 || [problems, foreign, events].some((part) => part !== undefined)

const haveSameRows = (before: Status, after: Status): boolean =>
  haveSame(before.services, after.services, ({ service }) => service) &&
  after.services.every(({ servers }, i) => haveSame(before.services[i]?.servers ?? [], servers, ({ server }) => server))

const haveSame = <T>(before: readonly T[], after: readonly T[], nameOf: (item: T) => string): boolean =>
  before.length === after.length && after.every((item, i) => nameOf(item) === nameOf(before[i] as T))

const serviceRow = ({ servers: _, ...row }: ServiceStatus): ServiceRow => row

const serverRow = ({ service }: ServiceStatus, { history: _, ...row }: ServerStatus): ServerRow => ({ service, ...row })

/** What is no change of a row: rows of its own, what samples add, and time that passes, which who has the row can count for himself. */
const aside: ReadonlySet<string> = new Set(['servers', 'history', 'sinceMs'])
/** What is different after each check is told with each sample only. */
const restless: ReadonlySet<string> = new Set([...aside, 'latencyMs'])

/** Whether a row is the same. Its fields are plain, or a transition, which stays the same object until there is another one. */
function isSame<Row extends ServiceStatus | ServerStatus>(before: Row, after: Row, but: ReadonlySet<string>): boolean {
  for (const field in after)
    if (!but.has(field) && before[field as keyof Row] !== after[field as keyof Row]) return false
  return true
}
