/** Numbers, times and names as the page writes them. Pure. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const oneDigit = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

/** @param {number} value */
export function countText(value) {
  if (value < 1000) return String(Math.round(value))
  return (value < 1_000_000 ? whole : short).format(value)
}

/** Of something per second: below ten a digit more. @param {number | undefined} value */
export function rateText(value) {
  if (value === undefined) return '–'
  return value < 10 ? oneDigit.format(value) : countText(value)
}

/** @param {number | undefined} ms */
export function latencyText(ms) {
  if (ms === undefined) return '–'
  if (ms < 1000) return `${(ms < 10 ? oneDigit : whole).format(ms)} ms`
  return `${oneDigit.format(ms / 1000)} s`
}

/** How long, in its greatest unit. @param {number} ms */
export function durationText(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} days`
}

/** @param {number} at @param {number} now */
export function agoText(at, now) {
  const ms = now - at
  return ms < 1000 ? 'just now' : `${durationText(ms)} ago`
}

const time = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }
const clock = new Intl.DateTimeFormat('en-GB', /** @type {Intl.DateTimeFormatOptions} */ (time))
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
const moment = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' })

/** `12:03:22`, with the day if it is another one than now's. @param {number} at @param {number} now */
export function clockText(at, now) {
  if (Number.isNaN(at)) return '?'
  const days = day.format(at)
  return days === day.format(now) ? clock.format(at) : `${days}, ${clock.format(at)}`
}

/** In full, with the zone. @param {number} at */
export const momentText = (at) => (Number.isNaN(at) ? '?' : moment.format(at))

/** @param {number} count @param {string} word @param {string} [many] */
export const plural = (count, word, many = `${word}s`) => `${countText(count)} ${count === 1 ? word : many}`

const plain = /^[ -~]*$/

/**
 * Text of others as one line that says what is in it: what would not be seen, or would turn the text around, shows as its number.
 * @param {string} text
 */
export function printable(text) {
  if (plain.test(text)) return text
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cn}\p{Co}\p{Cs}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0
    return escapes.get(character) ?? `\\u{${code.toString(16)}}`
  })
}

const escapes = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
])
