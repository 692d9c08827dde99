/** What a check is: a function from a target to a verdict. Nothing here knows of IPVS. */

/** What is checked. More fields may be added by whoever brings the check. */
export interface Target {
  /** IPv4 or IPv6 address, without brackets or zone. Never a name: a name server's trouble is not the target's. */
  readonly address: string
  /** 1 to 65535. */
  readonly port: number
}

/**
 * What one check found out.
 *
 * `pass` and `fail` are conclusive. `inconclusive` says nothing about the target, because the trouble is local (no file
 * descriptors, no route, a stalled event loop, a bug in the check): it neither counts nor breaks a streak.
 */
export type Verdict = Pass | NoPass

/** The target does what it should. */
export interface Pass {
  /** Conclusive. */
  readonly outcome: 'pass'
  /** The weight that the target asks for, 0 or more, where the check can tell; passed through, never used here. */
  readonly weight?: number | undefined
}

/** The target does not what it should, or nobody knows. */
export interface NoPass {
  /** `fail` is conclusive. */
  readonly outcome: 'fail' | 'inconclusive'
  /** `protocol`: the answer is no valid one; `mismatch`: it is valid, but not the expected one. */
  readonly reason: Reason
  /**
   * For people: printable, at most 200 characters, never what the target sent. Of a program's output only what
   * an option says is its own.
   */
  readonly detail?: string | undefined
}

/** Why a check did not pass; `exit` is a program's exit status. Checks may have words of their own. */
export type Reason =
  'refused' | 'timeout' | 'reset' | 'unreachable' | 'protocol' | 'mismatch' | 'tls' | 'exit' | 'local' | (string & {})

/**
 * Checks a target once. Must settle when `signal` fires; with `fail` and `timeout` if the signal's reason is a
 * `TimeoutError`, which is what a monitor's deadline and `AbortSignal.timeout()` use, unless it knows better: with `inconclusive`
 * where it was trouble here that took so long. A throw is inconclusive: a bug in a check takes no server out; once the
 * signal has fired, a throw is taken for the abort.
 */
export type Check<T extends Target = Target> = (target: T, signal: AbortSignal) => Promise<Verdict>
