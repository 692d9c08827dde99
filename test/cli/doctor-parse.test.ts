import t from 'tap'
import {
  parseCapabilities,
  parseDevices,
  parseFibTrie,
  parseForwarding,
  parseInet6,
} from '../../lib/cli/doctor/parse.js'
import { parseModules, parseRoutes, parseRoutes6 } from '../../lib/cli/doctor/parse.js'

t.test('modules are found however they are packed', async (t) => {
  const dep = `kernel/net/netfilter/ipvs/ip_vs.ko.xz: kernel/net/netfilter/nf_conntrack.ko.xz
kernel/net/netfilter/ipvs/ip_vs_rr.ko: kernel/net/netfilter/ipvs/ip_vs.ko
kernel/net/netfilter/ipvs/ip_vs_wlc.ko.zst: kernel/net/netfilter/ipvs/ip_vs.ko.zst
extra/ip_vs_pe_sip.ko.gz:
kernel/net/netfilter/xt_ipvs.ko.xz: kernel/net/netfilter/ipvs/ip_vs.ko.xz
`
  t.same(parseModules(dep), ['ip_vs', 'ip_vs_rr', 'ip_vs_wlc', 'ip_vs_pe_sip'])
  t.same(parseModules('kernel/net/netfilter/ipvs/ip_vs.ko\nkernel/net/netfilter/ipvs/ip_vs_mh.ko\n'), [
    'ip_vs',
    'ip_vs_mh',
  ])
  const loaded = `ip_vs_rr 12288 1 - Live 0xffffffffc044c000
ip_vs 225280 3 ip_vs_rr,ip_vs_nq, Live 0xffffffffc0363000
nf_conntrack 204800 1 ip_vs, Live 0xffffffffc032d000
`
  t.same(parseModules(loaded), ['ip_vs_rr', 'ip_vs'])
  t.same(parseModules(''), [])
})

t.test('capabilities are the effective ones', async (t) => {
  const status = 'CapInh:\t0000000000000001\nCapPrm:\t000001ffffffffff\nCapEff:\t000001fffeffffff\n'
  t.equal(parseCapabilities(status), 0x1fffeffffffn)
  t.equal(parseCapabilities(''), undefined)
})

t.test('devices are what stands before a colon', async (t) => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
    lo:       0       0    0    0    0     0          0         0        0       0    0    0
eth0.7: 1234567       0    0    0    0     0          0         0        0       0    0    0
`
  t.same(parseDevices(text), ['lo', 'eth0.7'])
})

t.test('forwarding is 1 or 2', async (t) => {
  const snmp = (value: string) => `Ip: Forwarding DefaultTTL InReceives\nIp: ${value} 64 9550\nIcmp: InMsgs\nIcmp: 1\n`
  t.equal(parseForwarding(snmp('1')), true)
  t.equal(parseForwarding(snmp('2')), false)
  t.equal(parseForwarding(''), undefined)
})

t.test('local routes are those of all tables, each once', async (t) => {
  const trie = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
        +-- 127.0.0.0/31 1 0 0
           |-- 127.0.0.0
              /8 host LOCAL
           |-- 127.0.0.1
              /32 host LOCAL
        |-- 127.255.255.255
           /32 link BROADCAST
     |-- 192.0.2.0
        /24 link UNICAST
        /28 host LOCAL
Local:
  +-- 0.0.0.0/0 3 0 5
           |-- 127.0.0.1
              /32 host LOCAL
Id 100:
  |-- 203.0.113.0
     /24 host LOCAL
`
  t.same(
    parseFibTrie(trie).map(({ prefix, kind }) => [prefix, kind]),
    ['127.0.0.0/8', '127.0.0.1/32', '192.0.2.0/28', '203.0.113.0/24'].map((prefix) => [prefix, 'local']),
  )
  t.same(parseFibTrie(''), [])
})

t.test('routes of IPv4 have a device and perhaps a gateway', async (t) => {
  const title = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n'
  const text = `${title}eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth1\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
*\t0000000A\t00000000\t0200\t0\t0\t0\t000000FF\t0\t0\t0
eth1\t000010AC\t00000000\t0001\t0\t0\t0\t0000F0FF\t0\t0\t0
`
  t.same(parseRoutes(text), [
    { prefix: '0.0.0.0/0', kind: 'gateway', device: 'eth0' },
    { prefix: '192.0.2.0/24', kind: 'link', device: 'eth1' },
    { prefix: '172.16.0.0/12', kind: 'link', device: 'eth1' },
  ])
})

t.test('routes of IPv6 come with the best first, without what is refused', async (t) => {
  const none = '0'.repeat(32)
  const line = (to: string, length: string, via: string, metric: string, flags: string, device: string) =>
    `${to.padEnd(32, '0')} ${length} ${none} 00 ${via} ${metric} 00000001 00000000 ${flags}     ${device}\n`
  const text = [
    line('20010db800000002', '40', none, '00000400', '00000001', 'slow'),
    line('20010db800000002', '40', none, '00000100', '00000001', 'eth0'),
    line('', '00', 'fe800000000000000000000000000001', '00000400', '00450003', 'eth0'),
    line('20010db8000000020000000000000100', '80', none, '00000000', '80200001', 'eth0'),
    line('20010db800000002', '80', none, '00000000', '00300001', 'eth0'),
    line('', '00', none, 'ffffffff', '00200200', 'lo'),
  ].join('')
  t.same(parseRoutes6(text), [
    { prefix: '2001:db8:0:2::100/128', kind: 'local', device: 'eth0' },
    { prefix: '2001:db8:0:2::/64', kind: 'link', device: 'eth0' },
    { prefix: '2001:db8:0:2::/64', kind: 'link', device: 'slow' },
    { prefix: '::/0', kind: 'gateway', device: 'eth0' },
  ])
})

t.test('addresses of IPv6 tell whether they are used', async (t) => {
  const text = `20010db8000000020000000000000100 04 80 00 a2     eth0
20010db8000000020000000000000101 04 40 00 c8     eth0
00000000000000000000000000000001 01 80 10 80       lo
`
  const plain = { isDeprecated: false, isDuplicate: false }
  t.same(parseInet6(text), [
    { ...plain, address: '2001:db8:0:2::100', prefixLength: 128, device: 'eth0', isDeprecated: true },
    { ...plain, address: '2001:db8:0:2::101', prefixLength: 64, device: 'eth0', isDuplicate: true },
    { ...plain, address: '::1', prefixLength: 128, device: 'lo' },
  ])
})
