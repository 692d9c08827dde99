/** Two directors on in-memory kernels, with their services from Debian's etcd: one put reaches both, and trouble with etcd writes nothing. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { Test } from 'tap'
import { openConfiguration } from '../src/configuration.js'
import { reloads } from '../src/control/commands.js'
import { directorBench, onRequest } from './director-bench.js'
import { folderOf, member, until } from './etcd-members.js'
import type { Member } from './etcd-members.js'
import { recordingLog } from './recording-log.js'

const web = (port: number, scheduler = 'wlc') =>
  `{ virtual: "192.0.2.100:${port}", scheduler: ${scheduler}, forwarding: direct, servers: [192.0.2.11], check: { type: tcp } }`

/** A director that takes its services from there; what it was told is kept. */
async function director(t: Test, etcd: Member) {
  const folder = await folderOf(t)
  const file = join(folder, 'failover.yaml')
  writeFileSync(file, `config: etcd://127.0.0.1:${etcd.port}\nstateDirectory: ${folder}\n`)
  const configuration = await openConfiguration(file, recordingLog())
  const { shared } = configuration
  if (shared === undefined) throw new Error('expected etcd')
  const bench = directorBench()
  const run = await bench.start(configuration.first)
  const told: string[] = []
  const reload = reloads(run.director, (refused, taken) => {
    if (taken !== undefined) void configuration.taken(taken)
    told.push(refused?.message ?? 'taken')
  })
  const ending = new AbortController()
  const following = shared.follow(() => void reload(() => shared.again(), false).catch(() => {}), ending.signal)
  t.teardown(async () => {
    ending.abort()
    await following
    await run.stop()
    await shared.etcd.close()
  })
  const schedulers = async () => {
    const table = await bench.outside.table()
    return JSON.stringify(Object.fromEntries(table.map(({ service }) => [String(service.port), service.scheduler])))
  }
  return {
    shared,
    told,
    force: () => reload(() => configuration.read(), true),
    has: (expected: Record<number, string>) =>
      until(JSON.stringify(expected), async () => (await schedulers()) === JSON.stringify(expected), 10_000),
    hears: (pattern: RegExp) => until(String(pattern), () => pattern.test(told.at(-1) ?? ''), 10_000),
  }
}

t.test('one put, a bad value, an emptied prefix, an outage and a compaction', async (t) => {
  const etcd = await member(t)
  await etcd.put('/ipvs/services/web', web(80))
  await etcd.put('/ipvs/services/more', web(81))
  const both = [await director(t, etcd), await director(t, etcd)]
  const all = <T>(work: (one: (typeof both)[number]) => Promise<T>) => Promise.all(both.map(work))
  const writes: string[] = []
  onRequest(t, ({ command, write }) => {
    if (write) writes.push(command)
  })
  await all(({ has }) => has({ 80: 'wlc', 81: 'wlc' }))
  const began = performance.now()
  await etcd.put('/ipvs/services/web', web(80, 'rr'))
  await all(({ has }) => has({ 80: 'rr', 81: 'wlc' }))
  const tookMs = Math.round(performance.now() - began)
  t.comment(`measured: one put is in both tables after ${tookMs} ms`)
  t.ok(tookMs < 1000, `${tookMs} ms`)
  t.ok(writes.length > 0, 'writes are seen')

  writes.length = 0
  await etcd.put('/ipvs/services/bad', web(82).replace('direct', 'drect'))
  await all(({ hears }) => hears(/^etcd:\/ipvs\/services\/bad:1:\d+: forwarding: expected direct/))
  await etcd.remove('/ipvs/services/')
  await all(({ hears }) => hears(/found 2 gone; if that is meant, force it/))
  await etcd.ask('kv/txn', {
    success: [web(80, 'rr'), web(81)].map((text, i) => ({
      request_put: {
        key: Buffer.from(`/ipvs/services/${['web', 'more'][i]}`).toString('base64'),
        value: Buffer.from(text).toString('base64'),
      },
    })),
  })
  await all(({ hears }) => hears(/^taken$/))

  await etcd.stop('SIGKILL')
  await all(({ shared }) => until('trouble', () => shared.problems.length > 0, 5000))
  await sleep(1000)
  await etcd.start()
  await etcd.put('/ipvs/other', '1')
  await etcd.compact()
  await all(({ shared }) => until('no trouble', () => shared.problems.length === 0, 10_000))
  t.strictSame(writes, [])

  await etcd.put('/ipvs/services/more', web(81, 'rr'))
  await all(({ has }) => has({ 80: 'rr', 81: 'rr' }))
  await etcd.remove('/ipvs/services/')
  await all(({ hears }) => hears(/force it/))
  await both[0]?.force()
  await both[0]?.has({})
  await both[1]?.has({ 80: 'rr', 81: 'rr' })
})
