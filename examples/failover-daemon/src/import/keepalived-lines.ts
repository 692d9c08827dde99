/** keepalived.conf -> words of its lines: comments, quotes, $DEFINITIONS, @conditions, ~SEQ and include are done with here. */
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { ImportError } from './model.js'
import type { Notes, Place } from './model.js'
import { matchingFiles } from './pattern.js'
import { MAX_LINE_LENGTH } from './source.js'
import type { Reader, SourceText } from './source.js'

/** A word, and whether it was quoted: then it is no brace. */
export interface Word {
  readonly text: string
  readonly quoted: boolean
}
export interface Line {
  readonly place: Place
  readonly words: readonly Word[]
}

/** So many lines come of a file at most, definitions and sequences expanded. */
const MAX_LINES = 50_000
/** Work that leads to no line counts, too. */
const MAX_STEPS = 200_000
const MAX_DEPTH = 20
/** So often is a definition replaced in one line. */
const MAX_REPLACEMENTS = 500
const MAX_INCLUDES = 10

interface Context {
  readonly reader: Reader
  /** What @conditions are compared with; undefined where it is not known. */
  readonly configId: string | undefined
  readonly notes: Notes
  readonly definitions: Map<string, string>
  readonly out: Line[]
  steps: number
}

/** Throws ImportError for what grows without end. */
export function readLines(
  source: SourceText,
  reader: Reader,
  configId: string | undefined,
  notes: Notes,
): readonly Line[] {
  const context: Context = { reader, configId, notes, definitions: new Map(), out: [], steps: 0 }
  if (configId !== undefined) context.definitions.set('_INSTANCE', configId)
  readFile(source, context, 0)
  return context.out
}

function readFile({ file, text }: SourceText, context: Context, depth: number): void {
  context.definitions.set('_PWD', dirname(file))
  const lines = text.split('\n')
  for (let i = 0; i < lines.length; i++) {
    const place = { file, line: i + 1 }
    let line = lines[i] ?? ''
    const definition = /^\s*(@\S+\s+)?\$([A-Za-z_]\w*)=(.*)$/.exec(line)
    if (definition) {
      // A value of many lines goes on while they end with a backslash.
      const parts = [definition[3] ?? '']
      while (/\\\s*$/.test(parts.at(-1) ?? '') && i + 1 < lines.length) parts.push(lines[++i] ?? '')
      const value = parts.map((part) => part.replace(/\\\s*$/, '')).join('\n')
      const condition = (definition[1] ?? '').trim()
      if (condition === '' || isMet(condition, place, context))
        context.definitions.set(definition[2] ?? '', parts.length > 1 ? value : withoutComment(value).trim())
      continue
    }
    while (/\\$/.test(line) && i + 1 < lines.length) line = line.slice(0, -1) + (lines[++i] ?? '')
    const include = /^\s*include[armwb]?\s+(\S.*?)\s*$/.exec(withoutComment(line))
    if (include) readIncluded(include[1] ?? '', file, place, context, depth)
    else expand(line, place, context, 0)
  }
}

function readIncluded(pattern: string, from: string, place: Place, context: Context, depth: number): void {
  const name = pattern.replace(/^(["'])(.*)\1$/, '$2')
  const what = `include ${name}`
  if (depth === MAX_INCLUDES)
    throw new ImportError(place, `include: expected at most ${MAX_INCLUDES} levels, found more`)
  const path = isAbsolute(name) ? name : join(dirname(from), name)
  const files = matchingFiles(path, context.reader)
  if (files === undefined)
    context.notes.add(place, what, 'braces and brackets are not expanded', 'include each file by name')
  for (const found of files ?? []) {
    const read = context.reader.read(resolve(found))
    if ('refused' in read)
      context.notes.add(place, what, `it was not read: ${read.refused}`, 'import that file by itself')
    else readFile({ file: found, text: read.text }, context, depth + 1)
  }
  context.definitions.set('_PWD', dirname(from))
}

/** Replaces definitions, repeats sequences, drops lines of other hosts; what is left are the words. */
function expand(line: string, place: Place, context: Context, depth: number): void {
  const { out, notes, definitions } = context
  if (depth > MAX_DEPTH)
    throw new ImportError(place, `line: expected definitions at most ${MAX_DEPTH} deep, found more`)
  if (++context.steps > MAX_STEPS) throw new ImportError(place, `file: expected at most ${MAX_STEPS} steps, found more`)
  const condition = /^\s*(@\S+)\s?(.*)$/.exec(line)
  if (condition) {
    if (isMet(condition[1] ?? '', place, context)) expand(condition[2] ?? '', place, context, depth + 1)
    return
  }
  const assigned = /^\s*\$([A-Za-z_]\w*)=(.*)$/.exec(line)
  if (assigned) {
    definitions.set(assigned[1] ?? '', withoutComment(assigned[2] ?? '').trim())
    return
  }
  const sequence = /^\s*~(SEQx?|LST)\(([^)]*)\)\s*(.*)$/s.exec(line)
  if (sequence) {
    const [, kind = '', args = '', rest = ''] = sequence
    const values = kind === 'LST' ? listOf(args) : sequenceOf(args, kind === 'SEQx')
    if (values === undefined) {
      notes.add(place, `~${kind}(${args})`, 'it is no sequence of at most 1000 steps', 'write the lines out')
      return
    }
    const [name, ...each] = values
    for (const value of each) {
      definitions.set(name, value)
      expand(rest, place, context, depth + 1)
    }
    return
  }
  const replaced = replace(line, place, definitions)
  if (replaced.includes('\n') || /^\s*[@~]/.test(replaced)) {
    for (const part of replaced.split('\n')) expand(part, place, context, depth + 1)
    return
  }
  const words = wordsOf(replaced)
  if (words.length === 0) return
  if (out.length === MAX_LINES) throw new ImportError(place, `file: expected at most ${MAX_LINES} lines, found more`)
  out.push({ place, words })
}

/** One definition after the other; a value of many lines ends it: its lines are expanded one by one, in their order. */
function replace(line: string, place: Place, definitions: ReadonlyMap<string, string>): string {
  let text = line
  let from = 0
  for (let n = 0; ; n++) {
    const found = /\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*)(?=\s|$))/g
    found.lastIndex = from
    const match = found.exec(text)
    if (match === null) break
    const value = definitions.get(match[1] ?? match[2] ?? '')
    if (value === undefined) {
      from = match.index + 1
      continue
    }
    if (n >= MAX_REPLACEMENTS || text.length > MAX_LINE_LENGTH * 16)
      throw new ImportError(place, 'line: expected definitions that end, found one that grows without end')
    text = text.slice(0, match.index) + value + text.slice(match.index + match[0].length)
    if (value.includes('\n')) break
  }
  return text
}

