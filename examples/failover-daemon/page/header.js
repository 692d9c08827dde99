/**
 * The director, what needs a person, and how the connection stands.
 * @import { Status } from '../src/status-schema.js'
 * @import { ConnectionState } from './connection.js'
 * @import { Need } from './attention.js'
 */
import { figuresOf, needsOf } from './attention.js'
import { byId, fromTemplate, KeyedChildren, partsOf, setAttribute, setHidden, setText } from './dom.js'
import { clockText, countText, momentText, plural, printable, rateText } from './words.js'

const roles = {
  alone: 'the only director',
  master: 'master',
  backup: 'backup',
  fault: 'no link to other directors',
  unknown: 'keepalived does not run',
}

/** Its part, and how fit it is where that is not as it should be. @param {Status['director']} director */
const roleText = ({ role, standing = 'preferred', vipHolder }) =>
  [
    roles[role],
    ...(standing === 'preferred' ? [] : [standing]),
    ...(role === 'backup' && vipHolder !== undefined ? [`VIPs at ${printable(vipHolder)}`] : []),
  ].join(', ')

export class DirectorHeader {
  #part = partsOf(byId('director'))

  /** @param {Status} status */
  show(status) {
    const { host, standingReason, version, startedAt } = status.director
    const part = this.#part
    setText(part('host'), printable(host))
    setText(part('role'), roleText(status.director))
    setAttribute(part('role'), 'title', standingReason === undefined ? undefined : printable(standingReason))
    setText(part('version'), printable(version))
    setAttribute(part('started'), 'datetime', startedAt)
    setAttribute(part('started'), 'title', `since ${momentText(Date.parse(startedAt))}`)
    setHidden(part('about'), false)
    this.#showFigures(figuresOf(status))
  }

  /** @param {ReturnType<typeof figuresOf>} figures */
  #showFigures({ services, inTrouble, servers, online, out, rate, active }) {
    const part = this.#part
    setHidden(part('figures'), false)
    setText(part('services'), countText(services))
    setText(part('services-note'), inTrouble > 0 ? `${countText(inTrouble)} in trouble` : 'no trouble')
    setText(part('online'), countText(online))
    setText(part('online-note'), `of ${countText(servers)}${out > 0 ? `, ${countText(out)} out` : ''}`)
    setText(part('active'), countText(active))
    setText(part('rate'), rateText(rate))
  }

  /** @param {ConnectionState} state */
  connection(state) {
    setAttribute(this.#part('connection'), 'data-state', state)
    setText(this.#part('connection-word'), state === 'lost' ? 'connection lost' : state)
  }
}

/** Says plainly that what is shown is old, and since when. */
export class StaleNotice {
  #part = partsOf(byId('stale'))

  /** @param {ConnectionState} state @param {number | undefined} heard when the director last said something @param {number} now */
  show(state, heard, now) {
    const part = this.#part
    const lost = state === 'lost'
    setAttribute(document.body, 'data-connection', state)
    setHidden(part('message'), !lost)
    if (!lost) return
    const what =
      heard === undefined ? 'There is nothing to show yet' : `What is shown is as it was at ${clockText(heard, now)}`
    setText(part('what'), what)
    setHidden(part('age'), heard === undefined)
    setAttribute(part('since'), 'datetime', heard === undefined ? undefined : new Date(heard).toISOString())
  }
}

/** The banner. */
export class Needs {
  #part = partsOf(byId('needs'))
  /** @type {KeyedChildren<Need, NeedItem>} */
  #items

  /** @param {(service: string) => void} go */
  constructor(go) {
    this.#items = new KeyedChildren(
      this.#part('list'),
      ({ key }) => key,
      () => new NeedItem(go),
    )
  }

  /** @param {Status} status */
  show(status) {
    const needs = needsOf(status)
    setHidden(this.#part('title'), needs.length === 0)
    setText(this.#part('title'), `${plural(needs.length, 'problem')} ${needs.length === 1 ? 'needs' : 'need'} a person`)
    this.#items.show(needs)
  }
}

class NeedItem {
  element = fromTemplate('need')
  #part = partsOf(this.element)
  #service = ''

  /** @param {(service: string) => void} go */
  constructor(go) {
    this.#part('go').addEventListener('click', () => go(this.#service))
  }

  /** @param {Need} need */
  show({ text, service }) {
    setText(this.#part('text'), printable(text))
    setHidden(this.#part('go'), service === undefined)
    this.#service = service ?? ''
    setAttribute(this.#part('go'), 'aria-label', service === undefined ? undefined : `Show ${printable(service)}`)
  }
}
