/** Two hundred who watch the page, some of whom never read, do not hold up the checks. */
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { type IncomingMessage, get } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { objectName } from '../../examples/failover-daemon/src/names.js'
import { Page } from '../../examples/failover-daemon/src/web/page.js'
import { recordingLog } from '../../examples/failover-daemon/test/recording-log.js'
import { until } from '../held.js'
import { accept } from './acceptor.js'
import { configOf, lateClock, quantile, startDaemon } from './daemon.js'
import { role, startRole, tell } from './roles.js'

const count = 500
const watchers = 200
const idle = 20
const phases = 5
const phaseMs = 4000
/** Each time a row, and the list of events, changes for everybody. */
const changeMs = 250

async function check(port: number): Promise<void> {
  const targets = Array.from({ length: count }, (_, i) => ({ address: `127.3.${i >> 8}.${i & 255}`, port }))
  const clock = lateClock()
  const daemon = await startDaemon(configOf(targets, { rise: 1, intervalMs: 500, timeoutMs: 400 }), { clock })
  const { director } = daemon
  await until('all servers are written', async () => (await daemon.servers()) === count, 60_000)
  const page = new Page(
    {
      status: () => director.status(),
      samples: () => daemon.samples(),
      metrics: async () => ({ type: daemon.metrics.contentType, text: await daemon.metrics.text() }),
      ailments: () => [],
    },
    recordingLog(),
  )
  daemon.onChange(() => page.changed())
  const path = join(await mkdtemp(join(tmpdir(), 'audience-')), 'page.sock')
  await page.configure({ listen: { path }, hosts: [], auth: undefined, tls: undefined, behindProxy: false })
  const [first] = director.config.services
  const [server] = first?.servers ?? []
  if (first === undefined || server === undefined) throw new Error('expected a server')
  let drained = false
  const changing = setInterval(() => {
    drained = !drained
    void director.order([objectName(first.spec, server)], drained ? 'drain' : undefined)
  }, changeMs)
  tell({ path })
  // The proof asks for the lateness of each phase.
  process.on('message', () => {
    tell({ late: clock.late })
    clock.late = []
  })
  await once(process, 'disconnect')
  clearInterval(changing)
  await page.close()
  await daemon.stop()
}

if (role === 'serve') accept()
else if (role === 'check') await check(Number(process.argv[3]))
else {
  const { default: t } = await import('tap')
  t.setTimeout(300_000)
  void t.test(`${watchers} watchers of ${count} servers delay no check by more than 10 ms at p99`, async (t) => {
    const { port } = await startRole(t, 'serve').next()
    const daemon = startRole(t, 'check', [String(port)])
    const page = String((await daemon.next())['path'])
    const from = (path: string) => ({ socketPath: page, path, agent: false, headers: { host: 'localhost' } }) as const
    const lateness = async () => {
      daemon.child.send('late')
      return (await daemon.next())['late'] as number[]
    }
    const heard = new Map<IncomingMessage, number>()
    const watch = async (reads: boolean) => {
      const [response] = (await once(get(from('/events')), 'response')) as [IncomingMessage]
      heard.set(response, 0)
      response.on('error', () => {})
      if (reads) response.on('data', (chunk: Buffer) => heard.set(response, (heard.get(response) ?? 0) + chunk.length))
      return response
    }
    /** Measures one phase, with an audience, which comes all at once, or without. */
    const phase = async (with_: boolean) => {
      await lateness()
      const responses = with_ ? await Promise.all(Array.from({ length: watchers }, (_, i) => watch(i >= idle))) : []
      // Asks without end, as slow as it may.
      const halves = Array.from({ length: with_ ? 20 : 0 }, () => connect(page).on('error', () => {}))
      for (const half of halves) half.write('GET / HTTP/1.1\r\nhost: local')
      const asking = setInterval(() => {
        if (with_)
          for (const path of ['/status.json', '/metrics'])
            get(from(path), (response) => response.resume()).on('error', () => {})
      }, 500)
      await setTimeout(phaseMs)
      const late = await lateness()
      clearInterval(asking)
      for (const response of responses) response.destroy()
      for (const half of halves) half.destroy()
      return late
    }
    await phase(false)
    const [without, watched]: [number[], number[]] = [[], []]
    for (let i = 0; i < phases; i++) {
      without.push(...(await phase(false)))
      watched.push(...(await phase(true)))
    }
    const [usual, delayed] = [quantile(without, 0.99), quantile(watched, 0.99)]
    const readers = [...heard.values()].filter((bytes) => bytes > 0)
    t.comment(
      `measured: start lateness of checks of ${count} servers, p99: ${usual.toFixed(2)} ms without, ${delayed.toFixed(2)} ms with ${watchers} who watch, ${idle} of them without reading; ${watched.length} starts`,
    )
    t.equal(readers.length, (watchers - idle) * phases, 'all readers have heard')
    t.ok(watched.length > 0.9 * without.length, 'checks are as often as ever')
    t.ok(delayed - usual <= 10, `${(delayed - usual).toFixed(2)} ms more`)
  })
}
