/** As much of the shell as lvs-init and mon_common are made of: assignments, quotes, variables, one command a line. */
import type { Place } from './model.js'
import type { SourceText } from './source.js'

/** A word, and where it stood; `missing` names variables in it that have no value. */
export interface ShellWord {
  readonly text: string
  readonly column: number
  readonly missing: readonly string[]
}

/** `NAME=value`, or a command with its words. */
export type ShellLine = { readonly place: Place } & (
  { readonly name: string; readonly value: ShellValue } | { readonly words: readonly ShellWord[] }
)

/** A value, or the file whose contents are the value: NAME=`cat file`. */
export type ShellValue = { readonly text: string } | { readonly file: string }

const MAX_VALUE = 4096

/** Reads lines in order; `given` wins over what the file sets. */
export function readShell({ file, text }: SourceText, given: ReadonlyMap<string, string>): readonly ShellLine[] {
  const values = new Map<string, string>(given)
  const lines = text.split('\n')
  const read: ShellLine[] = []
  for (let i = 0; i < lines.length; i++) {
    const line = i + 1
    let joined = lines[i] ?? ''
    while (joined.endsWith('\\') && i + 1 < lines.length) joined = `${joined.slice(0, -1)} ${lines[++i] ?? ''}`
    const place = { file, line }
    const assigned = /^\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)$/.exec(joined)
    if (assigned === null) {
      const words = wordsOf(joined, values)
      if (words.length > 0) read.push({ place, words })
      continue
    }
    const [, name = '', rest = ''] = assigned
    const cat = /^\s*"?(?:`\s*(?:\/\S*\/)?cat\s+(.+?)\s*`|\$\(\s*(?:\/\S*\/)?cat\s+(.+?)\s*\))"?\s*(#.*)?$/.exec(rest)
    const value: ShellValue = cat
      ? { file: wordsOf(cat[1] ?? cat[2] ?? '', values)[0]?.text ?? '' }
      : { text: wordsOf(rest, values)[0]?.text ?? '' }
    if ('text' in value && !given.has(name)) values.set(name, value.text)
    read.push({ place, name, value })
  }
  return read
}

/** Words of one line, expanded; a comment ends it. */
function wordsOf(line: string, values: ReadonlyMap<string, string>): readonly ShellWord[] {
  const words: ShellWord[] = []
  let [text, column, quote] = ['', 0, '']
  let missing: string[] = []
  const end = () => {
    if (column > 0) words.push({ text, column, missing })
    ;[text, column, missing] = ['', 0, []]
  }
  for (let i = 0; i < line.length;) {
    const c = line[i] ?? ''
    if (quote === '' && /\s/.test(c)) {
      end()
      i++
      continue
    }
    if (quote === '' && c === '#' && column === 0) break
    if (quote === '' && /[;&|]/.test(c)) {
      // The command ends here; what follows is no part of it.
      end()
      words.push({ text: c, column: i + 1, missing: [] })
      i++
      continue
    }
    column ||= i + 1
    const variable = quote === "'" ? undefined : /^\$(?:\{(\w+)\}|([A-Za-z_]\w*))/.exec(line.slice(i, i + 256))
    if (variable) {
      const name = variable[1] ?? variable[2] ?? ''
      const value = values.get(name)
      if (value === undefined) missing.push(name)
      if (text.length < MAX_VALUE) text += value ?? variable[0]
      i += variable[0].length
    } else if (c === quote) {
      quote = ''
      i++
    } else if (quote === '' && (c === '"' || c === "'")) {
      quote = c
      i++
    } else if (c === '\\' && quote !== "'" && i + 1 < line.length) {
      text += line[i + 1] ?? ''
      i += 2
    } else {
      text += c
      i++
    }
  }
  end()
  return words
}
