/** How soon a real server's death is known, and how soon the table knows. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import type { Test } from 'tap'
import { onRequest } from '../../examples/failover-daemon/test/director-bench.js'
import { createMonitor, http, tcp } from 'ipvs/health'
import type { HealthEvent, Monitor, Target } from 'ipvs/health'
import { createTestKernel } from 'ipvs/testing'
import { until } from '../held.js'
import { configOf, quantile, startDaemon } from './daemon.js'
import { role, startRole, tell } from './roles.js'
import { within } from './within.js'

const kills = 100
const timing = { intervalMs: 1000, fastIntervalMs: 100, timeoutMs: 300, jitterMs: 0, rise: 1, fall: 3 }

/** A real server: it accepts connections, keeps them, and tells how many it has had. */
async function serve(port: number): Promise<void> {
  let connections = 0
  const server = createServer((socket) => {
    socket.on('error', () => {})
    tell({ connections: ++connections })
  })
  await once(server.listen(port, '127.0.0.1'), 'listening')
  tell({ port: (server.address() as AddressInfo).port })
}

/** Starts a real server's process. */
async function startServer(t: Test, port = 0) {
  const role = startRole(t, 'serve', [String(port)])
  return { role, child: role.child, port: Number((await role.next())['port']) }
}

/** Its changes, one by one. */
function follow(monitor: Monitor<Target>): () => Promise<HealthEvent<Target>> {
  const events = monitor[Symbol.asyncIterator]()
  return async () => {
    const next = await events.next()
    if (next.done === true) throw new Error('expected a change, the monitor has ended')
    return next.value
  }
}

const target = (port: number) => ({ address: '127.0.0.1', port })

