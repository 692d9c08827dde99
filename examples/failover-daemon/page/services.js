/**
 * The services, as far as the filter lets them be seen, and what else is in the kernel.
 * @import { ServiceStatus, Status } from '../src/status-schema.js'
 */
import { byId, fromTemplate, KeyedChildren, partsOf, setHidden, setText } from './dom.js'
import { isOpen, shownOf } from './filter.js'
import { ServiceCard } from './service-card.js'
import { Toolbar } from './toolbar.js'
import { printable } from './words.js'

export class Services {
  /** @type {KeyedChildren<ServiceStatus, ServiceCard>} */
  #cards = new KeyedChildren(
    byId('cards'),
    ({ service }) => service,
    () => new ServiceCard(),
  )
  #foreign = new Foreign()
  /** @type {readonly ServiceStatus[] | undefined} */
  #services
  #toolbar = new Toolbar(() => this.#filter())

  /** @param {Status} status */
  show({ services, foreign }) {
    this.#foreign.show(foreign)
    if (services === this.#services) return
    this.#services = services
    this.#cards.show(services)
    this.#filter()
  }

  /** Brings a service into view, whatever the filter says. @param {string} service */
  go(service) {
    const find = () => new Map(this.#cards.entries).get(service)?.element
    if (find()?.hidden) this.#toolbar.clear()
    find()?.focus()
    find()?.scrollIntoView({ block: 'nearest' })
  }

  #filter() {
    if (this.#services === undefined) return
    const services = this.#services
    const { filter } = this.#toolbar
    const shown = shownOf(services, filter)
    for (const [service, card] of this.#cards.entries) card.filter(shown.get(String(service)))
    const servers = services.reduce((sum, service) => sum + service.servers.length, 0)
    this.#toolbar.announce(shown, services.length, servers)
    setHidden(byId('empty'), shown.size > 0)
    setText(byId('empty'), emptyText(services.length, isOpen(filter), filter.text))
  }
}

/** @param {number} services @param {boolean} open @param {string} text */
function emptyText(services, open, text) {
  if (services === 0) return 'No services are configured.'
  return !open && text.trim() === '' ? 'Nothing needs attention.' : 'Nothing matches. Escape empties the filter.'
}

/** Entries of the kernel's table that are not ours. */
class Foreign {
  #section = byId('foreign')
  /** @type {KeyedChildren<string, ForeignEntry>} */
  #entries = new KeyedChildren(
    partsOf(this.#section)('list'),
    (name) => name,
    () => new ForeignEntry(),
  )

  /** @param {readonly string[]} names */
  show(names) {
    setHidden(this.#section, names.length === 0)
    this.#entries.show(names)
  }
}

class ForeignEntry {
  element = fromTemplate('foreign-entry')
  #part = partsOf(this.element)

  /** @param {string} name */
  show(name) {
    setText(this.#part('text'), printable(name))
  }
}
