import t from 'tap'
import { printable, verdictOf, verdictOfAbort, verdictOfError } from '../../lib/health/verdict.js'

function coded(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code })
}

t.test('an error that the target caused is a failure with its reason', async (t) => {
  const reasons = {
    ECONNREFUSED: 'refused',
    ECONNRESET: 'reset',
    EPIPE: 'reset',
    ETIMEDOUT: 'timeout',
    HPE_INVALID_CONSTANT: 'protocol',
    HPE_HEADER_OVERFLOW: 'protocol',
    ERR_HTTP2_ERROR: 'protocol',
    ERR_HTTP2_STREAM_ERROR: 'protocol',
    EPROTO: 'tls',
    ERR_SSL_WRONG_VERSION_NUMBER: 'tls',
    ERR_TLS_CERT_ALTNAME_INVALID: 'tls',
    CERT_HAS_EXPIRED: 'tls',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
  }
  for (const [code, reason] of Object.entries(reasons)) {
    t.same(verdictOfError(coded(code), true), { outcome: 'fail', reason, detail: `connect ${code}` }, code)
  }
})

t.test('what comes back from the network is a failure, the same code from this host itself is not', async (t) => {
  for (const code of 'EHOSTUNREACH EHOSTDOWN ENETUNREACH EACCES ENONET ENOPROTOOPT'.split(' ')) {
    const detail = `connect ${code}`
    t.same(verdictOfError(coded(code), true), { outcome: 'fail', reason: 'unreachable', detail }, code)
    t.same(verdictOfError(coded(code), false), { outcome: 'inconclusive', reason: 'local', detail }, code)
  }
})

t.test('local trouble and what is not known are never a failure', async (t) => {
  const codes = 'EMFILE ENFILE ENOBUFS ENOMEM EADDRNOTAVAIL EPERM ENETDOWN EAFNOSUPPORT EINVAL ESOMETHING toString'
  for (const code of codes.split(' ')) {
    for (const sent of [true, false]) {
      const detail = `connect ${code}`
      t.same(verdictOfError(coded(code), sent), { outcome: 'inconclusive', reason: 'local', detail }, code)
    }
  }
  t.same(verdictOfError('a string', true), { outcome: 'inconclusive', reason: 'local', detail: "'a string'" })
})

t.test('an abort is a timeout only if its reason is one', async (t) => {
  t.same(verdictOfAbort(AbortSignal.abort(new DOMException('late', 'TimeoutError'))), {
    outcome: 'fail',
    reason: 'timeout',
  })
  t.match(verdictOfAbort(AbortSignal.abort()), { outcome: 'inconclusive', reason: 'local' })
  t.match(verdictOfAbort(AbortSignal.abort('any reason')), { outcome: 'inconclusive', reason: 'local' })
})

t.test('what is no verdict is inconclusive', async (t) => {
  const rubbish = [
    undefined,
    null,
    true,
    'pass',
    {},
    { outcome: 'passed' },
    { outcome: 'fail' },
    { outcome: 'pass', weight: -1 },
    { outcome: 'pass', weight: NaN },
    { outcome: 'pass', weight: '1' },
  ]
  for (const value of rubbish) {
    t.match(verdictOf(value), { outcome: 'inconclusive', reason: 'local', detail: /no valid verdict/ })
  }
  t.same(verdictOf({ outcome: 'pass', weight: 7, more: 1 }), { outcome: 'pass', weight: 7 })
})

t.test('a detail is one printable line of bounded length', async (t) => {
  t.equal(printable('a\u001b[31m\r\nb\u202e\u2028c\ud800 é'), 'a [31m  b  c  é')
  t.equal(printable('x'.repeat(1000)).length, 200)
  t.same(verdictOf({ outcome: 'fail', reason: 'od\nd', detail: 'a\u0000b' }), {
    outcome: 'fail',
    reason: 'od d',
    detail: 'a b',
  })
})
