/** keepalived's lines -> blocks within blocks. */
import { ImportError } from './model.js'
import type { Place } from './model.js'
import type { Line } from './keepalived-lines.js'

/** A keyword with its words, and what is between its braces. */
export interface Block {
  readonly place: Place
  readonly keyword: string
  readonly words: readonly string[]
  readonly children: readonly Block[]
  /** Whether there were braces. */
  readonly isBlock: boolean
}

type OpenBlock = Block & { children: Block[]; isBlock: boolean }

const MAX_DEPTH = 16

/** Throws ImportError where braces do not match. */
export function treeOf(lines: readonly Line[], whole: Place): readonly Block[] {
  const top: OpenBlock = { place: whole, keyword: '', words: [], children: [], isBlock: true }
  const open: OpenBlock[] = [top]
  let last: OpenBlock | undefined
  for (const { place, words } of lines) {
    let statement: string[] = []
    const end = () => {
      const [keyword, ...rest] = statement
      statement = []
      if (keyword === undefined) return
      last = { place, keyword, words: rest, children: [], isBlock: false }
      open.at(-1)?.children.push(last)
    }
    for (const { text, quoted } of words) {
      if (quoted || (text !== '{' && text !== '}')) statement.push(text)
      else if (text === '{') {
        end()
        if (last === undefined || last.isBlock)
          throw new ImportError(place, 'brace: expected a keyword before {, found none')
        if (open.length > MAX_DEPTH)
          throw new ImportError(place, `brace: expected at most ${MAX_DEPTH} blocks in each other, found more`)
        last.isBlock = true
        open.push(last)
        last = undefined
      } else {
        end()
        if (open.length === 1) throw new ImportError(place, 'brace: expected { before }, found none')
        open.pop()
        last = undefined
      }
    }
    end()
  }
  const unclosed = open.at(-1)
  if (unclosed !== undefined && unclosed !== top)
    throw new ImportError(unclosed.place, `${unclosed.keyword}: expected } at its end, found the end of the file`)
  return top.children
}

/** The last of these keywords in a block: the later one counts. */
export const find = (block: Block | undefined, ...keywords: readonly string[]): Block | undefined =>
  block?.children.findLast(({ keyword }) => keywords.includes(keyword))

/** A keyword that may have on|off|true|false|yes|no behind it. */
export function flag(block: Block | undefined, keyword: string): boolean | undefined {
  const found = find(block, keyword)
  return found && !/^(off|false|no)$/.test(found.words[0] ?? '')
}

/** A number from the innermost block that has it; undefined where none has. */
export function inherited(blocks: readonly (Block | undefined)[], keyword: string): number | undefined {
  for (const block of blocks) {
    const word = find(block, keyword)?.words[0]
    if (word !== undefined && /^\d{1,9}(\.\d{1,6})?$/.test(word)) return Number(word)
  }
  return undefined
}
