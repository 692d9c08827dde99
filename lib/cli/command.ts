/** What a subcommand is made of: data, from which arguments are read, and help, completion and the man page are made. */
import type { Ipvs } from '../handle.js'

/** Where text goes; the process's stdout is one. */
export interface Output {
  write(text: string): unknown
  /** A terminal: may be coloured and drawn upon. */
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}

/** All of the world that a command touches. */
export interface Io {
  readonly stdin: AsyncIterable<string | Uint8Array>
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
  /**
   * Calls back with the keys as they are pressed, Ctrl-C too, none shown, until the function that it gives is called. Only where
   * stdin is a terminal.
   */
  readonly onKey?: ((listener: (key: string) => void) => () => void) | undefined
  /** Aborted when the user wants an end: SIGINT, SIGTERM. */
  readonly signal: AbortSignal
  /** A handle on the table of a network namespace; undefined: the process's own. The command closes it. */
  open(namespace: string | undefined): Promise<Ipvs>
}

/** `--name VALUE`, or `--name` where `value` is left out. */
export interface Option {
  readonly name: string
  readonly short?: string
  /** What stands for the value in help. Without it the option is a switch. */
  readonly value?: string
  /** May be given several times. */
  readonly multiple?: true
  /** The words that the value can be, for completion. */
  readonly choices?: readonly string[]
  readonly help: string
}

/** What stands without a dash, in order. */
export interface Operand {
  readonly name: string
  readonly optional?: true
  /** For completion: files, or what the table holds. */
  readonly completes?: 'file' | 'service' | 'server' | readonly string[]
}

/** The arguments of one call. */
export interface Call {
  /** By the option's name: a text, true for a switch, a list where it is `multiple`. */
  readonly values: Readonly<Record<string, string | boolean | readonly string[] | undefined>>
  readonly operands: readonly string[]
}

/** What a subcommand's module exports. */
export interface Program {
  /** Resolves to the exit status. */
  run(call: Call, io: Io): Promise<number>
}

export interface Command {
  readonly name: string
  readonly operands: readonly Operand[]
  /** One line, for the list of commands. */
  readonly summary: string
  /** Paragraphs. */
  readonly description: readonly string[]
  readonly options: readonly Option[]
  /** Exit statuses beside those that all commands have. */
  readonly statuses?: Readonly<Record<number, string>>
  readonly examples: readonly string[]
  /** Its module, loaded when it is called. */
  load(): Promise<Program>
}

/** Exit statuses of every command. */
export const Status = { ok: 0, failed: 1, pending: 2, deadline: 3, usage: 64, interrupted: 130 } as const

/** One sentence for stderr and the exit status that goes with it. */
export class CliError extends Error {
  constructor(
    message: string,
    readonly status: number = Status.failed,
  ) {
    super(message)
  }
}

/** Wrong arguments: the sentence ends with where help is. */
export function usageError(command: string, problem: string): CliError {
  return new CliError(`${problem}; see ipvs ${command === '' ? '' : `${command} `}--help`, Status.usage)
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
