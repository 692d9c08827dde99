/** Which word the cursor is in. */
import { parse } from '../../command-line/arguments.js'
import { generalOptions, helpOption } from '../../command-line/command.js'
import { adm, commandNames, commands, ipvs } from '../commands.js'
import { wantedOfAdm } from './adm.js'
import { nothing, wordsWanted, type Completion, type Wanted } from './wanted.js'
import type { Command, Operand, Option } from '../command.js'

/** `words` stand after `ipvs`; the last, which may be empty, is the one at the cursor. */
export function completionAt(words: readonly string[]): Completion {
  const [first = '', ...rest] = words
  if (words.length < 2) return { wanted: first.startsWith('-') ? optionsWanted(generalOptions(ipvs)) : commandsWanted }
  if (first === 'help') return { wanted: rest.length === 1 ? commandsWanted : nothing }
  if (first === adm.name) return { wanted: wantedOfAdm(rest) }
  const command = commands.find(({ name }) => name === first)
  return command ? completionOf(command, rest) : { wanted: nothing }
}

const commandsWanted: Wanted = {
  from: 'words',
  candidates: commandNames.map((word) => ({
    word,
    help: [...commands, adm].find(({ name }) => name === word)?.summary ?? 'show what a command takes',
  })),
}

function optionsWanted(options: readonly Option[]): Wanted {
  return { from: 'words', candidates: options.map(({ name, help }) => ({ word: `--${name}`, help })) }
}

function completionOf(command: Command, words: readonly string[]): Completion {
  const { values, positionals, tokens } = parse(command, words.slice(0, -1))
  const current = words.at(-1) ?? ''
  const isAfterOptions = tokens.some(({ kind }) => kind === 'option-terminator')
  const last = tokens.at(-1)
  const option = last?.kind === 'option' && last.value === undefined && find(command, last.name)
  if (option && option.value !== undefined) return { wanted: valueWanted(option) }
  const [, prefix = '', name = ''] = /^(--([^=]+)=)/.exec(current) ?? []
  const assigned = isAfterOptions ? undefined : find(command, name)
  if (assigned) return { wanted: assigned.value === undefined ? nothing : valueWanted(assigned), prefix }
  const operand = command.operands[positionals.length]
  if (!isAfterOptions && (current.startsWith('-') || !operand)) {
    const left = [...command.options, helpOption].filter(({ name, multiple }) => multiple || values[name] === undefined)
    return { wanted: optionsWanted(left) }
  }
  return { wanted: operand ? operandWanted(operand, positionals[0], values['namespace']) : nothing }
}

function find(command: Command, name: string): Option | undefined {
  return command.options.find((option) => option.name === name)
}

function valueWanted({ name, choices }: Option): Wanted {
  return name === 'namespace' ? { from: 'namespaces' } : wordsWanted(choices ?? [])
}

function operandWanted({ completes }: Operand, service = '', given: unknown): Wanted {
  const namespace = typeof given === 'string' ? given : undefined
  switch (completes) {
    case undefined:
      return nothing
    case 'file':
      return { from: 'files' }
    case 'service':
      return { from: 'services', namespace }
    case 'server':
      return { from: 'servers', of: service, namespace }
    default:
      return wordsWanted(completes)
  }
}
