import fc from 'fast-check'
import t from 'tap'
import { CliError } from '../../lib/cli/command.js'
import {
  endpointWord,
  parseCount,
  parseDuration,
  parseEndpoint,
  parseServer,
  parseService,
  serviceWord,
} from '../../lib/cli/words.js'
import { serviceKey } from '../../lib/validate.js'
import type { ServiceKey } from '../../lib/types.js'

const http = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const

t.test('services by their words', async (t) => {
  const services: Readonly<Record<string, ServiceKey>> = {
    'tcp/192.0.2.1:80': http,
    'udp/[2001:db8::1]:53': { protocol: 'udp', address: '2001:db8::1', port: 53 },
    'sctp/192.0.2.1:0': { protocol: 'sctp', address: '192.0.2.1', port: 0 },
    'protocol-47/192.0.2.1:65535': { protocol: 'protocol-47', address: '192.0.2.1', port: 65535 },
    'mark/7': { firewallMark: 7, family: 'ipv4' },
    'mark/4294967295/ipv6': { firewallMark: 4294967295, family: 'ipv6' },
  }
  for (const [word, service] of Object.entries(services)) {
    t.same(parseService(word), service, word)
    t.equal(serviceWord(service), word)
  }
})

t.test('a service without a protocol is TCP', async (t) => {
  t.same(parseService('192.0.2.1:80'), http)
  t.same(parseService('[2001:db8::1]:80'), { protocol: 'tcp', address: '2001:db8::1', port: 80 })
})

t.test('what is no service is refused with an example of one', async (t) => {
  const wrong = [
    ...['', 'x', '192.0.2.1', '192.0.2.1:', '192.0.2.1:65536', '192.0.2.1:http', '192.0.2.256:80', '192.0.2.01:80'],
    ...['tcp/', 'tcp/192.0.2.1', 'TCP/192.0.2.1:80', 'icmp/192.0.2.1:80', 'tcp/tcp/192.0.2.1:80', 'tcp/:80'],
    ...['2001:db8::1:80', '[2001:db8::1]', '[2001:db8::1:80', '[192.0.2.1]:80', '[fe80::1%eth0]:80', '[]:80'],
    ...['mark/', 'mark/0', 'mark/07', 'mark/4294967296', 'mark/7/ipv4', 'mark/-1', 'tcp/mark/7'],
    ...['protocol-65536/192.0.2.1:80', 'protocol-/192.0.2.1:80', 'protocol-06/192.0.2.1:80'],
    ...[' 192.0.2.1:80', '192.0.2.1:80 ', '192.0.2.1:80\n'],
  ]
  for (const word of wrong) {
    const message = `expected a service such as tcp/192.0.2.1:80, udp/[2001:db8::1]:53 or mark/7, found ${JSON.stringify(word)}`
    t.throws(() => parseService(word), { constructor: CliError, status: 64, message }, JSON.stringify(word))
  }
})

const port = fc.integer({ min: 0, max: 0xffff })
const family = fc.constantFrom('ipv4' as const, 'ipv6' as const)
const service: fc.Arbitrary<ServiceKey> = fc.oneof(
  fc.record({
    protocol: fc.constantFrom('tcp' as const, 'udp' as const, 'sctp' as const, 'protocol-47' as const),
    address: fc.oneof(fc.ipV4(), fc.ipV6()),
    port,
  }),
  fc.record({ firewallMark: fc.integer({ min: 1, max: 0xffffffff }), family }),
)

t.test('every service has a word that names it', async () => {
  fc.assert(
    fc.property(service, (service) => {
      const named = parseService(serviceWord(service))
      // The API takes it for the same.
      return JSON.stringify(serviceKey(named), bytes) === JSON.stringify(serviceKey(service), bytes)
    }),
  )
})

function bytes(_name: string, value: unknown) {
  return value instanceof Uint8Array ? [...value] : value
}

t.test('a word names a service of the API, or is refused as a wrong argument', async () => {
  const parts = fc.constantFrom(
    'tcp/',
    'mark/',
    'protocol-',
    '/ipv6',
    '[',
    ']',
    ':',
    '::',
    '192.0.2.1',
    '7',
    '99999',
    '0',
    '%',
  )
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 6 }), (parts) => {
      try {
        serviceKey(parseService(parts.join('')))
        return true
      } catch (error) {
        return error instanceof CliError && error.status === 64
      }
    }),
    { numRuns: 2000 },
  )
})

t.test('a server without a port has that of its service', async (t) => {
  t.same(parseServer('192.0.2.11:8080', http), { address: '192.0.2.11', port: 8080 })
  t.same(parseServer('192.0.2.11:0', http), { address: '192.0.2.11', port: 0 })
  t.same(parseServer('192.0.2.11', http), { address: '192.0.2.11', port: 80 })
  t.same(parseServer('2001:db8::11', http), { address: '2001:db8::11', port: 80 })
  t.same(parseServer('[2001:db8::11]', http), { address: '2001:db8::11', port: 80 })
  t.same(parseServer('192.0.2.11', { firewallMark: 7, family: 'ipv4' }), { address: '192.0.2.11', port: 0 })
  for (const word of ['', 'web1', 'tcp/192.0.2.11:80', '192.0.2.11:', '192.0.2.11:99999']) {
    t.throws(() => parseServer(word, http), { status: 64, message: /^expected a server such as .*, found / }, word)
  }
})

t.test('an endpoint has the brackets that its address needs', async (t) => {
  t.equal(endpointWord({ address: '192.0.2.1', port: 80 }), '192.0.2.1:80')
  t.equal(endpointWord({ address: '2001:db8::1', port: 80 }), '[2001:db8::1]:80')
  t.same(parseEndpoint('192.0.2.1'), { address: '192.0.2.1' })
  t.same(parseEndpoint('::1'), { address: '::1' })
  t.same(parseEndpoint('[::1]:1'), { address: '::1', port: 1 })
  t.equal(parseEndpoint('[192.0.2.1]'), undefined)
})

t.test('durations', async (t) => {
  const durations = { '500ms': 500, '60s': 60_000, '5m': 300_000, '1h': 3_600_000, '2': 2000, '1.5s': 1500, '0': 0 }
  for (const [word, ms] of Object.entries(durations)) t.equal(parseDuration('timeout', word), ms, word)
  t.equal(parseDuration('timeout', '2147483647ms'), 0x7fffffff, 'as long as a timer of Node.js waits')
  for (const word of ['', 's', '-1s', '1d', '5 m', '1e3', '.5s', '2147483648ms', '597h', '9'.repeat(400)]) {
    const message = `expected --timeout as 500ms, 60s, 5m or 1h, 24 days at most, found ${JSON.stringify(word)}`
    t.throws(() => parseDuration('timeout', word), { status: 64, message }, word)
  }
})

t.test('counts', async (t) => {
  t.equal(parseCount('limit', '1'), 1)
  t.equal(parseCount('limit', '999999999'), 999999999)
  for (const word of ['', '0', '-1', '1.5', '1e3', '0x10', '1000000000', '01']) {
    const message = `expected --limit from 1 to 999999999, found ${JSON.stringify(word)}`
    t.throws(() => parseCount('limit', word), { status: 64, message }, word)
  }
})
