import t from 'tap'
import { icmp } from '../../lib/health/index.js'

const target = { address: '127.0.0.1', port: 80 }
const { signal } = new AbortController()
const failing = (code: string, syscall = 'echo') => ({
  echo: () => Promise.reject(Object.assign(new Error(`echo ${code}`), { code, syscall })),
})

t.test('passes when the address of the target answers', async (t) => {
  const asked: unknown[] = []
  const ping = { echo: (...call: unknown[]) => Promise.resolve(asked.push(call)) }
  t.same(await icmp({ ping })(target, signal), { outcome: 'pass' })
  t.strictSame(asked, [['127.0.0.1', signal]])
})

t.test('what is unreachable fails, trouble on this side is inconclusive', async (t) => {
  for (const [code, outcome, reason] of [
    ['EHOSTUNREACH', 'fail', 'unreachable'],
    ['ECONNREFUSED', 'fail', 'refused'],
    ['ENETUNREACH', 'fail', 'unreachable'],
    ...['EPERM', 'ENOBUFS', 'EAGAIN', 'ENETDOWN', 'EAFNOSUPPORT', 'ECANCELED'].map(
      (code) => [code, 'inconclusive', 'local'] as const,
    ),
  ] as const) {
    t.match(await icmp({ ping: failing(code) })(target, signal), { outcome, reason, detail: `echo ${code}` }, code)
  }
  for (const code of ['EHOSTUNREACH', 'ENETUNREACH', 'EACCES'])
    t.match(
      await icmp({ ping: failing(code, 'sendto') })(target, signal),
      { outcome: 'inconclusive' },
      `${code} at once`,
    )
})

t.test('no answer by the deadline is a timeout, a withdrawn check is none', async (t) => {
  const ping = {
    echo: (_: string, signal: AbortSignal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
  }
  const deadline = new AbortController()
  // Not AbortSignal.timeout(), for which no process stays.
  setTimeout(() => deadline.abort(new DOMException('', 'TimeoutError')), 1)
  t.same(await icmp({ ping })(target, deadline.signal), { outcome: 'fail', reason: 'timeout' })
  const withdrawing = new AbortController()
  const verdict = icmp({ ping })(target, withdrawing.signal)
  withdrawing.abort()
  t.match(await verdict, { outcome: 'inconclusive', reason: 'local' })
})

t.test('a wrong option is refused', async (t) => {
  t.throws(() => icmp({} as never), { name: 'TypeError', message: /options\.ping/ })
  t.throws(() => icmp({ ping: failing('X'), count: 3 } as never), { name: 'TypeError', message: /"?count/ })
})
