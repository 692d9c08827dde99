/** The client beside Debian's etcd. */
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '../src/clock.js'
import { follow } from '../src/etcd/follow.js'
import type { Snapshot } from '../src/etcd/wire.js'
import {
  authority,
  client,
  clientCert,
  clientKey,
  folderOf,
  freePort,
  member,
  secretFile,
  serverCert,
  serverKey,
  until,
} from './etcd-members.js'

const never = new AbortController().signal
const texts = ({ entries }: Snapshot) => entries.map(({ key, value }) => `${key}=${value}`)

t.test('what is under a prefix, and nothing beside it', async (t) => {
  const etcd = await member(t)
  const client1 = client(t, [etcd.port])
  t.strictSame(texts(await client1.range('/ipvs/services/', never)), [])
  for (const key of ['/ipvs/services/b', '/ipvs/services/a', '/ipvs/services0', '/ipvs/service'])
    await etcd.put(key, `${key} ü`)
  t.strictSame(texts(await client1.range('/ipvs/services/', never)), [
    '/ipvs/services/a=/ipvs/services/a ü',
    '/ipvs/services/b=/ipvs/services/b ü',
  ])
})

t.test('a change ends the wait at once, silence when its time is over', async (t) => {
  const etcd = await member(t)
  const client1 = client(t, [etcd.port])
  const before = await client1.range('/ipvs/', never)
  const began = performance.now()
  await client1.changed('/ipvs/', before, 300, never)
  const waited = performance.now() - began
  t.ok(waited >= 290 && waited < 2000, `${waited} ms`)
  const changed = client1.changed('/ipvs/', before, 10_000, never)
  await etcd.put('/other', '1')
  await etcd.put('/ipvs/a', '1')
  await changed
  t.ok(performance.now() - began < 5000)
})

t.test('a change that came before the wait is told, too, and so is one that was compacted away', async (t) => {
  const etcd = await member(t)
  const client1 = client(t, [etcd.port])
  const before = await client1.range('/ipvs/', never)
  await etcd.put('/ipvs/a', '1')
  await client1.changed('/ipvs/', before, 60_000, never)
  await etcd.put('/ipvs/a', '2')
  await etcd.compact()
  await client1.changed('/ipvs/', before, 60_000, never)
  t.strictSame(texts(await client1.range('/ipvs/', never)), ['/ipvs/a=2'])
})

t.test('a lease keeps what was put with it, until it ends', async (t) => {
  const etcd = await member(t)
  const client1 = client(t, [etcd.port])
  const lease = await client1.grant(5, never)
  await client1.put('/ipvs/verdicts/a', 'x', never, lease)
  t.equal(await client1.keepAlive(lease, never), true)
  t.strictSame(texts(await client1.range('/ipvs/', never)), ['/ipvs/verdicts/a=x'])
  await client1.revoke(lease, never)
  t.strictSame(texts(await client1.range('/ipvs/', never)), [])
  t.equal(await client1.keepAlive(lease, never), false)
  await t.rejects(client1.put('/ipvs/verdicts/a', 'x', never, lease), { name: 'EtcdRefusal', code: 5 })
})

t.test('the next member is asked when one refuses, or accepts and never answers', async (t) => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await new Promise((resolve) => silent.once('listening', resolve))
  t.teardown(() => silent.close())
  const { port } = silent.address() as { port: number }
  const etcd = await member(t)
  await etcd.put('/ipvs/a', '1')
  for (const bad of [await freePort(), port]) {
    const client1 = client(t, [bad, etcd.port])
    t.strictSame(texts(await client1.range('/ipvs/', never)), ['/ipvs/a=1'])
    const began = performance.now()
    await client1.range('/ipvs/', never)
    t.ok(performance.now() - began < 1000, 'and it is asked first from then on')
  }
  await t.rejects(client(t, [await freePort()]).range('/ipvs/', never), /^http:\/\/127.0.0.1:\d+: .*ECONNREFUSED/)
})

