import { inspect } from 'node:util'
import type { Reason, Verdict } from './check.js'

const maxDetailLength = 200

/** The errors that say something about the target. */
const failures: ReadonlyMap<string, Reason> = new Map([
  ['ECONNREFUSED', 'refused'],
  ['ECONNRESET', 'reset'],
  ['EPIPE', 'reset'],
  ['ETIMEDOUT', 'timeout'],
])

/** What ICMP makes of an attempt, unless it was this host's own routing table: the same codes, but then nothing was sent. */
const unreachable = ['EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'EACCES', 'ENONET', 'ENOPROTOOPT']

/** How OpenSSL and Node.js call what is wrong with a handshake, or with the certificate in it. */
const tlsFailures =
  /^(EPROTO$|ERR_SSL_|ERR_TLS_CERT_|CERT_|CRL_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|ERROR_IN_|INVALID_|PATH_LENGTH_|HOSTNAME_)/

/** What is wrong with an answer, as Node's parsers of HTTP/1 and HTTP/2 call it. */
const protocolFailures = /^(HPE_|ERR_HTTP2_(ERROR|(STREAM|SESSION)_ERROR|GOAWAY_SESSION|STREAM_CANCEL)$)/

/**
 * The verdict on an error of a socket, of TLS or of a parser of HTTP. `sent` tells that the kernel sent something, so that the error
 * came back from the network. Every other error is inconclusive: it was met before a packet reached the target (EMFILE, ENFILE,
 * ENOBUFS, ENOMEM, EADDRNOTAVAIL, EPERM, EAFNOSUPPORT), or this host has no way to it (ENETUNREACH, ENETDOWN, EHOSTUNREACH, EACCES, EINVAL
 * at once); to count these would let one local fault empty every pool. docs/verdicts.md has them all.
 */
export function verdictOfError(error: unknown, sent: boolean): Verdict {
  const detail = messageOf(error)
  const reason = reasonOf(error instanceof Error && 'code' in error ? String(error.code) : '', sent)
  return reason === undefined
    ? { outcome: 'inconclusive', reason: 'local', detail }
    : { outcome: 'fail', reason, detail }
}

function reasonOf(code: string, sent: boolean): Reason | undefined {
  if (protocolFailures.test(code)) return 'protocol'
  if (tlsFailures.test(code)) return 'tls'
  return sent && unreachable.includes(code) ? 'unreachable' : failures.get(code)
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

const passed: Verdict = { outcome: 'pass' }

/** What a check gave, made safe to store and print: anything that is no verdict is inconclusive. */
export function verdictOf(value: unknown): Verdict {
  const given: { outcome?: unknown; weight?: unknown; reason?: unknown; detail?: unknown } = Object(value) as object
  const { outcome, weight, reason, detail } = given
  if (outcome === 'pass') {
    if (weight === undefined) return passed
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
