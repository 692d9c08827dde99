/** What a command line is made of. */

/** `--name VALUE`, or `--name` where `value` is left out. */
export interface Option {
  /** Without the dashes. */
  readonly name: string
  /** The letter that stands for it. */
  readonly short?: string
  /** What stands for the value in help. Without it the option is a switch. */
  readonly value?: string
  /** May not be left out. */
  readonly required?: true
  /** May be given several times. */
  readonly multiple?: true
  /** The words that the value can be. */
  readonly choices?: readonly string[]
  /** What it means: no sentence, no full stop. */
  readonly help: string
}

/** What stands without a dash, in order. */
export interface Operand {
  /** In capitals, as help calls it. */
  readonly name: string
  /** May be left out. */
  readonly optional?: true
  /** For completion: files, or what the table holds; or the words that it can be, of which it must be one. */
  readonly completes?: 'file' | 'service' | 'server' | readonly string[]
}

/** The first word of a call, and what may follow it. */
export interface Command {
  /** The word. */
  readonly name: string
  /** In order; those that may be left out come last. */
  readonly operands: readonly Operand[]
  /** One line, for the list of commands. */
  readonly summary: string
  /** Paragraphs. */
  readonly description: readonly string[]
  /** Beside `--help`, which each has. */
  readonly options: readonly Option[]
  /** What may follow, a line for each way to call it, where options exclude each other. @default made of options and operands */
  readonly forms?: readonly string[]
  /** Exit statuses beside those that all commands have, or with a meaning of their own. */
  readonly statuses?: Readonly<Record<number, string>>
  /** Lines for a shell. */
  readonly examples: readonly string[]
}

/** A command that hands all that follows to another command line, and reads none of it. */
export interface Relay {
  /** The word. */
  readonly name: string
  /** One line, for the list of commands. */
  readonly summary: string
  /** Paragraphs. */
  readonly description: readonly string[]
}

/** A program of several commands. */
export interface CommandLine<C extends Command = Command> {
  /** As it is called. */
  readonly name: string
  /** What it is for: no sentence, no full stop. */
  readonly purpose: string
  /** In the order of help. */
  readonly commands: readonly C[]
  /** After the others. @default none */
  readonly relays?: readonly Relay[]
  /** The exit statuses that every command has. */
  readonly statuses: Readonly<Record<number, string>>
}

/** The arguments of one call. */
export interface Call {
  /** By the option's name: a text, true for a switch, a list where it is `multiple`. */
  readonly values: Readonly<Record<string, string | boolean | readonly string[] | undefined>>
  /** In order. */
  readonly operands: readonly string[]
}

/** Every command has it. */
export const helpOption: Option = { name: 'help', short: 'h', help: 'show this help' }

/** What can stand instead of a command. */
export function generalOptions({ name }: Pick<CommandLine, 'name'>): readonly Option[] {
  const help = `show this help; after a command, or as \`${name} help COMMAND\`, show what it takes`
  return [
    { ...helpOption, help },
    { name: 'version', short: 'V', help: 'show the version' },
  ]
}

/** As short as it can be typed: `-c FILE`, `--json`. */
export function flagOf({ short, name, value }: Option): string {
  return `${short === undefined ? `--${name}` : `-${short}`}${value === undefined ? '' : ` ${value}`}`
}

/** What may follow the command's name, a text for each way to call it: `-c FILE [OPTION...] SERVICE`. */
export function formsOf({ forms, options, operands }: Command): readonly string[] {
  if (forms) return forms
  const required = options.filter((option) => option.required === true)
  const words = operands.map(({ name, optional }) => (optional === true ? `[${name}]` : name))
  return [[...required.map(flagOf), ...(options.length > required.length ? ['[OPTION...]'] : []), ...words].join(' ')]
}

/** Wrong arguments, in one sentence that says where help is. */
export class UsageError extends Error {
  /** The class, after bundling, too. */
  override readonly name: string = 'UsageError'
}

/** Of a command, or of no command yet: `plan: expected FILE, found nothing; see ipvs plan --help`. */
export function usageError(
  { name }: Pick<CommandLine, 'name'>,
  command: Pick<Command, 'name'> | undefined,
  problem: string,
): UsageError {
  const [head, where] = command ? [`${command.name}: `, `${name} ${command.name}`] : ['', name]
  return new UsageError(`${head}${problem}; see ${where} --help`)
}

/** The text of an option that takes a value. */
export function textOf({ values }: Call, option: string): string | undefined {
  const value = values[option]
  return typeof value === 'string' ? value : undefined
}

/** Whether a switch is given. */
export function isOn({ values }: Call, option: string): boolean {
  return values[option] === true
}

/** The texts of an option that may be given several times. */
export function textsOf({ values }: Call, option: string): readonly string[] {
  const value = values[option]
  return Array.isArray(value) ? (value as readonly string[]) : []
}
