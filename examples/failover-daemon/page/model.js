/**
 * The snapshot as the page keeps it. Pure: nothing is written to, and what has not changed stays the same object, so that whoever
 * shows it looks only at what is another one.
 * @import { EventStatus, Status } from '../src/status-schema.js'
 * @import { StatusChange } from '../src/web/status-change.js'
 */

/** Five minutes, a value every five seconds. */
const historyLength = 60
const eventsKept = 100

/**
 * A whole snapshot, with the objects of the one before wherever they say the same.
 * @param {Status | undefined} before @param {Status} after @returns {Status}
 */
export function renewed(before, after) {
  return share(before, after)
}

/**
 * The snapshot after a change. Rows that it does not have are not its business: a whole snapshot follows when servers come or go.
 * @param {Status} status @param {StatusChange} change @returns {Status}
 */
export function changed(status, change) {
  const { time, problems, foreign, events = [], sampled } = change
  const services = new Map(change.services.map((row) => [row.service, row]))
  const servers = new Map(change.servers.map((row) => [keyOfServer(row.service, row), row]))
  const after = {
    ...status,
    time,
    problems: problems ?? status.problems,
    foreign: foreign ?? status.foreign,
    events: withNew(status.events, events),
    services: status.services.map((service) => ({
      ...(services.get(service.service) ?? service),
      servers: service.servers.map((server) => {
        const { service: _service, ...row } = servers.get(keyOfServer(service.service, server)) ?? {
          ...server,
          service: '',
        }
        return { ...row, history: sampled ? sampledHistory(server.history, row.connectionsPerSecond) : server.history }
      }),
    })),
  }
  return share(status, after)
}

/** @param {string} service @param {{ readonly server: string }} server */
const keyOfServer = (service, { server }) => `${service} ${server}`

/** @param {readonly EventStatus[]} known @param {readonly EventStatus[]} events */
function withNew(known, events) {
  const last = known.at(-1)?.id ?? -1
  return [...known, ...events.filter(({ id }) => id > last)].slice(-eventsKept)
}

/** Before the second sample there is nothing to add. @param {readonly number[]} history @param {number | undefined} rate */
function sampledHistory(history, rate) {
  if (rate === undefined && history.length === 0) return history
  return [...history, rate ?? 0].slice(-historyLength)
}

/**
 * `after`, made of parts of `before` wherever they are equal. Members of lists are the same if their names are.
 * @template T @param {unknown} before @param {T} after @returns {T}
 */
function share(before, after) {
  if (before === after) return after
  if (Array.isArray(after)) return Array.isArray(before) ? shareList(before, after) : after
  if (!isRecord(before) || !isRecord(after)) return after
  const keys = Object.keys(after)
  const shared = Object.fromEntries(keys.map((key) => [key, share(before[key], after[key])]))
  const same = Object.keys(before).length === keys.length && keys.every((key) => Object.is(before[key], shared[key]))
  return /** @type {T} */ (same ? before : shared)
}

/** @template T @param {readonly unknown[]} before @param {T & readonly unknown[]} after @returns {T} */
function shareList(before, after) {
  const known = new Map(before.map((item, i) => [nameOf(item, i), item]))
  const shared = after.map((item, i) => share(known.get(nameOf(item, i)), item))
  const same = before.length === shared.length && shared.every((item, i) => Object.is(item, before[i]))
  return /** @type {T} */ (same ? before : shared)
}

/** What an event, a server or a service is called among its like. @param {unknown} item @param {number} place */
function nameOf(item, place) {
  return isRecord(item) ? (item.id ?? item.server ?? item.service) : place
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isRecord = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
