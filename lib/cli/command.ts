/** What a subcommand is made of. */
import type { Call, Command as Described } from '../command-line/command.js'
import type { Output, Terminal } from '../command-line/terminal.js'
import type { Ipvs } from '../handle.js'

export { type Call, type Operand, type Option, isOn, textOf, textsOf } from '../command-line/command.js'
export { type Output } from '../command-line/terminal.js'

/** All of the world that a command touches. */
export interface Io extends Terminal {
  readonly stdin: AsyncIterable<string | Uint8Array>
  readonly stderr: Output
  /** A handle on the table of a network namespace; undefined: the process's own. The command closes it. */
  open(namespace: string | undefined): Promise<Ipvs>
}

/** What a subcommand's module exports. */
export interface Program {
  /** Resolves to the exit status. */
  run(call: Call, io: Io): Promise<number>
}

/** With its module, loaded when it is called. */
export interface Command extends Described {
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
