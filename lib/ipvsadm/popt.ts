/** Words -> options, by the rules of popt(3), with which ipvsadm reads its arguments. */
import { commandWords, optionWords, type CommandWord, type OptionWord } from './options.js'

export type Word = CommandWord | (typeof optionWords)[number]['long']

/** An option with its value. */
export interface Given {
  readonly word: Word
  readonly value: string | undefined
  /** The word of the command line that was read last: what popt calls the bad option. */
  readonly last: string
}

export interface Arguments {
  readonly options: readonly Given[]
  /** What is no option, in order. */
  readonly others: readonly string[]
  /** Where the reading stopped, if it did. */
  readonly error?: { readonly last: string; readonly text: string } | undefined
}

interface Known extends OptionWord {
  readonly long: Word
}

const known: readonly Known[] = [...commandWords, ...optionWords]
const byLong = new Map<string, Known>(known.map((option) => [option.long, option]))
const byShort = new Map<string, Known>(known.flatMap((option) => (option.short ? [[option.short, option]] : [])))

class Stop extends Error {}

/** Options may stand together (-Ln), their value behind them (-p300, -p=300, --persistent=300) or in the next word. */
export function readArguments(words: readonly string[]): Arguments {
  const options: Given[] = []
  const others: string[] = []
  let at = 0

  /** The value of an option whose own word has none left. */
  function nextWord({ takes }: OptionWord): string | undefined {
    const next = words[at]
    if (next === undefined && takes !== 'optional') throw new Stop('missing argument')
    if (next === undefined || (takes === 'optional' && next.startsWith('-'))) return undefined
    at++
    return next
  }

  function add(option: Known, value: string | undefined): void {
    options.push({ word: option.long, value, last: words[at - 1] ?? '' })
  }

  function readLong(word: string): void {
    const [, name = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(word) ?? []
    const option = byLong.get(name)
    if (!option) throw new Stop('unknown option')
    if (option.takes === undefined && value !== undefined) throw new Stop('option does not take an argument')
    add(option, option.takes === undefined ? undefined : (value ?? nextWord(option)))
  }

  function readShort(letters: string): void {
    let rest = letters
    while (rest !== '') {
      const option = byShort.get(rest[0] as string)
      if (!option) throw new Stop('unknown option')
      rest = rest.slice(1)
      if (option.takes === undefined) {
        if (rest.startsWith('=')) throw new Stop('option does not take an argument')
        add(option, undefined)
      } else {
        add(option, rest === '' ? nextWord(option) : rest.replace(/^=/, ''))
        return
      }
    }
  }

  try {
    while (at < words.length) {
      const word = words[at++] as string
      if (word === '--') others.push(...words.slice(at, (at = words.length)))
      else if (word.startsWith('--')) readLong(word.slice(2))
      else if (word.startsWith('-') && word !== '-') readShort(word.slice(1))
      else others.push(word)
    }
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    return { options, others, error: { last: words[at - 1] ?? '', text: error.message } }
  }
  return { options, others }
}
