import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { type Target, type Verdict, createMonitor, http, tcp } from '../../lib/health/index.js'
import { createMonitorWith } from '../../lib/health/monitor.js'
import { type Hold, holdTcp, wireTiming } from '../../lib/health/tripwire.js'
import { quantile } from '../../bench/statistics.js'
import { dispose, fakeCheck, pass, refused, target, unsure } from './fake-check.js'
import { FakeClock } from './fake-clock.js'
import { refusing, startServer } from './servers.js'

const { firstMs, mostMs, longMs, dyingMs } = wireTiming
const hourMs = 3_600_000

/** A target that is checked once an hour, and its tripwire, of which the test has the other end. */
function withTripwire(fall = 3) {
  const clock = new FakeClock()
  const given = { verdict: pass }
  const wires: { readonly at: number; readonly end: (held: boolean) => void; letGo: boolean }[] = []
  const hold: Hold = (_target, end) => {
    const wire = { at: clock.now(), end, letGo: false }
    wires.push(wire)
    return () => (wire.letGo = true)
  }
  const { check, starts } = fakeCheck(clock, () => given.verdict)
  const options = { check, intervalMs: hourMs, jitterMs: 0, rise: 1, fall, tripwire: true }
  const monitor = createMonitorWith(clock, [target(1)], options, hold)
  return {
    clock,
    given,
    wires,
    starts,
    monitor,
    state: () => [...monitor.states().values()][0]?.state,
    /** What the other side does. */
    end: (held = true) => wires.at(-1)?.end(held),
  }
}

t.test('a connection is held while the target is up', async (t) => {
  const { clock, given, wires, monitor, state } = withTripwire()
  given.verdict = refused
  await clock.advance(10_000)
  t.same([state(), wires.length], ['down', 0])
  given.verdict = pass
  monitor.poke(target(1))
  await clock.advance(2 * hourMs)
  t.same([state(), wires.length], ['up', 1], 'one, however often it passes')
  given.verdict = refused
  await clock.advance(2 * hourMs)
  t.same([state(), wires[0]?.letGo], ['down', true])
  given.verdict = pass
  await clock.advance(2 * hourMs)
  t.same([state(), wires.length], ['up', 2])
  await dispose(clock, monitor)
  t.ok(wires[1]?.letGo)
  t.equal(clock.pending, 0)
})

t.test('its end sets off as many checks as make a target down, once what listens has died too', async (t) => {
  const { clock, given, starts, monitor, state, end } = withTripwire()
  await clock.advance(1000)
  end()
  await clock.advance(dyingMs - 1)
  given.verdict = refused
  await clock.advance(1)
  t.equal(state(), 'down')
  const then = 1000 + dyingMs
  t.same(starts(), [0, then, then, then])
  await dispose(clock, monitor)
})

t.test('it is a hint, never a verdict: a target that passes stays up, for one check more', async (t) => {
  for (const verdict of [pass, unsure]) {
    const { clock, given, starts, monitor, state, end } = withTripwire()
    await clock.advance(1000)
    given.verdict = verdict
    end()
    await clock.advance(dyingMs)
    t.same([state(), starts()], ['up', [0, 1000 + dyingMs]], verdict.outcome)
    await dispose(clock, monitor)
  }
})

t.test('a failure among passes goes on at the fast interval, not at once for ever', async (t) => {
  const { clock, given, starts, monitor, end } = withTripwire(100)
  await clock.advance(1000)
  given.verdict = refused
  end()
  await clock.advance(dyingMs)
  t.equal(starts().length, 1 + 100)
  await dispose(clock, monitor)
})

t.test('a server that closes idle connections is connected to ever more rarely', async (t) => {
  const { clock, wires, starts, monitor, end } = withTripwire()
  await clock.advance(0)
  const waits: number[] = []
  for (let i = 0; i < 11; i++) {
    const before = clock.now()
    end()
    const count = wires.length
    while (wires.length === count) await clock.advance(500)
    waits.push(Number(wires.at(-1)?.at) - before)
  }
  t.same(
    waits,
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((seconds) => seconds * 1000),
  )
  t.same([firstMs, mostMs], [1_000, 300_000])
  t.equal(starts().length, 1 + 11, 'a check for each')
  await clock.advance(longMs)
  end()
  const count = wires.length
  await clock.advance(firstMs)
  t.equal(wires.length, count + 1, 'one that stood for long begins anew')
  await dispose(clock, monitor)
})

