import { createTestKernel } from 'ipvs/testing'
import t from 'tap'
import { objectName } from '../src/names.js'

t.test('the log and an error of the library call an object by two names', async (t) => {
  const ipvs = createTestKernel().open()
  const destination = { address: '2001:db8::11', port: 80 }
  for (const [service, server, name] of [
    [{ protocol: 'tcp', address: '192.0.2.100', port: 80 }, { address: '192.0.2.11', port: 80 }, 'tcp 192.0.2.100:80'],
    [{ protocol: 'udp', address: '2001:db8::1', port: 53 }, destination, 'udp [2001:db8::1]:53'],
    [{ firewallMark: 7, family: 'ipv4' }, { address: '192.0.2.11', port: 80 }, 'firewall mark 7'],
    [{ firewallMark: 7, family: 'ipv6' }, destination, 'firewall mark 7 IPv6'],
  ] as const) {
    t.equal(objectName(service), name)
    const error: unknown = await ipvs.removeService(service).catch((error: unknown) => error)
    t.match(String(error), new RegExp(`\\b${name.replace(/[[\].]/g, '\\$&')}(?! IPv)`))
    t.equal(
      objectName(service, server),
      `${name} > ${server.address.includes(':') ? '[2001:db8::11]:80' : '192.0.2.11:80'}`,
    )
  }
})
