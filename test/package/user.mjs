// A program in a folder where the package was installed: prints what it meets as JSON.
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'

const { PRETEND_PLATFORM } = process.env
if (PRETEND_PLATFORM) Object.defineProperty(process, 'platform', { value: PRETEND_PLATFORM })

const imported = await import('ipvs')
const required = createRequire(import.meta.url)('ipvs')
const { createTestKernel } = await import('ipvs/testing')
const { icmp, tcp } = await import('ipvs/health')
const { openPing } = await import('ipvs/system')
const { formatRules, parseRules } = await import('ipvs/ipvsadm')

const opened = await imported.open().then(
  () => 'opened',
  (error) => ({ code: error.code, message: error.message, ours: imported.IpvsError.is(error) }),
)

const table = createTestKernel().open()
await table.addService({ protocol: 'tcp', address: '192.0.2.100', port: 80, scheduler: 'rr' })

const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
const { outcome } = await tcp()({ address: '127.0.0.1', port: server.address().port }, AbortSignal.timeout(10_000))
server.close()

const echo = async () => {
  try {
    return (await icmp({ ping: openPing() })({ address: '127.0.0.1', port: 1 }, AbortSignal.timeout(10_000))).outcome
  } catch (error) {
    return error.code
  }
}

console.log(
  JSON.stringify({
    node: process.version,
    exported: Object.keys(imported).filter((name) => imported[name] === required[name]),
    onlyRequired: Object.keys(required).filter((name) => !(name in imported)),
    opened,
    services: (await table.services()).map(({ address }) => address),
    check: outcome,
    echo: await echo(),
    addons: process.report
      .getReport()
      .sharedObjects.filter((path) => path.endsWith('.node'))
      .sort(),
    rules: formatRules(await parseRules('-A -t 192.0.2.100:80 -s rr\n')),
  }),
)
