import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { formatAddress, isMappedIPv4, isMulticastOrBroadcast, isUnspecified, parseAddress } from '../lib/address.js'
import { AF_INET, AF_INET6 } from '../lib/records.js'

const addressBytes = fc.uint8Array({ minLength: 16, maxLength: 16 })
/** Many zero groups: the shortening of runs is where the rules are. */
const sparseBytes = fc
  .array(fc.constantFrom(0, 0, 0, 1, 0xab, 0xfff0), { minLength: 8, maxLength: 8 })
  .map((words) => Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff])))

/** An address as the system writes it, from its 16 bytes in full. */
function systemText(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => Buffer.from(bytes.subarray(2 * i, 2 * i + 2)).toString('hex'))
  return new SocketAddress({ family: 'ipv6', address: groups.join(':') }).address
}

function parsed(text: string) {
  const ip = parseAddress(text)
  if (!ip) throw new Error(`${text} was not taken for an address`)
  return ip
}

t.test('IPv6 is written as RFC 5952 asks', async (t) => {
  const cases = {
    '2001:0DB8:0:0:0:0:0:1': '2001:db8::1', // 4.1 leading zeros, 4.3 lower case
    '2001:db8:0:1:1:1:1:1': '2001:db8:0:1:1:1:1:1', // 4.2.2 one zero group stands
    '2001:0:0:1:0:0:0:1': '2001:0:0:1::1', // 4.2.3 the longest run
    '2001:db8:0:0:1:0:0:1': '2001:db8::1:0:0:1', // 4.2.3 of two equal ones the first
    '0:0:0:0:0:0:0:0': '::',
    '0:0:0:0:0:0:0:1': '::1',
    '1:0:0:0:0:0:0:0': '1::',
    '1:2:3:4:5:6:0:0': '1:2:3:4:5:6::',
    '1:2:3:4:5:6:7::': '1:2:3:4:5:6:7:0',
    '::FFFF:c000:0201': '::ffff:192.0.2.1', // 5 dotted quad in the mapped range
    '64:ff9b::192.0.2.1': '64:ff9b::c000:201',
  }
  for (const [text, canonical] of Object.entries(cases)) t.equal(formatAddress(parsed(text)), canonical, text)
})

t.test('every IPv6 address: the same text as the system, and back to the same bytes', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.oneof(addressBytes, sparseBytes), (bytes) => {
        const text = formatAddress({ family: AF_INET6, address: bytes })
        // ::a.b.c.d is deprecated (RFC 4291 2.5.5.1): the system writes it so, RFC 5952 does not ask for it.
        const compatible = bytes.subarray(0, 12).every((byte) => byte === 0)
        const { family, address } = parsed(text)
        return (compatible || text === systemText(bytes)) && family === AF_INET6 && Buffer.compare(address, bytes) === 0
      }),
    ),
  )
})

t.test('every IPv4 address: dotted quad, in the first four bytes', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        const ip = parsed(text)
        return (
          formatAddress(ip) === text &&
          ip.family === AF_INET &&
          ip.address.length === 16 &&
          ip.address.subarray(0, 4).join('.') === text &&
          ip.address.subarray(4).every((byte) => byte === 0)
        )
      }),
    ),
  )
})

t.test('whatever is written for an IPv6 address is read as that address', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const canonical = new SocketAddress({ family: 'ipv6', address: text }).address
        return formatAddress(parsed(text)) === formatAddress(parsed(canonical))
      }),
    ),
  )
})

t.test('exactly what node:net takes for an address without a zone is one', async () => {
  const almost = fc.stringMatching(/^[0-9a-f:.%]{0,24}$/)
  fc.assert(
    fc.property(fc.oneof(almost, fc.string(), fc.ipV4Extended(), fc.ipV6()), (text) => {
      const expected = isIPv4(text) || (isIPv6(text) && !text.includes('%'))
      return (parseAddress(text) !== undefined) === expected
    }),
    { numRuns: 1000 },
  )
})

t.test('no zone, brackets, prefix, octal, short or padded form is taken', async (t) => {
  for (const text of [
    '',
    'fe80::1%eth0',
    '[::1]',
    '10.0.0.0/8',
    '::/0',
    '010.0.0.1',
    '10.1',
    '167772161',
    '0x0a000001',
    ' 10.0.0.1',
    '10.0.0.1\n',
    '10.0.0.256',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '::12345',
    'localhost',
  ])
    t.equal(parseAddress(text), undefined, JSON.stringify(text))
})

t.test('ranges that are no host', async (t) => {
  const holding = (test: (ip: ReturnType<typeof parsed>) => boolean, texts: readonly string[]) =>
    texts.filter((text) => test(parsed(text)))
  const all = ['0.0.0.0', '::', '0.0.0.1', '::1', '223.255.255.255', '224.0.0.1', '239.1.1.1', '240.0.0.1']
  all.push('255.255.255.255', '255.255.255.254', 'ff02::1', 'feff::1', '::ffff:10.0.0.1', '::fffe:10.0.0.1')
  t.same(holding(isUnspecified, all), ['0.0.0.0', '::'])
  t.same(holding(isMulticastOrBroadcast, all), ['224.0.0.1', '239.1.1.1', '255.255.255.255', 'ff02::1'])
  t.same(holding(isMappedIPv4, all), ['::ffff:10.0.0.1'])
})
