/**
 * Which services and servers are shown. Pure.
 * @import { ServerStatus, ServiceStatus } from '../src/status-schema.js'
 */
import { isInTrouble, isOut } from './attention.js'

/**
 * Words that must all be found, and whether only what needs attention is shown.
 * @typedef {{ readonly text: string, readonly attention: boolean }} Filter
 */

/** As it stands in the address of the page. @param {string} hash @returns {Filter} */
export function filterOf(hash) {
  const fields = new URLSearchParams(hash.replace(/^#/, ''))
  return { text: fields.get('filter') ?? '', attention: fields.has('attention') }
}

/** @param {Filter} filter */
export function hashOf({ text, attention }) {
  const fields = new URLSearchParams({
    ...(text === '' ? {} : { filter: text }),
    ...(attention ? { attention: 'only' } : {}),
  })
  return fields.size === 0 ? '' : `#${fields}`
}

/** Whether it shows everything. @param {Filter} filter */
export const isOpen = ({ text, attention }) => text.trim() === '' && !attention

/**
 * The servers that are shown, by the names of the services that are.
 * @param {readonly ServiceStatus[]} services @param {Filter} filter @returns {ReadonlyMap<string, ReadonlySet<string>>}
 */
export function shownOf(services, filter) {
  const words = filter.text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  /** @param {string} text */
  const has = (text) => words.every((word) => text.includes(word))
  return new Map(
    services.flatMap((service) => {
      const about = textOfService(service)
      const trouble = isInTrouble(service)
      const servers = service.servers
        .filter((server) => !filter.attention || trouble || isOut(server))
        .filter((server) => has(`${about} ${textOfServer(server)}`))
        .map(({ server }) => server)
      const itself = has(about) && (!filter.attention || trouble)
      return itself || servers.length > 0 ? [[service.service, new Set(servers)]] : []
    }),
  )
}

/** @param {ServiceStatus} service */
const textOfService = ({ service, scheduler, forwarding }) => `${service} ${scheduler} ${forwarding}`.toLowerCase()

/** @param {ServerStatus} server */
const textOfServer = ({ server, name = '', state }) => `${server} ${name} ${state}`.toLowerCase()
