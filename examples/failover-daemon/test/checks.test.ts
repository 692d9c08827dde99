import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { startMonitor } from '../src/checks.js'
import { parseConfig } from '../src/config.js'

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
    const monitor = startMonitor(service, () => 'unknown')
    for await (const event of monitor) {
      t.match(event, { state, target: { server: { address: '127.0.0.1', port: 0 } } })
      break
    }
    await monitor[Symbol.asyncDispose]()
  }
})
