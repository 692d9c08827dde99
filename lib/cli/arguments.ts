/** The arguments of a subcommand, read by its data. */
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { usageError, type Call, type CliError, type Command, type Option } from './command.js'
import { helpOption } from './commands.js'
import { nearest } from './nearest.js'

/** undefined: help is wanted, whatever else is wrong. */
export function readCall(command: Command, args: readonly string[]): Call | undefined {
  const { values, positionals, tokens } = parse(command, args)
  if (values['help'] !== undefined) return undefined
  for (const token of tokens) {
    if (token.kind === 'option') checkOption(command, token)
  }
  checkOperands(command, positionals)
  return { values, operands: positionals }
}

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

function checkOption(command: Command, { name, rawName, value }: Given): void {
  const option = command.options.find((option) => option.name === name)
  if (!option) throw unknownOption(command, rawName)
  const wrong = (expected: string) => wrongArgument(command, `${rawName}: expected ${expected}`, value)
  if (option.value === undefined && value !== undefined) throw wrong('no value')
  if (option.value !== undefined && value === undefined) throw wrong(option.value)
  if (option.choices && !option.choices.includes(value ?? '')) throw wrong(orWords(option.choices))
}

function unknownOption(command: Command, found: string): CliError {
  const options: readonly Option[] = [...command.options, helpOption]
  const near = nearest(
    found,
    options.map(({ name }) => `--${name}`),
  )
  return wrongArgument(command, `expected an option${near === undefined ? '' : `, perhaps ${near}`}`, found)
}

function checkOperands(command: Command, found: readonly string[]): void {
  command.operands.forEach(({ name, optional, completes }, i) => {
    const word = found[i]
    const isWrong = word === undefined ? optional !== true : typeof completes === 'object' && !completes.includes(word)
    if (isWrong)
      throw wrongArgument(command, `expected ${typeof completes === 'object' ? orWords(completes) : name}`, word)
  })
  const last = command.operands.at(-1)
  if (found.length <= command.operands.length) return
  const expected = last ? `expected nothing after ${last.name}` : 'expected options only'
  throw wrongArgument(command, expected, found[command.operands.length])
}

function wrongArgument(command: Command, expected: string, found: string | undefined): CliError {
  const word = found === undefined ? 'nothing' : JSON.stringify(found)
  return usageError(command.name, `${command.name}: ${expected}, found ${word}`)
}

/** `bash, zsh or fish` */
export function orWords(words: readonly string[]): string {
  return words.join(', ').replace(/, ([^,]*)$/, ' or $1')
}
