/**
 * What needs a person. Pure.
 * @import { ServerStatus, ServiceStatus, Status } from '../src/status-schema.js'
 * @import { ConnectionState } from './connection.js'
 */
import { plural } from './words.js'

/** Out because of what it does, not because an operator said so. @param {ServerStatus} server */
export const isOut = ({ state }) => state === 'failed' || state === 'offline' || state === 'flapping'

/** Named by the configuration, not only in the kernel beside those. @param {ServerStatus} server */
export const isConfigured = ({ state }) => state !== 'leaving' && state !== 'sorry' && state !== 'foreign'

/** @param {ServiceStatus} service */
export const isInTrouble = ({ short, present }) => short || !present

/**
 * One line of the banner.
 * @typedef {{ readonly key: string, readonly text: string, readonly service?: string }} Need
 */

/** What the banner tells, the worst first. @param {Status} status @returns {readonly Need[]} */
export function needsOf({ problems, services }) {
  return [
    ...problems.map((text) => ({ key: text, text })),
    ...services.flatMap(({ service, short, present, online, quorum }) => [
      ...(short
        ? [
            {
              key: `short ${service}`,
              service,
              text: `${service} is below its quorum: ${online} online, ${quorum} needed`,
            },
          ]
        : []),
      ...(present ? [] : [{ key: `absent ${service}`, service, text: `${service} is not in the kernel` }]),
    ]),
  ]
}

/** The figures at the top. @param {Status} status */
export function figuresOf({ services }) {
  const servers = services.flatMap((service) => service.servers)
  const rates = services.flatMap(({ connectionsPerSecond: rate }) => (rate === undefined ? [] : [rate]))
  return {
    services: services.length,
    inTrouble: services.filter(isInTrouble).length,
    servers: servers.filter(isConfigured).length,
    online: services.reduce((sum, { online }) => sum + online, 0),
    out: servers.filter(isOut).length,
    rate: rates.length === 0 ? undefined : rates.reduce((sum, rate) => sum + rate, 0),
    active: servers.reduce((sum, { active }) => sum + active, 0),
  }
}

/** The state at a glance, for the title of the document. @param {Status | undefined} status @param {ConnectionState} connection */
export function titleOf(status, connection) {
  if (status === undefined) return connection === 'lost' ? 'no connection · IPVS director' : 'IPVS director'
  return `${connection === 'lost' ? 'connection lost' : glanceOf(status)} · ${status.director.host}`
}

/** @param {Status} status */
function glanceOf(status) {
  const needs = needsOf(status).length
  if (needs > 0) return plural(needs, 'problem')
  const { out } = figuresOf(status)
  return out > 0 ? `${plural(out, 'server')} out` : 'all well'
}
