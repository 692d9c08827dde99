/**
 * Both ends of verdicts.guest.ts, each in a namespace of its own. `serve` listens on the ports of verdicts.ts and prints a line;
 * `check` carries out what it reads, a JSON line each, and answers each with its verdict.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type Socket, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import {
  type Check,
  createMonitor,
  dns,
  http,
  http2,
  icmp,
  sendExpect,
  smtp,
  tcp,
  tls,
  udp,
} from '../../lib/health/index.js'
import { openConnector, openPing } from '../../lib/system/index.js'
import { type Order, byConnector, ports } from './verdicts.js'

const checks: Readonly<Record<string, Check>> = {
  tcp: tcp(),
  [byConnector]: tcp({ connector: { connect: (...to) => connector().connect(...to) } }),
  tls: tls(),
  http: http(),
  http2: http2(),
  sendExpect: sendExpect({ send: 'ping', expect: 'pong' }),
  smtp: smtp(),
  udp: udp({ send: 'ping' }),
  dns: dns(),
  icmp: icmp({ ping: { echo: (address, signal) => ping().echo(address, signal) } }),
}

// Opened in the namespace of the one who checks.
let openedPing: ReturnType<typeof openPing> | undefined
function ping() {
  return (openedPing ??= openPing())
}
let openedConnector: ReturnType<typeof openConnector> | undefined
function connector() {
  return (openedConnector ??= openConnector())
}

async function serve(): Promise<void> {
  const behaviours: readonly (readonly [number, (socket: Socket) => unknown])[] = [
    [ports.silent, () => {}],
    [ports.resets, (socket) => setTimeout(() => socket.resetAndDestroy(), 300)],
    // In CLOSE_WAIT a reset is EPIPE.
    [ports.endsAndResets, (socket) => socket.end(() => setTimeout(() => socket.resetAndDestroy(), 20))],
  ]
  for (const [port, behave] of behaviours) {
    const server = createServer({ allowHalfOpen: true }, (socket) => behave(socket.on('error', () => {}).resume()))
    await once(server.listen(port, '::'), 'listening')
  }
  const silent = createSocket('udp6')
  await once(silent.bind(ports.silent, '::'), 'listening')
  console.log('listening')
}

let blocking = false
/** The event loop stands still for so long, once what was begun is under way. */
function block(ms: number): void {
  if (blocking) return
  blocking = true
  setImmediate(() => {
    const until = performance.now() + ms
    while (performance.now() < until);
    blocking = false
  })
}

async function carryOut({ type, to, timeoutMs, blockMs, withdraw }: Order): Promise<unknown> {
  const check = checks[type]
  if (!check) throw new Error(`expected a type of check, found '${type}'`)
  if (withdraw) return check(to, AbortSignal.abort())
  if (blockMs === undefined) return check(to, AbortSignal.timeout(timeoutMs))
  // Whatever happens to the connection meanwhile is found all at once.
  const verdict = check(to, AbortSignal.timeout(timeoutMs + blockMs))
  block(blockMs)
  return verdict
}

/** The monitor's verdict of a check in which the loop stood still. */
async function stalled({ type, to, timeoutMs }: Order): Promise<unknown> {
  const check = checks[type]
  if (!check) throw new Error(`expected a type of check, found '${type}'`)
  let settled: () => void = () => {}
  let blocked = false
  const ended = new Promise<void>((resolve) => (settled = resolve))
  const monitor = createMonitor([to], {
    timeoutMs,
    async check(target, signal) {
      if (!blocked) block(timeoutMs * 1.5)
      blocked = true
      const verdict = await check(target, signal)
      setImmediate(settled)
      return verdict
    },
  })
  await ended
  const [state] = monitor.states().values()
  await monitor[Symbol.asyncDispose]()
  return state?.last
}

if (process.argv[2] === 'serve') {
  await serve()
} else {
  console.log('ready')
  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line) as Order
    void (order.stall ? stalled(order) : carryOut(order)).then((verdict) =>
      console.log(JSON.stringify({ id: order.id, verdict })),
    )
  }
  process.exit()
}
