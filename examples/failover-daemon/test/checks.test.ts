import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createMonitor } from 'ipvs/health'
import type { MonitorOptions, Target } from 'ipvs/health'
import { openPing } from 'ipvs/system'
import t, { type Test } from 'tap'
import { checkedEndpoint, startMonitor, startMonitorWith } from '../src/checks.js'
import { parseConfig } from './judged-config.js'

t.test('the check of the configuration runs against the port that it names', async (t) => {
  const web = createServer((request, response) => response.writeHead(request.url === '/health' ? 204 : 500).end())
  web.listen(0, '127.0.0.1')
  await once(web, 'listening')
  t.teardown(() => web.close())
  const { port } = web.address() as AddressInfo

  for (const [path, state] of [
    ['/health', 'up'],
    ['/', 'down'],
  ] as const) {
    const [service] = parseConfig(
      `services:
  - virtual: 192.0.2.100:0
    persistence: 300s
    forwarding: direct
    servers: [127.0.0.1]
    check: { type: http, path: ${path}, status: "200-299", port: ${port}, interval: 3s, fastInterval: 10ms }
`,
      'f.yaml',
    ).services
    if (service === undefined) throw new Error('no service')
    const monitor = startMonitor(service.check, { initial: () => 'unknown', onVerdict: () => {} })
    monitor.set(service.servers.map((server) => checkedEndpoint(service, server)))
    for await (const event of monitor) {
      t.match(event, { state, target: { address: '127.0.0.1', port } })
      break
    }
    await monitor[Symbol.asyncDispose]()
  }
})

/** What a `check:` of the file makes of a monitor: its targets and options. */
function monitored(check: string, server: string) {
  const [service] = parseConfig(
    `services:
  - { virtual: 192.0.2.100:80, forwarding: masquerade, servers: ["${server}"], check: { ${check} } }
`,
    'f.yaml',
  ).services
  if (service === undefined) throw new Error('no service')
  const created: MonitorOptions<Target>[] = []
  const create = (_targets: readonly Target[], options: unknown) => {
    created.push(options as MonitorOptions<Target>)
    return createMonitor<Target>([], { check: () => Promise.resolve({ outcome: 'pass' }) })
  }
  startMonitorWith(create as typeof createMonitor)(service.check, {
    initial: ({ port }) => (port === 8080 ? 'up' : 'unknown'),
    onVerdict: () => {},
  })
  const [options] = created
  if (options === undefined) throw new Error('no monitor')
  return { targets: service.servers.map((server) => checkedEndpoint(service, server)), options }
}

/** The check that these words make has this outcome there. */
async function checks(t: Test, words: string, server: string, outcome: string): Promise<void> {
  const { targets, options } = monitored(words, server)
  const [target] = targets
  if (target === undefined) throw new Error('no target')
  t.match(await options.check(target, AbortSignal.timeout(5000)), { outcome }, words)
}

t.test('a time or a count of the file that the monitor does not get, or gets as another', async (t) => {
  const base = {
    intervalMs: 2000,
    fastIntervalMs: undefined,
    timeoutMs: 1000,
    jitterMs: undefined,
    rise: 2,
    fall: 3,
    tripwire: true,
  }
  for (const [words, changed] of [
    ['', {}],
    ['interval: 7s', { intervalMs: 7000 }],
    ['fastInterval: 300ms', { fastIntervalMs: 300 }],
    ['timeout: 900ms', { timeoutMs: 900 }],
    ['jitter: 700ms', { jitterMs: 700 }],
    ['jitter: 0ms', { jitterMs: 0 }],
    ['rise: 5', { rise: 5 }],
    ['fall: 6', { fall: 6 }],
    ['tripwire: false', { tripwire: false }],
  ] as const) {
    const { targets, options } = monitored(`type: tcp, ${words}`, '192.0.2.11:8080')
    const { check, initial, onVerdict, ...numbers } = options
    t.strictSame(numbers, { ...base, ...changed }, words)
    const [target] = targets
    t.strictSame(targets, [{ address: '192.0.2.11', port: 8080 }])
    t.equal(target && initial?.(target), 'up', 'initial')
    t.type(check, 'function')
    t.type(onVerdict, 'function')
  }
})

t.test('an option of the check in the file that the check does not get', async (t) => {
  const web = createServer((request, response) => {
    const { url, headers, method } = request
    response.writeHead(url === '/gone' ? 410 : 200).write(`at ${url ?? ''} of ${headers.host ?? ''} `)
    response.write(`by ${String(method)} with ${String(headers['x-probe'])} and `)
    request.pipe(response)
  })
  web.listen(0, '127.0.0.1')
  await once(web, 'listening')
  t.teardown(() => web.close())
  const { port } = web.address() as AddressInfo
  const here = `127.0.0.1:${port}`

  for (const [words, outcome, server] of [
    ['type: tcp', 'pass', here],
    ['type: tcp', 'fail', '127.0.0.1:1'],
    [`type: tcp, port: ${port}`, 'pass', '127.0.0.1:1'],
    ['type: http', 'pass', here],
    ['type: http, path: /gone', 'fail', here],
    ['type: http, path: /gone, status: 410', 'pass', here],
    ['type: http, status: [201, "400-499"]', 'fail', here],
    [`type: http, path: /a, body: at /a of ${here}`, 'pass', here],
    ['type: http, body: at /a', 'fail', here],
    ['type: http, host: www.example.com, body: of www.example.com', 'pass', here],
    [`type: http, port: ${port}`, 'pass', '127.0.0.1:1'],
    ['type: http, headers: { X-Probe: yes }, body: with yes and', 'pass', here],
    ['type: http, method: OPTIONS, body: by OPTIONS', 'pass', here],
    ['type: http, method: POST, send: ping, body: and ping', 'pass', here],
    ['type: http, body: { matches: "^AT /" }', 'fail', here],
    ['type: http, body: { matches: "^AT /", ignoreCase: true }', 'pass', here],
    ['type: http2', 'fail', here],
  ] as const) {
    await checks(t, words, server, outcome)
  }
})

