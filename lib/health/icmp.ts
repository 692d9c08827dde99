import { checkedRecord, wrongType } from './arguments.js'
import type { Check, Verdict } from './check.js'
import { explained, sourceTowards, surveyor } from './path.js'
import { verdictOfAbort, verdictOfError } from './verdict.js'

/** What `icmp()` pings by: `openPing()` of `ipvs/system`, or anything like it. */
export interface Pinger {
  /**
   * Fulfils when the address has answered. Rejects with the signal's reason once that fires, and with an error whose `code` is
   * `EHOSTUNREACH` and so on; a `syscall` of `sendto` says that nothing was sent.
   */
  echo(address: string, signal: AbortSignal): Promise<unknown>
}

/** What `icmp()` needs. */
export interface IcmpOptions {
  /** Opened, shared and closed by the caller: one for all checks. */
  readonly ping: Pinger
}

/**
 * Passes when the target's host answers an ICMP echo request; the port is not looked at. A host that nobody can reach fails with
 * `unreachable`, one that does not answer times out; trouble on this side is inconclusive. Its kernel answers, not its program:
 * a host whose servers have all died still passes.
 *
 * Throws TypeError for what is no Pinger.
 */
export function icmp(options: IcmpOptions): Check {
  const { ping } = checkedRecord('options', options, ['ping'])
  if (typeof ping?.echo !== 'function') throw wrongType('options.ping', 'openPing() of ipvs/system or its like', ping)
  const look = surveyor()
  return async ({ address }, signal) => {
    try {
      await ping.echo(address, signal)
      return { outcome: 'pass' }
    } catch (error) {
      const sent = wasSent(error)
      const verdict = signal.aborted ? verdictOfAbort(signal) : verdictOfError(error, sent)
      return sent ? explainedEcho(verdict, address) : verdict
    }
  }

  /** The socket is not connected: from where it sent is asked for afterwards. */
  function explainedEcho(verdict: Verdict, address: string): Verdict {
    if (verdict.outcome !== 'fail') return verdict
    const from = sourceTowards(address)
    if (from === undefined)
      return { outcome: 'inconclusive', reason: 'local', detail: `this host has no way to ${address} any more` }
    return explained(verdict, { to: address, from, answered: false }, look)
  }
}

/** What the kernel refuses to send says nothing of the target. */
const wasSent = (error: unknown): boolean =>
  !(error instanceof Error && 'syscall' in error && error.syscall === 'sendto')
