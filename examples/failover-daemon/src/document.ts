/** YAML text to plain data that still knows where every value stood: errors read `file:line:column: field: …`. */
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument, visit } from 'yaml'
import type { Alias, Document, Node, Pair, YAMLError, YAMLMap } from 'yaml'

/** Where a value is: keys and list indexes from the top. */
export type Path = readonly (string | number)[]

/** One thing that is wrong with a configuration. */
export interface Problem {
  readonly path: Path
  /** What belongs there, after the word "expected". */
  readonly expected: string
  /** What is there, after the word "found". @default the value at `path` as it is written */
  readonly found?: string | undefined
  /** Point at the key instead of its value. */
  readonly atKey?: boolean | undefined
}

/** A configuration that cannot be used. `lines` has one line per problem, in the order of the file. */
export class ConfigError extends Error {
  readonly lines: readonly string[]
  constructor(lines: readonly string[]) {
    const shown = lines.slice(0, MAX_LINES)
    if (lines.length > shown.length) shown.push(`and ${lines.length - shown.length} more`)
    super(shown.join('\n'))
    this.name = 'ConfigError'
    this.lines = shown
  }
}

/** A configuration file larger than this is refused, in bytes. */
export const MAX_BYTES = 1 << 18
const MAX_LINES = 100
/** Of more problems than this, the first ones are looked up in the file. */
export const MAX_PROBLEMS = 1000
/** How many aliases there may be, and how often they may be expanded in all: enough for shared checks, far from a bomb. */
const MAX_ALIASES = 1000

/** What each alias stands for: the nearest node before it with its anchor. */
type Aliases = Map<Alias, Node | undefined>

/** A parsed file. */
export interface Located {
  /** Plain data: mappings, lists, strings, numbers, booleans, null. */
  readonly value: unknown
  /** `file:line:column` of the value, or of its nearest parent when it is not there. */
  where(path: Path, atKey?: boolean): string
  /** The error that lists these problems. */
  error(problems: readonly Problem[]): ConfigError
}

