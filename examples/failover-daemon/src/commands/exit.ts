/** A sentence for stderr and the exit status that goes with it. */
export class Exit extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message)
  }
}

/** Where commands write what is not log. */
export interface Output {
  readonly stdout: Stream
  readonly stderr: Stream
}

interface Stream {
  write(text: string): unknown
  /** Of a terminal. */
  readonly columns?: number | undefined
}

/** Exit statuses; those above 2 are of sysexits.h. */
export const statuses = { failed: 1, wrong: 2, running: 75 } as const