t.test('http2 in the file is the check of that name, with the options of http', async (t) => {
  const web = createHttp2Server((request, response) => response.end(`by ${request.method} of ${request.url}`))
  web.listen(0, '127.0.0.1')
  await once(web, 'listening')
  t.teardown(() => web.close())
  const server = `127.0.0.1:${(web.address() as AddressInfo).port}`
  for (const [words, outcome] of [
    ['type: http2, method: POST, path: /a, body: by POST of /a', 'pass'],
    ['type: http2, body: by POST', 'fail'],
    ['type: http2, tls: true', 'fail'],
    ['type: http', 'fail'],
  ] as const) {
    await checks(t, words, server, outcome)
  }
})

/** A server that answers what it is told by `answers`, and else greets. */
async function talkative(t: Test, greeting: string, answers: Readonly<Record<string, string>>): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.write(greeting)
    socket.on('data', (data) => socket.write(answers[data.toString()] ?? ''))
  })
  t.teardown(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('a check by ICMP needs no port, holds no connection, and passes when the host answers', async (t) => {
  const service = `{ virtual: 192.0.2.100:0, persistence: 300s, forwarding: direct, servers: [127.0.0.1], check: { type: icmp } }`
  const [config] = parseConfig(`services: [${service}]`, 'f.yaml').services
  if (config === undefined) throw new Error('no service')
  t.match(config.check, { type: 'icmp', tripwire: false, port: undefined })
  const { targets, options } = monitored('type: icmp', '127.0.0.1:80')
  const [target] = targets
  if (target === undefined) throw new Error('no target')
  const mayPing = (): boolean => {
    try {
      openPing().close()
      return true
    } catch {
      return false
    }
  }
  const expected = mayPing() ? { outcome: 'pass' } : { outcome: 'inconclusive', detail: /CAP_NET_RAW/ }
  t.match(await options.check(target, AbortSignal.timeout(5000)), expected)
  const monitor = startMonitor(config.check, { initial: () => 'up', onVerdict: () => {} })
  monitor.set(config.servers.map((server) => checkedEndpoint(config, server)))
  t.strictSame(
    [...monitor.states().values()].map(({ state }) => state),
    ['up'],
    'a target without a port is none',
  )
  await monitor[Symbol.asyncDispose]()
})

t.test('each type of check in the file is the check of that name', async (t) => {
  t.equal(monitored('type: dns', '192.0.2.11:53').options.tripwire, false, 'nobody need listen by TCP')
  const mail = await talkative(t, '220 mail\r\n', { 'EHLO me.example\r\n': '250 ok\r\n' })
  const cache = await talkative(t, '', { 'PING\r\n': '+PONG\r\n' })
  const datagrams = createSocket('udp4')
  // As a name server, and as one that repeats what it hears.
  datagrams.on('message', (message, { port, address }) => {
    const answer = Buffer.from(message)
    if (message.length > 12) answer.writeUInt16BE(0x8183, 2)
    datagrams.send(answer, port, address)
  })
  t.teardown(() => datagrams.close())
  await once(datagrams.bind(0, '127.0.0.1'), 'listening')
  const udp = `127.0.0.1:${datagrams.address().port}`

  for (const [words, outcome, server] of [
    ['type: smtp, hello: me.example', 'pass', mail],
    ['type: smtp, hello: me.example, tls: true', 'fail', mail],
    ['type: sendExpect, send: "PING\\r\\n", expect: +PONG', 'pass', cache],
    ['type: sendExpect, expect: "220"', 'pass', mail],
    ['type: sendExpect, expect: "220", tls: { verify: false }', 'fail', mail],
    ['type: tls', 'fail', mail],
    ['type: http, tls: true', 'fail', mail],
    ['type: udp, send: ping, expect: ping', 'pass', udp],
    ['type: udp, send: ping, expect: pong', 'fail', udp],
    ['type: dns', 'fail', udp],
    ['type: dns, name: www.example, record: AAAA, codes: [NXDOMAIN]', 'pass', udp],
    ['type: script, command: [/usr/bin/test, "{address}", =, 127.0.0.1]', 'pass', udp],
    ['type: script, command: [/usr/bin/test, "{address}", =, 127.0.0.2]', 'fail', udp],
    ['type: script, command: [/bin/sh, -c, exit 7], weightFromStatus: true', 'pass', udp],
    ['type: mon, monitor: test, args: [x, =], directories: [/usr/bin]', 'fail', udp],
    ['type: mon, monitor: test, args: [127.0.0.1, =], directories: [/none, /usr/bin]', 'pass', udp],
  ] as const) {
    await checks(t, words, server, outcome)
  }
})