/** Parses YAML 1.2. Throws ConfigError when it is no well-formed, single, bounded document. */
export function readDocument(text: string, file: string): Located {
  if (Buffer.byteLength(text) > MAX_BYTES)
    throw new ConfigError([`${file}:1:1: file: expected at most ${MAX_BYTES} bytes, found ${Buffer.byteLength(text)}`])
  const lines = new LineCounter()
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`
  }
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true, uniqueKeys: false })
  const refused = (offset: number, found: string) => `${at(offset)}: yaml: expected well-formed YAML, found: ${found}`

  const malformed = [...document.errors, ...document.warnings]
    .slice(0, MAX_PROBLEMS)
    .map((error) => refused(error.pos[0], message(error, text, lines)))
  // The parser's own ways with duplicate keys and aliases take the square of the file's length.
  const anchors = new Map<string, Node>()
  const aliases: Aliases = new Map()
  visit(document, {
    Alias(_key, alias) {
      const offset = alias.range?.[0] ?? 0
      if (aliases.size === MAX_ALIASES) {
        malformed.push(refused(offset, `more than ${MAX_ALIASES} aliases`))
        return visit.BREAK
      }
      const anchored = anchors.get(alias.source)
      aliases.set(alias, anchored)
      if (anchored === undefined)
        malformed.push(refused(offset, `the alias *${printable(alias.source)} without an anchor before it`))
      return undefined
    },
    Value(_key, node) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node)
      if (isMap(node))
        malformed.push(...duplicateKeys(node).map((offset) => refused(offset, 'Map keys must be unique')))
    },
  })
  if (malformed.length > 0) throw new ConfigError(malformed)

  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES })
  } catch (error) {
    throw new ConfigError([refused(0, error instanceof Error ? error.message : String(error))])
  }
  const where = (path: Path, atKey = false) => at(find(document, aliases, path, atKey).offset)
  const describe = ({ path, expected, found, atKey }: Problem) =>
    `${where(path, atKey)}: ${fieldName(path)}: expected ${expected}, found ${found ?? find(document, aliases, path).text}`
  return {
    value,
    where,
    error: (problems) =>
      new ConfigError(
        problems
          .slice(0, MAX_PROBLEMS)
          .map((problem) => ({
            offset: find(document, aliases, problem.path, problem.atKey).offset,
            line: describe(problem),
          }))
          .sort((a, b) => a.offset - b.offset)
          .map(({ line }) => line),
      ),
  }
}

/** Where a key stands that the mapping has already. */
function duplicateKeys(map: YAMLMap): readonly number[] {
  const keys = new Set<unknown>()
  return map.items.flatMap(({ key }) => {
    if (!isScalar(key)) return []
    const known = keys.has(key.value)
    keys.add(key.value)
    return known ? [key.range?.[0] ?? 0] : []
  })
}

/** `services[0].check.type`; the file itself is `file`. */
function fieldName(path: Path): string {
  if (path.length === 0) return 'file'
  return path.reduce<string>((name, part) => {
    if (typeof part === 'number') return `${name}[${part}]`
    return name === '' ? printable(part) : `${name}.${printable(part)}`
  }, '')
}

/** Walks to the node at `path`, through aliases; stops at the last node that is there. */
function find(
  document: Document,
  aliases: Aliases,
  path: Path,
  atKey = false,
): { readonly offset: number; readonly text: string } {
  let node: Node | null = document.contents
  let offset = node?.range?.[0] ?? 0
  const missing = () => ({ offset, text: 'nothing' })
  const resolved = (from: Node | null): Node | null => (isAlias(from) ? (aliases.get(from) ?? null) : from)
  for (const [depth, part] of path.entries()) {
    const parent = resolved(node)
    if (isMap(parent)) {
      const pair = parent.items.find(
        (item): item is Pair<Node, Node | null> => isScalar(item.key) && item.key.value === part,
      )
      if (pair === undefined) return missing()
      const keyOffset = pair.key.range?.[0] ?? offset
      if (atKey && depth === path.length - 1) return { offset: keyOffset, text: quoted(String(part)) }
      node = pair.value
      offset = node?.range?.[0] ?? keyOffset
    } else if (isSeq(parent)) {
      node = (parent.items[Number(part)] as Node | undefined) ?? null
      if (node === null) return missing()
      offset = node.range?.[0] ?? offset
    } else return { offset, text: written(parent) }
  }
  return { offset, text: written(resolved(node)) }
}

/** A value as the file writes it, short and safe to print. */
function written(node: Node | null): string {
  if (isMap(node)) return 'a mapping'
  if (isSeq(node)) return node.items.length === 0 ? 'an empty list' : 'a list'
  if (!isScalar(node) || node.value === null) return 'nothing'
  if (typeof node.value === 'string') return quoted(node.value)
  return printable(node.source ?? JSON.stringify(node.value))
}

/** JSON string of at most 64 characters, without control characters or reversed text. */
export const quoted = (text: string): string =>
  printable(JSON.stringify(text.length > 64 ? `${text.slice(0, 63)}…` : text))

/** The same text, without what moves a cursor, hides or reverses. */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${c.codePointAt(0)?.toString(16) ?? ''}}`)
}

/** The parser's own words, with the remedy for tabs, and for the one mistake that everyone makes with IPv6. */
function message(error: YAMLError, text: string, lines: LineCounter): string {
  const start = lines.lineStarts[lines.linePos(error.pos[0]).line - 1] ?? 0
  const line = text.slice(start, start + 1024).split('\n', 1)[0] ?? ''
  const ipv6 = /(?<!["'])\[[0-9a-f:.]*:[0-9a-f:.]*\]/i.exec(line)
  const words = printable(error.message)
  if (error.code === 'TAB_AS_INDENT') return `${words}: use spaces`
  return ipv6 === null ? words : `${words} (an address in brackets needs quotes: "${ipv6[0]}:80")`
}
