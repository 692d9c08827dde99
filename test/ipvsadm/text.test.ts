import t from 'tap'
import { parseAddress } from '../../lib/address.js'
import { addressesIn } from '../../lib/ipvsadm/hosts.js'
import { parseIPv4, parseNumber } from '../../lib/ipvsadm/numbers.js'
import { parseServices } from '../../lib/ipvsadm/services.js'
import { addressText, largeNumber, maskText } from '../../lib/ipvsadm/text.js'

t.test('large numbers are cut, never rounded, in nine columns; exact ones are as wide as need be', async (t) => {
  for (const [number, cut, exact] of [
    [0n, '        0', '        0'],
    [99_999_999n, ' 99999999', ' 99999999'],
    [100_000_000n, '  100000K', ' 100000000'],
    [999_999_999n, '  999999K', ' 999999999'],
    [1_000_000_000n, '    1000M', ' 1000000000'],
    [99_999_999_999n, '   99999M', ' 99999999999'],
    [100_000_000_000n, '     100G', ' 100000000000'],
    [99_999_999_999_999n, '   99999G', ' 99999999999999'],
    [18_446_744_073_709_551_615n, '18446744T', ' 18446744073709551615'],
  ] as const) {
    t.equal(largeNumber(number, false), cut)
    t.equal(largeNumber(number, true), exact)
  }
})

t.test('IPv4 addresses are read as inet_aton(3) reads them', async (t) => {
  const read = (text: string) => parseIPv4(text)?.join('.')
  for (const [text, found] of [
    ['192.0.2.1', '192.0.2.1'],
    ['10.1', '10.0.0.1'],
    ['10.1.256', '10.1.1.0'],
    ['010.0x10.1', '8.16.0.1'],
    ['3221225985', '192.0.2.1'],
    ['1.2.3.4 behind a blank', '1.2.3.4'],
    ['', undefined],
    ['08.1', undefined],
    ['256.1', undefined],
    ['1.2.3.256', undefined],
    ['1.2.65536', undefined],
    ['4294967296', undefined],
    ['1.2.3.4.5', undefined],
    ['1..2', undefined],
    ['1.2.3.4x', undefined],
    ['0x', undefined],
  ] as const) {
    t.equal(read(text), found, text)
  }
})

t.test('numbers are read as strtol(3) reads them', async (t) => {
  for (const [text, found] of [
    ['5', 5],
    [' +5', 5],
    ['-0', 0],
    ['05', 5],
    ['', undefined],
    ['5 ', undefined],
    ['0x5', undefined],
    ['-1', undefined],
    ['11', undefined],
    ['99999999999999999999', undefined],
  ] as const) {
    t.equal(parseNumber(text, 0, 10), found, text)
  }
})

t.test('IPv6 addresses are written as inet_ntop(3) writes them', async (t) => {
  const write = (text: string) => addressText(parseAddress(text) as NonNullable<ReturnType<typeof parseAddress>>)
  for (const [text, found] of [
    ['::102:304', '::1.2.3.4'],
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['::1', '::1'],
    ['::2:0', '::0.2.0.0'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['192.0.2.1', '192.0.2.1'],
  ] as const) {
    t.equal(write(text), found)
  }
  t.equal(maskText(0xff00ff00), '255.0.255.0')
})

t.test('the services file: official names, aliases, comments', async (t) => {
  const entries = parseServices('# a\nhttp\t\t80/tcp\twww # w\nhttp 80/udp\n\nbad line\nodd x/tcp\n')
  t.strictSame(entries, [
    { names: ['http', 'www'], port: 80, protocol: 'tcp' },
    { names: ['http'], port: 80, protocol: 'udp' },
  ])
})

t.test('the hosts file: addresses in its order, names in any case', async (t) => {
  const text = '10.0.0.9 several\n10.0.0.3 other Several # x\n#10.0.0.4 several\n::1 several\n'
  t.strictSame(addressesIn(text, 'SEVERAL'), ['10.0.0.9', '10.0.0.3', '::1'])
})
