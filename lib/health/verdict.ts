import { inspect } from 'node:util'
import type { Reason, Verdict } from './check.js'

const maxDetailLength = 200

/** The errors that say something about the target. */
const failures: ReadonlyMap<string, Reason> = new Map([
  ['ECONNREFUSED', 'refused'],
  ['ECONNRESET', 'reset'],
  ['EPIPE', 'reset'],
  ['EHOSTUNREACH', 'unreachable'],
  ['EHOSTDOWN', 'unreachable'],
  ['ETIMEDOUT', 'timeout'],
])

/** How OpenSSL and Node.js call what is wrong with a handshake, or with the certificate in it. */
const tlsFailures =
  /^(EPROTO$|ERR_SSL_|ERR_TLS_CERT_|CERT_|CRL_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|ERROR_IN_|INVALID_|PATH_LENGTH_|HOSTNAME_)/

/**
 * The verdict on an error of a socket, of TLS or of Node's HTTP parser. Every other error is inconclusive: it was met before a packet
 * reached the target (EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EPERM, EAFNOSUPPORT, EINVAL), or the path from here is
 * broken (ENETDOWN, ENETUNREACH, EACCES); to count these would let one local fault empty every pool. Linux reports a router's
 * "net unreachable", and over IPv6 "administratively prohibited", by the last two as well: the cautious reading holds.
 */
export function verdictOfError(error: unknown): Verdict {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const reason = code.startsWith('HPE_') ? 'protocol' : tlsFailures.test(code) ? 'tls' : failures.get(code)
  const detail = messageOf(error)
  return reason === undefined
    ? { outcome: 'inconclusive', reason: 'local', detail }
    : { outcome: 'fail', reason, detail }
}

/** What an error of any kind says, printable. */
export function messageOf(error: unknown): string {
  return printable(error instanceof Error ? String(error.message) : inspect(error))
}

/** The verdict of a check whose signal fired: only the deadline says something about the target. */
export function verdictOfAbort(signal: AbortSignal): Verdict {
  const reason: unknown = signal.reason
  if (reason instanceof Error && reason.name === 'TimeoutError') return { outcome: 'fail', reason: 'timeout' }
  return { outcome: 'inconclusive', reason: 'local', detail: 'the check was withdrawn' }
}

/** What a check gave, made safe to store and print: anything that is no verdict is inconclusive. */
export function verdictOf(value: unknown): Verdict {
  const given: { outcome?: unknown; weight?: unknown; reason?: unknown; detail?: unknown } = Object(value) as object
  const { outcome, weight, reason, detail } = given
  if (outcome === 'pass') {
    if (weight === undefined) return { outcome }
    if (typeof weight === 'number' && weight >= 0 && weight < Infinity) return { outcome, weight }
  }
  if ((outcome === 'fail' || outcome === 'inconclusive') && typeof reason === 'string') {
    const why = { outcome, reason: printable(reason) } as const
    return typeof detail === 'string' ? { ...why, detail: printable(detail) } : why
  }
  return { outcome: 'inconclusive', reason: 'local', detail: 'the check gave no valid verdict' }
}

/** One line without control, format or lone surrogate characters: it may come from a stranger and go to a terminal or a log. */
export function printable(text: string): string {
  return text.slice(0, maxDetailLength).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ')
}
