import { checkedRecord, wrongType } from './arguments.js'
import type { Check } from './check.js'
import { leavesNothing } from './controllers.js'
import { explained, surveyor } from './path.js'
import { overStream } from './stream.js'
import { verdictOfAbort, verdictOfError } from './verdict.js'

/** What `tcp()` connects by: `openConnector()` of `ipvs/system`, or anything like it. */
export interface TcpConnector {
  /**
   * Connects and closes at once. Fulfils, also once the signal fires: without an `error` if the target has accepted, else with one whose
   * `code` is `ECONNREFUSED` and so on, and `from`, the address that the kernel sent from; undefined says that nothing was sent.
   * Leaves nothing on the signal then: others use it again.
   */
  connect(address: string, port: number, signal: AbortSignal): Promise<TcpEnd>
}

/** How an attempt of a `TcpConnector` has ended. */
export interface TcpEnd {
  /** Why the target has not accepted; undefined if it has. */
  readonly error?: unknown
  /** The address that the kernel sent from. */
  readonly from?: string | undefined
}

/** How `tcp()` connects. */
export interface TcpOptions {
  /**
   * Opened, shared and closed by the caller: one for all checks. Takes less than half of the processor's time, which counts from
   * thousands of targets on. It closes by a reset, which leaves nothing in TIME_WAIT: the program that listens mostly hears of
   * nothing, or finds a connection that is reset. @default a socket of Node.js for each check, closed in the usual way
   */
  readonly connector?: TcpConnector | undefined
}

/**
 * Passes when the target accepts a TCP connection, which is closed at once; nothing is sent. The verdicts are the same with and
 * without a connector.
 * The target's kernel accepts, not its program: a server that hangs still passes. Where that matters use `http()`.
 *
 * Throws TypeError for a wrong option.
 */
export function tcp(options: TcpOptions = {}): Check {
  const { connector } = checkedRecord('options', options, ['connector'])
  if (connector === undefined)
    return overStream(undefined, (_socket, done) => ({ ready: () => done({ outcome: 'pass' }) }))
  if (typeof connector?.connect !== 'function')
    throw wrongType('options.connector', 'openConnector() of ipvs/system or its like', connector)
  const look = surveyor()
  return leavesNothing(async ({ address, port }, signal) => {
    if (signal.aborted) return verdictOfAbort(signal)
    const { error, from } = await connector.connect(address, port, signal)
    if (error === undefined) return { outcome: 'pass' }
    const verdict = signal.aborted ? verdictOfAbort(signal) : verdictOfError(error, from !== undefined)
    return explained(verdict, { to: address, from, answered: false }, look)
  })
}