t.test('login, and again when etcd has forgotten', async (t) => {
  const etcd = await member(t)
  await etcd.put('/ipvs/a', '1')
  await etcd.ask('auth/user/add', { name: 'root', password: 'secret' })
  await etcd.ask('auth/role/add', { name: 'root' })
  await etcd.ask('auth/user/grant', { user: 'root', role: 'root' })
  await etcd.ask('auth/enable', {})
  const passwordFile = await secretFile(t, 'secret\n')
  const client1 = client(t, [etcd.port], { login: { user: 'root', passwordFile } })
  t.strictSame(texts(await client1.range('/ipvs/', never)), ['/ipvs/a=1'])
  const before = await client1.range('/ipvs/', never)
  const changed = client1.changed('/ipvs/', before, 60_000, never)
  await client1.put('/ipvs/a', '2', never)
  await changed
  // Its tokens are in memory alone.
  await etcd.stop()
  await etcd.start()
  t.strictSame(texts(await client1.range('/ipvs/', never)), ['/ipvs/a=2'])
  await t.rejects(client(t, [etcd.port]).range('/ipvs/', never), { name: 'EtcdRefusal' })
  const wrong = await secretFile(t, 'wrong\n')
  await t.rejects(client(t, [etcd.port], { login: { user: 'root', passwordFile: wrong } }).range('/ipvs/', never), {
    message: /authentication failed/,
  })
})

async function certificates(t: Test) {
  const folder = await folderOf(t)
  const [ca, cert, key] = [join(folder, 'ca'), join(folder, 'cert'), join(folder, 'key')] as const
  await Promise.all([writeFile(ca, authority), writeFile(cert, serverCert), writeFile(key, serverKey, { mode: 0o600 })])
  return { ca, cert, key }
}

t.test('TLS: its certificate is checked, and ours is shown', async (t) => {
  const etcd = await member(t, await certificates(t))
  const tls = { ca: authority, cert: clientCert, key: clientKey }
  const client1 = client(t, [etcd.port], { tls })
  await client1.put('/ipvs/a', '1', never)
  t.strictSame(texts(await client1.range('/ipvs/', never)), ['/ipvs/a=1'])
  await t.rejects(
    client(t, [etcd.port], { tls: { ca: authority } }).range('/ipvs/', never),
    'without a certificate of ours',
  )
  await t.rejects(
    client(t, [etcd.port], { tls: { cert: clientCert, key: clientKey } }).range('/ipvs/', never),
    /verify|self-signed|issuer/,
  )
  await t.rejects(
    client(t, [etcd.port], { tls: { ...tls, servername: 'other.example' } }).range('/ipvs/', never),
    /other\.example/,
  )
})

t.test('a follower sees each change, through a restart, a compaction and a member that stands still', async (t) => {
  const etcd = await member(t)
  const seen: string[][] = []
  const troubles: unknown[] = []
  const ending = new AbortController()
  const following = follow(
    {
      etcd: client(t, [etcd.port]),
      prefix: '/ipvs/',
      silenceMs: 500,
      settleMs: 10,
      clock: systemClock,
      onSnapshot: (snapshot) => seen.push(texts(snapshot)),
      onTrouble: (error) => troubles.push(error),
    },
    ending.signal,
  )
  const last = (value: string) => until(`/ipvs/a=${value}`, () => seen.at(-1)?.[0] === `/ipvs/a=${value}`, 15_000)
  await etcd.put('/ipvs/a', '1')
  await last('1')
  await etcd.stop('SIGKILL')
  await until('trouble', () => troubles.length > 0, 5000)
  await etcd.start()
  await etcd.put('/ipvs/a', '2')
  await etcd.put('/ipvs/a', '3')
  await etcd.compact()
  await last('3')
  const before = troubles.length
  etcd.signal('SIGSTOP')
  await until('trouble', () => troubles.length > before, 10_000)
  t.match(String(troubles.at(-1)), /127\.0\.0\.1/)
  etcd.signal('SIGCONT')
  await etcd.put('/ipvs/a', '4')
  await last('4')
  ending.abort()
  await following
})
