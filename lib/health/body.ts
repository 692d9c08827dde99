import { finder } from './expression.js'

/** Judges a text that comes in pieces. */
export interface BodyMatcher {
  /** Takes the next piece; true once the text matches, whatever follows. */
  push(piece: string): boolean
  /** Whether the text matches, now that it is complete. */
  end(): boolean
}

/** Matches when the text contains `expected`; keeps no more of it than may still begin a match. */
function contains(expected: string): BodyMatcher {
  let tail = ''
  return {
    push(piece) {
      const text = tail + piece
      tail = text.slice(Math.max(0, text.length - expected.length + 1))
      return text.includes(expected)
    },
    end() {
      return false
    },
  }
}

/** Matches when the whole text does: an anchor or a lookahead cannot be judged before the end. */
function matches(found: (text: string) => boolean): BodyMatcher {
  let text = ''
  return {
    push(piece) {
      text += piece
      return false
    },
    end() {
      return found(text)
    },
  }
}

/** A matcher for each text to come. */
export function bodyMatchers(expected: string | RegExp): () => BodyMatcher {
  if (typeof expected === 'string') return () => contains(expected)
  const found = finder(expected)
  return () => matches(found)
}
