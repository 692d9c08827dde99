/** Directors that hear of each other by Debian's etcd. */
import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '../src/clock.js'
import type { Facts, Health } from '../src/facts.js'
import { Sharing } from '../src/etcd/sharing.js'
import { objectName } from '../src/names.js'
import { client, member, until } from './etcd-members.js'
import type { Member } from './etcd-members.js'
import { config, server, service } from './tables.js'

const conf = config(['192.0.2.11'])
const object = objectName(service, server('192.0.2.11'))
const finds = (health: Health): Facts => new Map([[object, { health }]])

/** A director that tells and hears until it is stopped, or the test ends. */
function director(t: Test, etcd: Member, name: string) {
  const ending = new AbortController()
  let changes = 0
  const sharing = new Sharing({
    etcd: client(t, [etcd.port]),
    prefix: '/ipvs',
    name,
    clock: systemClock,
    onChange: () => changes++,
  })
  const running = sharing.run(ending.signal)
  const stop = () => (ending.abort(), running)
  t.teardown(stop)
  return {
    sharing,
    stop,
    changes: () => changes,
    tell: (health: Health) => sharing.publish(conf, finds(health)),
    hears: (name: string, verdict: 'up' | 'down' | undefined, patienceMs = 5000) =>
      until(`${name} finds ${verdict}`, () => sharing.votes.others?.get(name)?.get(object) === verdict, patienceMs),
  }
}

t.test('each hears what the other finds at once, and that it has gone', async (t) => {
  const etcd = await member(t)
  const [a, b] = [director(t, etcd, 'a'), director(t, etcd, 'b')]
  a.tell('up')
  b.tell('up')
  await Promise.all([a.hears('b', 'up'), b.hears('a', 'up')])
  const began = performance.now()
  b.tell('down')
  await a.hears('b', 'down')
  const tookMs = performance.now() - began
  t.ok(tookMs < 1000, `${tookMs} ms`)
  t.comment(`measured: a verdict reaches another director in ${Math.round(tookMs)} ms`)
  t.equal(a.sharing.votes.others?.has('a'), false, 'its own is no vote of others')
  await b.stop()
  await a.hears('b', undefined, 2000)
  t.strictSame([...(a.sharing.votes.others?.keys() ?? [])], [])
  t.strictSame(a.sharing.problems, [])
})

t.test('after a restart of etcd, and when somebody deletes it, it is told again', async (t) => {
  const etcd = await member(t)
  const [a, b] = [director(t, etcd, 'a'), director(t, etcd, 'b')]
  b.tell('up')
  await a.hears('b', 'up')
  await etcd.stop('SIGKILL')
  b.tell('down')
  await etcd.start()
  await a.hears('b', 'down', 15_000)
  await etcd.remove('/ipvs/verdicts/')
  await a.hears('b', undefined)
  await a.hears('b', 'down', 10_000)
})

t.test('two of one name are a problem of both', async (t) => {
  const etcd = await member(t)
  const [a, b] = [director(t, etcd, 'lb'), director(t, etcd, 'lb')]
  a.tell('up')
  b.tell('down')
  const named = /another director calls itself lb, too/
  await until('both know', () => [a, b].every(({ sharing }) => named.test(sharing.problems[0] ?? '')), 15_000)
})
