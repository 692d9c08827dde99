/**
 * What happened of late, the newest first.
 * @import { EventStatus } from '../src/status-schema.js'
 */
import { byId, fromTemplate, KeyedChildren, partsOf, setAttribute, setHidden, setText } from './dom.js'
import { clockText, printable } from './words.js'

export class Timeline {
  #part = partsOf(byId('events'))
  #now
  /** @type {KeyedChildren<EventStatus, EventItem>} */
  #items = new KeyedChildren(
    this.#part('list'),
    ({ id }) => id,
    () => new EventItem(this.#now),
  )

  /** @param {() => number} now */
  constructor(now) {
    this.#now = now
  }

  /** @param {readonly EventStatus[]} events */
  show(events) {
    setHidden(this.#part('empty'), events.length > 0)
    this.#items.show(events.toReversed())
  }
}

class EventItem {
  element = fromTemplate('event')
  #part = partsOf(this.element)
  #now
  /** @type {EventStatus | undefined} */
  #event

  /** @param {() => number} now */
  constructor(now) {
    this.#now = now
  }

  /** @param {EventStatus} event */
  show(event) {
    if (event === this.#event) return
    this.#event = event
    const part = this.#part
    const { at, ok, type, server = '', name = '', service = '', reason = '', detail } = event
    setAttribute(this.element, 'data-ok', String(ok))
    setAttribute(this.element, 'data-type', type)
    for (const time of ['at', 'ago']) setAttribute(part(time), 'datetime', at)
    setText(part('at'), clockText(Date.parse(at), this.#now()))
    setText(part('what'), whatText(event))
    setText(part('whose'), printable(name === '' ? server : `${name} (${server})`))
    setText(part('service'), printable(service))
    setHidden(part('where'), service === '')
    const why = [reason, detail].filter((text) => text !== '').join(': ')
    setText(part('reason'), printable(why))
    setAttribute(part('why'), 'title', why === '' ? undefined : printable(why))
    setHidden(part('why'), why === '')
  }
}

const subjects = {
  server: 'server',
  quorum: 'quorum',
  config: 'configuration',
  kernel: 'kernel',
  guard: 'guard',
  role: 'role',
}
const news = {
  server: ['', ''],
  quorum: ['lost', 'reached'],
  config: ['rejected', 'accepted'],
  kernel: ['lost', 'back'],
  guard: ['holds', 'ended'],
  role: ['lost', 'changed'],
}

/** `online → failed`, or the subject and how it stands. @param {EventStatus} event */
function whatText({ type, ok, from, to }) {
  if (from !== undefined && to !== undefined) return from === to ? `still ${to}` : `${from} → ${to}`
  return [subjects[type], to ?? news[type][ok ? 1 : 0]].join(' ').trim()
}
