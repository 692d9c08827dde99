/** Expressions of Perl and PCRE in the words of a check's `body`. */
import { literalOf } from './words.js'

/** Text that must be there, or an expression of JavaScript. */
export type Body = string | { readonly matches: string; readonly ignoreCase?: true }

interface Flags {
  /** A dot is any character, a line feed too. */
  readonly dotAll?: boolean
  readonly ignoreCase?: boolean
}

/** What finds the same; undefined for what JavaScript has no expression for, or the configuration no place. */
export function bodyOf(expression: string, flags: Flags = {}): Body | undefined {
  const [, inline = '', rest = ''] = /^(\(\?i\))?(.*)$/s.exec(expression) ?? []
  const ignoreCase = inline !== '' || flags.ignoreCase === true
  const literal = literalOf(rest)
  if (literal !== undefined && !ignoreCase) return isLine(literal) ? literal : undefined
  const matches = translated(rest, flags.dotAll === true)
  if (matches === undefined || !isLine(matches)) return undefined
  try {
    new RegExp(matches, ignoreCase ? 'iu' : 'u')
  } catch {
    return undefined
  }
  return { matches, ...(ignoreCase && { ignoreCase }) }
}

const isLine = (text: string) => text !== '' && text.length <= 1024 && !/\p{C}/u.test(text)

/** The parts of an expression that mean something, the longest first. */
const PART = /\\.|\[(?:\\.|[^\\\]])+\]|\(\?.|[*+?}]\+|[.$]|./gsu

/** JavaScript refuses escapes that mean nothing; Perl's `$` also stands before a last line feed. */
function translated(expression: string, dotAll: boolean): string | undefined {
  const parts = [...expression.matchAll(PART)].map(([part]) => {
    if (part === '.') return dotAll ? '[^]' : String.raw`[^\n]`
    if (part === '$') return String.raw`(?=\n?$)`
    if (part.startsWith('\\')) return escaped(part)
    if (part.startsWith('(?')) return /^\(\?[:=!]$/.test(part) ? part : undefined
    if (/^[*+?}]\+$/.test(part)) return undefined
    if (!part.startsWith('[') || part === '[') return part
    // `[]a]` and `[[:alpha:]]` are other classes there.
    return /^\[\^?\]|\[[:.=]/.test(part)
      ? undefined
      : part.replace(/\\[^]/gu, (escape) => escaped(escape, true) ?? '\\_')
  })
  return parts.includes(undefined) ? undefined : parts.join('')
}

function escaped(escape: string, inClass = false): string | undefined {
  const c = escape.slice(1)
  if (/^[dDsSwWnrtf^$\\.*+?()[\]{}|/]$/.test(c) || (inClass ? c === '-' : /^[bB]$/.test(c))) return escape
  return /^[\w\s]$/.test(c) ? undefined : c
}
