import { Script, createContext } from 'node:vm'

/** What the monitor does not take for a stall yet. It is time by the clock: less, and a busy machine would end innocent searches. */
const maxSearchMs = 100
const search = new Script('search()')

/**
 * Whether a text contains, or matches, what is expected. An expression sees what a stranger sent, and may backtrack without end: the
 * search is given up after 100 ms, and throws.
 */
export function finder(expected: string | RegExp): (text: string) => boolean {
  if (typeof expected === 'string') return (text) => text.includes(expected)
  let text = ''
  // Unlike test(), search() neither reads nor moves the caller's lastIndex.
  const context = createContext({ search: () => text.search(expected) })
  return (found) => {
    text = found
    try {
      return search.runInContext(context, { timeout: maxSearchMs }) !== -1
    } catch (error) {
      // An Error of that context, of which none of ours is an instance.
      const { code } = Object(error) as { code?: unknown }
      if (code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
      throw new Error(`the expression takes longer than ${maxSearchMs} ms on this answer`, { cause: error })
    } finally {
      text = ''
    }
  }
}
