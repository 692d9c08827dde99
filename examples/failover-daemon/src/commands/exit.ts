import type { Output as Stream, Terminal } from 'ipvs/command-line'

export type { Stream }

/** A sentence for stderr and the exit status that goes with it. */
export class Exit extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message)
  }
}

/** Where commands write what is not log, and, as far as it is given, the terminal that one of them draws upon. */
export interface Output extends Partial<Omit<Terminal, 'stdout'>> {
  readonly stdout: Stream
  readonly stderr: Stream
}

/** Exit statuses; those above 2 are of sysexits.h. */
export const statuses = { failed: 1, wrong: 2, running: 75 } as const
