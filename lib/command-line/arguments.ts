/** The arguments of a call, read by the data of its command. */
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { flagOf, helpOption, usageError } from './command.js'
import type { Call, Command, CommandLine, UsageError } from './command.js'
import { nearest } from './nearest.js'

/** The command of that name. Throws UsageError if there is none, with the one that was perhaps meant. */
export function commandCalled<C extends Command>(line: CommandLine<C>, word: string): C {
  const command = line.commands.find(({ name }) => name === word)
  if (command) return command
  const found = JSON.stringify(word)
  if (word.startsWith('-')) throw usageError(line, undefined, `expected a command first, found ${found}`)
  const names = [...line.commands, ...(line.relays ?? [])].map(({ name }) => name)
  throw usageError(line, undefined, `expected a command${perhaps(word, [...names, 'help'])}, found ${found}`)
}

/**
 * What stands after the command's name; undefined: help is wanted, whatever else is wrong. Throws UsageError for an option that is
 * unknown, lacks its value or is required and missing, and for an operand too many or too few.
 */
export function readCall(line: Pick<CommandLine, 'name'>, command: Command, args: readonly string[]): Call | undefined {
  const { values, positionals, tokens } = parse(command, args)
  if (values['help'] !== undefined) return undefined
  const wrong = (expected: string, found: string | undefined) => {
    return usageError(line, command, `${expected}, found ${found === undefined ? 'nothing' : JSON.stringify(found)}`)
  }
  for (const token of tokens) {
    if (token.kind === 'option') checkOption(command, token, wrong)
  }
  const missing = command.options.find(({ name, required }) => required === true && values[name] === undefined)
  if (missing) throw wrong(`expected ${flagOf(missing)}`, undefined)
  checkOperands(command, positionals, wrong)
  return { values, operands: positionals }
}

/** The error for what was expected, and what was found: a word, or nothing. */
type Wrong = (expected: string, found: string | undefined) => UsageError

/** What stands there, right or wrong. Options may stand between operands, and after -- there are none. */
export function parse(command: Command, args: readonly string[]): ReturnType<typeof parseArgs<Settings>> {
  const options = Object.fromEntries(
    [...command.options, helpOption].map(({ name, short, value, multiple = false }) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple, ...(short && { short }) },
    ]),
  )
  // Strict, Node.js has words of its own for what is wrong, which change with its versions.
  return parseArgs<Settings>({ args: [...args], options, strict: false, allowPositionals: true, tokens: true })
}

interface Settings extends ParseArgsConfig {
  readonly strict: false
  readonly allowPositionals: true
  readonly tokens: true
}

interface Given {
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
}

function checkOption(command: Command, { name, rawName, value }: Given, wrong: Wrong): void {
  const option = command.options.find((option) => option.name === name)
  if (!option) {
    const flags = [...command.options, helpOption].map(({ name }) => `--${name}`)
    throw wrong(`expected an option${perhaps(rawName, flags)}`, rawName)
  }
  if (option.value === undefined && value !== undefined) throw wrong(`${rawName}: expected no value`, value)
  if (option.value !== undefined && value === undefined) throw wrong(`${rawName}: expected ${option.value}`, value)
  if (option.choices && !option.choices.includes(value ?? '')) {
    throw wrong(`${rawName}: expected ${orWords(option.choices)}`, value)
  }
}

function checkOperands({ operands }: Command, found: readonly string[], wrong: Wrong): void {
  operands.forEach(({ name, optional, completes }, i) => {
    const word = found[i]
    const words = typeof completes === 'object' ? completes : undefined
    const isWrong = word === undefined ? optional !== true : words !== undefined && !words.includes(word)
    if (isWrong) throw wrong(`expected ${words ? orWords(words) : name}`, word)
  })
  const last = operands.at(-1)
  if (found.length <= operands.length) return
  throw wrong(last ? `expected nothing after ${last.name}` : 'expected options only', found[operands.length])
}

/** `, perhaps list`, if one of the names is near. */
function perhaps(word: string, names: readonly string[]): string {
  const near = nearest(word, names)
  return near === undefined ? '' : `, perhaps ${near}`
}

/** `bash, zsh or fish` */
export function orWords(words: readonly string[]): string {
  return words.join(', ').replace(/, ([^,]*)$/, ' or $1')
}
