/** What ends a call of ipvsadm: the text for stderr, without its line feed, and the exit status. */
export class Failure extends Error {
  constructor(
    message: string,
    readonly status: number = usageStatus,
    /** Whether a restore goes on with its next line: ipvsadm returns where it elsewhere exits. */
    readonly isResumable = false,
  ) {
    super(message)
  }
}

/** Wrong arguments. */
export const usageStatus = 2
/** The table could not be listed. */
export const listStatus = 1
/** The kernel refused, or there is no such command: -1, as a process ends with it. */
export const refusedStatus = 255
