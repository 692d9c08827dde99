/** The line of the last five minutes. Pure. */

const length = 60
/** Of the drawing, in its own units: one value is one wide. */
export const sparkSize = { width: length - 1, height: 16 }

/**
 * The points of a line over its ground: it begins and ends below the drawing, so that its area can be filled.
 * @param {readonly number[]} history the newest is at the right @param {number} top the value at the upper edge
 */
export function sparkPoints(history, top) {
  if (history.length === 0) return ''
  const { width, height } = sparkSize
  const left = width - (history.length - 1)
  const scale = top > 0 ? (height - 2) / top : 0
  const line = history.map((value, i) => `${left + i},${Math.round(10 * (height - 1 - value * scale)) / 10}`)
  const ground = height + 2
  return [`${left - 2},${ground}`, ...line, `${width + 2},${ground}`].join(' ')
}

/** What the lines of a service have in common: their greatest value. @param {readonly { readonly history: readonly number[] }[]} servers */
export function sparkTop(servers) {
  return servers.reduce((top, { history }) => history.reduce((a, b) => Math.max(a, b), top), 0)
}
