/** What a subcommand is made of. */
import type { Call, Command as Described } from '../command-line/command.js'
import type { Ipvs } from '../handle.js'

export { type Call, type Operand, type Option, isOn, textOf, textsOf } from '../command-line/command.js'

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
