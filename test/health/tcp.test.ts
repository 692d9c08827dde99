import { spawnSync } from 'node:child_process'
import { getEventListeners } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import t from 'tap'
import { tcp } from '../../lib/health/index.js'
import { openConnector } from '../../lib/system/index.js'
import { full, refusing, startServer } from './servers.js'

const { signal } = new AbortController()
const connector = openConnector()
t.teardown(() => connector.close())
const prlimit = (...options: string[]): string | null =>
  spawnSync('prlimit', ['--pid', String(process.pid), ...options], { encoding: 'utf8' }).stdout
const before = prlimit('--nofile', '--noheadings', '--raw', '--output', 'SOFT')?.trim()
const skip = before ? false : 'prlimit is missing'

for (const [way, check] of [
  ['sockets', tcp()],
  ['connector', tcp({ connector })],
] as const) {
  for (const address of ['127.0.0.1', '::1']) {
    t.test(`${way}: passes when ${address} accepts, sends nothing and closes at once`, async (t) => {
      const server = await startServer(t, () => {}, { address })
      t.same(await check(server, signal), { outcome: 'pass' })
      if (way === 'sockets') await server.closed()
      t.equal(server.received(), '')
    })

    t.test(`${way}: a closed port of ${address} is refused`, async (t) => {
      t.match(await check(await refusing(t, address), signal), {
        outcome: 'fail',
        reason: 'refused',
        detail: /ECONNREFUSED/,
      })
    })
  }

  t.test(`${way}: a check leaves nothing on its signal`, async (t) => {
    const server = await startServer(t)
    await check(server, signal)
    t.same(getEventListeners(signal, 'abort'), [])
  })

  t.test(`${way}: a signal that has fired already: no connection`, async (t) => {
    const server = await startServer(t)
    t.match(await check(server, AbortSignal.abort()), { outcome: 'inconclusive' })
    t.equal(server.connections.length, 0)
  })

  t.test(`${way}: no free file descriptor is inconclusive`, { skip }, async (t) => {
    const server = await startServer(t)
    prlimit('--nofile=256:')
    const taken: number[] = []
    try {
      for (;;) taken.push(openSync('/dev/null', 'r'))
    } catch {
      // This is the end of the file descriptors.
    }
    const verdict = await check(server, signal)
    taken.forEach((descriptor) => closeSync(descriptor))
    prlimit(`--nofile=${before}:`)
    t.match(verdict, { outcome: 'inconclusive', reason: 'local', detail: /EMFILE/ })
    t.same(await check(server, signal), { outcome: 'pass' })
  })

  t.test(`${way}: no network to the target is inconclusive`, async (t) => {
    const verdict = await check({ address: '255.255.255.255', port: 80 }, signal)
    t.match(verdict, { outcome: 'inconclusive', reason: 'local' }, 'ENETUNREACH, as for TCP to any broadcast address')
  })

  t.test(`${way}: no answer by the deadline is a timeout, a withdrawn check is none`, async (t) => {
    const target = { address: '127.0.0.1', port: await full(t) }
    t.match(await check(target, AbortSignal.timeout(20)), { outcome: 'fail', reason: 'timeout' })
    const withdrawing = new AbortController()
    const verdict = check(target, withdrawing.signal)
    withdrawing.abort()
    t.match(await verdict, { outcome: 'inconclusive', reason: 'local' })
  })
}

t.test('what is no connector is refused', async (t) => {
  for (const connector of [null, {}, 'openConnector'])
    t.throws(() => tcp({ connector } as never), { name: 'TypeError', message: /options\.connector: expected/ })
  t.throws(() => tcp({ conector: undefined } as never), { name: 'TypeError', message: /'conector'/ })
})
