/**
 * One service with its servers.
 * @import { ServiceStatus } from '../src/status-schema.js'
 * @import { ServerItem } from './server-row.js'
 */
import { isConfigured, isInTrouble, isOut } from './attention.js'
import { fromTemplate, KeyedChildren, partsOf, setAttribute, setHidden, setText } from './dom.js'
import { ServerRow } from './server-row.js'
import { sparkTop } from './sparkline.js'
import { durationText, printable, rateText } from './words.js'

export class ServiceCard {
  element = fromTemplate('service')
  #part = partsOf(this.element)
  /** @type {KeyedChildren<ServerItem, ServerRow>} */
  #rows = new KeyedChildren(
    this.#part('rows'),
    ({ server }) => server.server,
    () => new ServerRow(),
  )
  /** @type {ServiceStatus | undefined} */
  #service

  /** @param {ServiceStatus} service */
  show(service) {
    if (service === this.#service) return
    this.#service = service
    this.#showName(service)
    this.#showStanding(service)
    this.#showSettings(service)
    const { servers } = service
    const part = this.#part
    setHidden(part('empty'), servers.length > 0)
    setHidden(part('table'), servers.length === 0)
    setAttribute(part('table'), 'data-persistent', servers.some(({ persistent }) => persistent > 0) ? '' : undefined)
    this.element.style.setProperty('--rows', String(servers.length))
    const top = sparkTop(servers)
    this.#rows.show(servers.map((server) => ({ server, top })))
  }

  /** Shows these of its servers; nothing of it without. @param {ReadonlySet<string> | undefined} servers */
  filter(servers) {
    setHidden(this.element, servers === undefined)
    if (servers === undefined) return
    for (const [server, row] of this.#rows.entries) row.shown = servers.has(String(server))
  }

  /** @param {ServiceStatus} service */
  #showName({ service, protocol, address, port }) {
    const part = this.#part
    setText(part('protocol'), protocol)
    setText(part('address'), printable(endpoint(address, port)))
    setText(part('caption'), `Servers of ${printable(service)}`)
  }

  /** @param {ServiceStatus} service */
  #showStanding(service) {
    const { servers, online, quorum, short, present } = service
    const part = this.#part
    const configured = servers.filter(isConfigured).length
    const standing = isInTrouble(service) ? 'trouble' : servers.some(isOut) ? 'impaired' : 'well'
    setAttribute(this.element, 'data-standing', standing)
    const notes = [
      `${online} of ${configured} online`,
      ...(short ? ['below quorum'] : []),
      ...(present ? [] : ['not in the kernel']),
    ]
    setText(part('standing'), notes.join(', '))
    setText(part('quorum'), String(quorum))
    const { style } = part('bar')
    style.setProperty('--online', String(configured === 0 ? 0 : online / configured))
    style.setProperty('--quorum', String(configured === 0 ? 0 : Math.min(1, quorum / configured)))
  }

  /** @param {ServiceStatus} service */
  #showSettings(service) {
    const { scheduler, forwarding, vipHere, announced, complete, connectionsPerSecond } = service
    const part = this.#part
    setText(part('scheduler'), printable(scheduler))
    setText(part('forwarding'), forwarding)
    setText(part('persistence'), persistenceText(service))
    const told = announced === undefined ? '' : announced ? ', announced' : ', not announced'
    setText(part('vip'), `${vipHere ? 'on this host' : 'not on this host'}${told}`)
    setAttribute(part('vip'), 'data-here', String(vipHere))
    setText(part('rate'), rateText(connectionsPerSecond))
    setHidden(part('incomplete'), complete)
  }
}

/** @param {string} address @param {number} port */
function endpoint(address, port) {
  return `${address.includes(':') ? `[${address}]` : address}:${port === 0 ? 'every port' : port}`
}

/** @param {ServiceStatus} service */
function persistenceText({ persistenceSeconds, persistencePrefix }) {
  if (persistenceSeconds === undefined) return 'none'
  const network = persistencePrefix === undefined ? '' : ` by /${persistencePrefix}`
  return `${durationText(1000 * persistenceSeconds)}${network}`
}