function isMet(condition: string, place: Place, { configId, notes }: Context): boolean {
  const [negative, name] = condition.startsWith('@^') ? [true, condition.slice(2)] : [false, condition.slice(1)]
  if (configId !== undefined) return (name === configId) !== negative
  const taken = negative ? 'taken' : 'left out'
  notes.add(place, condition, `whether it holds is not known, so its line was ${taken}`, 'give --config-id NAME')
  return negative
}

/** `NAME, 1, 3` or `NAME, 1, 2, 9`, as keepalived counts. */
function sequenceOf(args: string, isHex: boolean): readonly [name: string, ...values: string[]] | undefined {
  const [name = '', ...words] = args.split(',').map((word) => word.trim())
  const numbers = words.map(Number)
  if (!/^[A-Za-z_]\w*$/.test(name) || numbers.length === 0 || numbers.length > 3 || !numbers.every(Number.isInteger))
    return undefined
  const end = numbers.at(-1) ?? 0
  const start = numbers.length > 1 ? (numbers[0] ?? 0) : end < 0 ? -1 : 1
  const step = numbers.length > 2 ? (numbers[1] ?? 0) : end < start ? -1 : 1
  const count = Math.floor((end - start) / step) + 1
  if (!(count >= 1 && count <= 1000)) return undefined
  return [name, ...Array.from({ length: count }, (_, i) => (start + i * step).toString(isHex ? 16 : 10))]
}

/** `NAME, a, b, c`. */
function listOf(args: string): readonly [name: string, ...values: string[]] | undefined {
  const [name = '', ...values] = args.split(',').map((word) => word.trim())
  return /^[A-Za-z_]\w*$/.test(name) && values.length > 0 ? [name, ...values] : undefined
}

/** Up to the first # or ! outside of quotes. */
function withoutComment(line: string): string {
  let quote = ''
  for (let i = 0; i < line.length; i++) {
    const c = line[i] ?? ''
    if (c === '\\') i++
    else if (quote !== '') quote = c === quote ? '' : quote
    else if (c === '"' || c === "'") quote = c
    else if (c === '#' || c === '!') return line.slice(0, i)
  }
  return line
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b', f: '\f', v: '\v' }

/** Words between blanks; quotes keep blanks, and go; `${_HASH}` and `${_BANG}` are what would begin a comment. */
function wordsOf(line: string): readonly Word[] {
  const words: Word[] = []
  const text = withoutComment(line)
  let [word, quote, quoted, open] = ['', '', false, false]
  const end = () => {
    if (open) words.push({ text: word.replaceAll('${_HASH}', '#').replaceAll('${_BANG}', '!'), quoted })
    ;[word, quoted, open] = ['', false, false]
  }
  for (let i = 0; i < text.length; i++) {
    const c = text[i] ?? ''
    if (quote === '' && /\s/.test(c)) end()
    else if (c === '\\' && i + 1 < text.length) {
      const next = text[++i] ?? ''
      // Where no C escape is meant, keepalived keeps the character; an expression keeps its backslash, too.
      word += ESCAPES[next] ?? (/[\\"' ]/.test(next) ? next : `\\${next}`)
      open = true
    } else if (c === quote) quote = ''
    else if (quote === '' && (c === '"' || c === "'")) [quote, quoted, open] = [c, true, true]
    else [word, open] = [word + c, true]
  }
  end()
  return words
}
