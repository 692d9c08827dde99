/** Relative times: written anew every second, where they read differently by then. */
import { setText } from './dom.js'
import { agoText, durationText } from './words.js'

/** @param {number} now by the director's clock */
export function renewTimes(now) {
  /** @type {NodeListOf<HTMLTimeElement>} */
  const times = document.querySelectorAll('time[data-age][datetime]')
  for (const element of times) {
    const at = Date.parse(element.dateTime)
    if (Number.isNaN(at)) continue
    setText(element, element.dataset['age'] === 'for' ? durationText(now - at) : agoText(at, now))
  }
}
