/**
 * One server: a row of its service's table.
 * @import { LastTransition, ServerStatus } from '../src/status-schema.js'
 */
import { fromTemplate, partsOf, setAttribute, setHidden, setText } from './dom.js'
import { sparkPoints } from './sparkline.js'
import { countText, latencyText, momentText, printable, rateText } from './words.js'

/**
 * A server, and the upper edge of the lines of its service.
 * @typedef {{ readonly server: ServerStatus, readonly top: number }} ServerItem
 */

export class ServerRow {
  element = fromTemplate('server')
  #part = partsOf(this.element)
  /** @type {ServerStatus | undefined} */
  #server
  #top = 0
  /** @type {Transition | undefined} */
  #transition

  /** @param {ServerItem} item */
  show({ server, top }) {
    if (server === this.#server && top === this.#top) return
    const part = this.#part
    if (server !== this.#server) {
      this.#showName(server)
      this.#showState(server)
      setText(part('weight'), weightText(server))
      setText(part('active'), countText(server.active))
      setText(part('inactive'), countText(server.inactive))
      setText(part('persistent'), countText(server.persistent))
      setText(part('rate'), rateText(server.connectionsPerSecond))
      setText(part('latency'), latencyText(server.latencyMs))
      this.#showTransition(server.lastTransition)
    }
    setAttribute(part('spark'), 'points', sparkPoints(server.history, top))
    this.#server = server
    this.#top = top
  }

  /** @param {boolean} shown */
  set shown(shown) {
    setHidden(this.element, !shown)
  }

  /** @param {ServerStatus} server */
  #showName({ server, name = '' }) {
    setText(this.#part('address'), printable(server))
    setText(this.#part('name'), printable(name))
    setAttribute(this.#part('name'), 'title', name === '' ? undefined : printable(name))
  }

  /** @param {ServerStatus} server */
  #showState({ state, reason = '', detail = '' }) {
    const part = this.#part
    const before = this.#server?.state
    setAttribute(this.element, 'data-state', state)
    if (before !== undefined && before !== state) glow(this.element)
    setText(part('word'), state)
    setText(part('reason'), printable(reason))
    const whole = [reason, detail].filter((text) => text !== '').join(': ')
    setAttribute(part('state'), 'title', whole === '' ? undefined : printable(whole))
  }

  /** A daemon that has just started knows of none. @param {LastTransition | undefined} transition */
  #showTransition(transition) {
    const place = this.#part('transition')
    if (transition === undefined) {
      this.#transition = undefined
      return setText(place, 'none')
    }
    if (this.#transition === undefined) {
      this.#transition = new Transition()
      place.replaceChildren(this.#transition.element)
    }
    this.#transition.show(transition)
  }
}

const still = matchMedia('(prefers-reduced-motion: reduce)')

/** Draws the eye to what has just changed. @param {HTMLElement} element */
function glow(element) {
  if (!still.matches) element.animate([{ background: 'var(--tint)' }, {}], { duration: 4000, easing: 'ease-in' })
}

/** A line, and the whole story for who opens it. */
class Transition {
  element = fromTemplate('transition')
  #part = partsOf(this.element)

  /** @param {LastTransition} transition */
  show({ at, from, to, reason, detail }) {
    const part = this.#part
    setAttribute(part('at'), 'datetime', at)
    setText(part('change'), `${from} → ${to}${reason === '' ? '' : `, ${printable(reason)}`}`)
    const why = [reason, detail].filter((text) => text !== '').map(printable)
    setText(part('story'), `${momentText(Date.parse(at))}: ${[`from ${from} to ${to}`, ...why].join(': ')}`)
  }
}

/** @param {ServerStatus} server */
function weightText({ weight, configuredWeight }) {
  if (weight === undefined) return 'out'
  const asConfigured = configuredWeight === undefined || weight === configuredWeight
  return asConfigured ? countText(weight) : `${countText(weight)} of ${countText(configuredWeight)}`
}