if (role === 'serve') await serve(Number(process.argv[3]))
else {
  const { default: t } = await import('tap')
  t.setTimeout(600_000)

  void t.test('with the tripwire a killed process is down within 50 ms at p99, whatever the interval', async (t) => {
    const [sinceClose, sinceKill]: [number[], number[]] = [[], []]
    const held = { ...timing, intervalMs: 60_000, fastIntervalMs: 10_000, tripwire: true }
    for (let round = 0; round < kills; round++) {
      const { role, child, port } = await startServer(t)
      await using monitor = createMonitor([target(port)], { ...held, check: tcp() })
      const next = follow(monitor)
      const up = next()
      // The first one is the check's, the second one is held.
      while (Number((await role.next())['connections']) < 2);
      t.equal((await up).state, 'up')
      // A connection of the proof's own shows when the kernel closes those of the process: some time after the kill.
      const witness = connect(port, '127.0.0.1').on('error', () => {})
      await once(witness, 'connect')
      const closed = new Promise<number>((resolve) => witness.once('close', () => resolve(performance.now())))
      witness.resume()
      child.kill('SIGKILL')
      const killed = performance.now()
      const { state } = await within(held.fastIntervalMs, next())
      const known = performance.now()
      sinceClose.push(known - (await closed))
      sinceKill.push(known - killed)
      t.equal(state, 'down')
    }
    const text = (waits: readonly number[]) =>
      `median ${quantile(waits, 0.5).toFixed(1)} ms, p99 ${quantile(waits, 0.99).toFixed(1)} ms`
    t.comment(
      `measured: tripwire, ${kills} kills: verdict after the close ${text(sinceClose)}, after the kill ${text(sinceKill)}`,
    )
    t.ok(quantile(sinceClose, 0.99) <= 50)
  })

  void t.test('without it, within interval + (fall - 1) x fast interval', async (t) => {
    const bound = timing.intervalMs + (timing.fall - 1) * timing.fastIntervalMs
    const servers = await Promise.all(Array.from({ length: 20 }, () => startServer(t)))
    const waits = await Promise.all(
      servers.map(async ({ child, port }, i) => {
        await using monitor = createMonitor([target(port)], { ...timing, check: tcp() })
        const next = follow(monitor)
        await next()
        await new Promise((resolve) => setTimeout(resolve, 50 * i))
        child.kill('SIGKILL')
        const killed = performance.now()
        t.equal((await within(10_000, next())).state, 'down')
        return performance.now() - killed
      }),
    )
    const [half, most] = [quantile(waits, 0.5), quantile(waits, 1)]
    t.comment(
      `measured: kill to verdict without it, 20 kills: median ${half.toFixed(0)} ms, most ${most.toFixed(0)} ms, bound ${bound} ms`,
    )
    t.ok(most <= bound + 50, `${most.toFixed(0)} ms of ${bound} ms, and 50 ms for this process's timers`)
    t.ok(half > 100, 'the interval is what it waits for')
  })

  void t.test('a server that answers no more, within fall x timeout beside', async (t) => {
    const bound = timing.intervalMs + (timing.fall - 1) * timing.fastIntervalMs + timing.fall * timing.timeoutMs
    const waits = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        let silent = false
        const server = createServer((socket) => {
          socket.on('error', () => {})
          socket.on('data', () => silent || socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))
        })
        await once(server.listen(0, '127.0.0.1'), 'listening')
        t.teardown(() => server.close())
        const { port } = server.address() as AddressInfo
        await using monitor = createMonitor([target(port)], { ...timing, check: http() })
        const next = follow(monitor)
        await next()
        await new Promise((resolve) => setTimeout(resolve, 50 * i))
        silent = true
        const since = performance.now()
        t.match(await within(10_000, next()), { state: 'down', verdict: { reason: 'timeout' } })
        return performance.now() - since
      }),
    )
    const most = quantile(waits, 1)
    t.comment(`measured: silence to verdict, 20 servers: most ${most.toFixed(0)} ms, bound ${bound} ms`)
    t.ok(most <= bound + 50, `${most.toFixed(0)} ms of ${bound} ms, and 50 ms for this process's timers`)
    t.ok(most > timing.fall * timing.timeoutMs, 'each check waits for its deadline')
  })

  void t.test('from the verdict to the acknowledged write, at most 5 ms more than a bare write', async (t) => {
    const verdictToTable: number[] = []
    const bare: number[] = []
    const kernel = createTestKernel()
    const ipvs = kernel.open()
    const service = { protocol: 'tcp', address: '192.0.2.200', port: 80 } as const
    await ipvs.addService({ ...service, scheduler: 'rr' })
    const { child, port } = await startServer(t)
    let running = child
    let verdictAt = 0
    let removed = () => {}
    onRequest(t, ({ command, service, errno }) => {
      if (command === 'DEL_DEST' && errno === 0 && service.includes('192.0.2.1:')) removed()
    })
    const held = { ...timing, intervalMs: 500, fastIntervalMs: 20, fall: 1, tripwire: true }
    const daemon = await startDaemon(configOf([target(port)], held), {
      onVerdict: ({ outcome }) => {
        if (outcome === 'fail' && verdictAt === 0) verdictAt = performance.now()
      },
    })
    await until('the server is in the table', async () => (await daemon.servers()) === 1, 30_000)
    for (let round = 0; round < 30; round++) {
      verdictAt = 0
      const acknowledged = new Promise<number>((resolve) => (removed = () => resolve(performance.now())))
      running.kill('SIGKILL')
      verdictToTable.push((await within(10_000, acknowledged)) - verdictAt)
      running = (await startServer(t, port)).child
      await until('the server is in the table', async () => (await daemon.servers()) === 1, 30_000)
      const since = performance.now()
      await ipvs.addDestination(service, { address: '192.0.2.11', port: 80, forwarding: 'direct' })
      bare.push(performance.now() - since)
      await ipvs.removeDestination(service, { address: '192.0.2.11', port: 80 })
    }
    await daemon.stop()
    const [total, write] = [quantile(verdictToTable, 0.5), quantile(bare, 0.5)]
    t.comment(
      `measured: verdict to acknowledged write, median of 30: ${total.toFixed(2)} ms, a bare write ${write.toFixed(2)} ms`,
    )
    t.ok(total > 0 && total - write <= 5, `${(total - write).toFixed(2)} ms`)
  })
}