t.test('a connection that cannot be had is no hint', async (t) => {
  const { clock, wires, starts, monitor, end } = withTripwire()
  await clock.advance(0)
  end(false)
  await clock.advance(firstMs)
  t.same([starts().length, wires.length], [1, 2])
  await dispose(clock, monitor)
})

t.test('a target that leaves is let go of, also while the next connection is waited for', async (t) => {
  const { clock, wires, monitor, end } = withTripwire()
  await clock.advance(0)
  end()
  await clock.advance(0)
  monitor.set([])
  await clock.advance(hourMs)
  t.equal(wires.length, 1)
  await dispose(clock, monitor)
})

/** How a connection to a real server ends. */
function ending(t: Test, to: Target) {
  let letGo = () => {}
  const ended = new Promise<boolean>((resolve) => (letGo = holdTcp(to, resolve)))
  t.teardown(letGo)
  return { ended, letGo }
}

t.test('by TCP: closed, reset, refused, talkative; a greeting does no harm', async (t) => {
  const greeting = await startServer(t, (socket) => socket.write('220 hello\r\n'), { when: 'connection' })
  const greeted = ending(t, greeting)
  while (greeting.connections.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  await new Promise((resolve) => setTimeout(resolve, 20))
  greeting.connections[0]?.resetAndDestroy()
  t.equal(await greeted.ended, true, 'reset')
  const closing = await startServer(t, (socket) => socket.end(), { when: 'connection' })
  t.equal(await ending(t, closing).ended, true, 'closed')
  t.equal(await ending(t, await refusing(t)).ended, false, 'refused')
  const talkative = await startServer(t, (socket) => socket.write('x'.repeat(100_000)), { when: 'connection' })
  t.equal(await ending(t, talkative).ended, false, 'talkative')
  const idle = await startServer(t)
  const held = ending(t, idle)
  while (idle.connections.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  held.letGo()
  await idle.closed()
  t.equal(idle.received(), '', 'nothing is sent')
})

/** A web server that is a process of its own, which can die. */
async function startProcess(t: Test): Promise<Target & { readonly child: ChildProcess }> {
  const program = `const server = require('http').createServer((request, response) => response.end())
    server.keepAliveTimeout = server.headersTimeout = server.requestTimeout = 0
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const [port] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { address: '127.0.0.1', port: Number(port), child }
}

const promiseMs = 50
const deaths = 20

t.test(`a process that is killed is seen within ${promiseMs} ms, whatever the interval`, async (t) => {
  const took: number[] = []
  for (let i = 0; i < deaths; i++) {
    // To a socket that still listens while its process dies, tcp() connects.
    const check = i % 2 === 0 ? http() : tcp()
    const server = await startProcess(t)
    const monitor = createMonitor<Target>([server], { check, intervalMs: hourMs, rise: 1, tripwire: true })
    let killedAt = 0
    let verdict: Verdict | undefined
    for await (const event of monitor) {
      verdict = event.verdict
      if (event.state === 'down') break
      // The tripwire is connected after the pass that arms it.
      await new Promise((resolve) => setTimeout(resolve, 50))
      server.child.kill('SIGKILL')
      killedAt = performance.now()
    }
    took.push(performance.now() - killedAt)
    t.match(verdict, { outcome: 'fail', reason: /^(refused|reset)$/ })
    await monitor[Symbol.asyncDispose]()
  }
  const told = `p50 ${quantile(took, 0.5).toFixed(1)} ms, worst ${Math.max(...took).toFixed(1)} ms`
  // The other tests take the processors as well.
  t.ok(quantile(took, 0.5) < promiseMs, told)
  t.comment(told)
})
