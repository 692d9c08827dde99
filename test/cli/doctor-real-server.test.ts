import t from 'tap'
import { diagnoseRealServer } from '../../lib/cli/doctor/real-server.js'
import { address, device, dummy, lo, route, troubles, tunl0, vip, vip6, wordsOf } from './doctor-facts.js'
import type { NetworkFacts, NetworkInterface, Settings } from '../../lib/cli/doctor/facts.js'

const host: NetworkFacts = {
  routes: [route('local', '192.0.2.11/32'), route('local', `${vip}/32`, 'lo'), route('local', `${vip6}/128`, 'lo')],
  addresses: [address('192.0.2.11', 24, 'eth0'), address(vip, 32, 'lo'), address(vip6, 128, 'lo')],
  forwarding: {},
  interfaces: [lo, device('eth0'), tunl0],
  all: { arp_ignore: 1, arp_announce: 2 },
}
const both = [vip, vip6]
const wrong = (change: Partial<NetworkFacts>, addresses = both) =>
  troubles(diagnoseRealServer(addresses, 'linux', { ...host, ...change }))
const placed = (...addresses: NetworkFacts['addresses']) => wrong({ addresses })
const eth = (settings: Settings, more: Partial<NetworkInterface> = {}) => [device('eth0', { settings, ...more })]

t.test('a real server that is right has nothing wrong', async (t) => {
  const findings = diagnoseRealServer(both, 'linux', host)
  t.same(troubles(findings), [])
  t.same(
    findings.map(({ about }) => about),
    [vip, vip6, 'arp_ignore', 'arp_announce', 'tunnels'],
  )
  t.same(troubles(diagnoseRealServer(both, 'linux', { ...host, addresses: [] })), [], 'also by local routes')
})

t.test('an address that is not here is to be added to lo', async (t) => {
  t.same(wrong({ routes: [] }), [
    `${vip}: fail ip address add ${vip}/32 dev lo`,
    `${vip6}: fail ip address add ${vip6}/128 dev lo`,
  ])
  t.same(
    wrong({ routes: [] }, [vip6, '2001:DB8:0:2:0::100']),
    [`${vip6}: fail ip address add ${vip6}/128 dev lo`],
    'once',
  )
})

t.test('an address where neighbours ask is told to them', async (t) => {
  t.same(placed(address(vip, 24, 'eth0'), address(vip6, 128, 'eth0')), [
    `${vip}: fail ip address del ${vip}/24 dev eth0 && ip address add ${vip}/32 dev lo`,
    `${vip6}: fail ip address del ${vip6}/128 dev eth0 && ip address add ${vip6}/128 dev lo`,
  ])
  t.match(placed(address(vip, 32, 'lo'), address(vip, 32, 'eth0')), [/^192.0.2.100: fail/], 'also if it is on lo, too')
  t.same(placed(address(vip, 32, 'tunl0')), [])
  t.same(wrong({ interfaces: [lo, ...eth({}), dummy], addresses: [address(vip, 32, 'dummy0')] }), [])
})

t.test('an address with its whole network is told', async (t) => {
  t.same(placed(address(vip, 24, 'lo')), [
    `${vip}: fail ip address del ${vip}/24 dev lo && ip address add ${vip}/32 dev lo`,
  ])
  t.same(placed(address(vip6, 64, 'lo')), [
    `${vip6}: warn ip address del ${vip6}/64 dev lo && ip address add ${vip6}/128 dev lo`,
  ])
  t.match(placed(address(vip, 24, 'tunl0')), [/: warn /])
})

t.test('an IPv6 address that another host has is not used', async (t) => {
  t.match(placed({ ...address(vip6, 128, 'dummy0'), isDuplicate: true }), [/^2001.*: fail/])
})

t.test('ARP is to be silent about the address on every interface that is asked', async (t) => {
  const fix = 'arp_ignore: fail sysctl -w net.ipv4.conf.all.arp_ignore=1'
  const ignore = (all: number, own: number) =>
    wrong({ all: { ...host.all, arp_ignore: all }, interfaces: eth({ arp_ignore: own }) }, [vip])
  t.same(ignore(0, 0), [fix])
  for (const good of [1, 2, 8]) {
    t.same(ignore(good, 0), [])
    t.same(ignore(0, good), [], 'the larger value counts')
  }
  t.same(ignore(3, 0), [fix], 'only for scope host')
  t.same(ignore(1, 4), [`${fix} net.ipv4.conf.eth0.arp_ignore=1`], 'reserved: as 0')
  t.same(wrong({ all: {} }, [vip6]), [], 'IPv6 has no ARP')
})

t.test('ARP is not to ask in the name of the address', async (t) => {
  const fix = 'arp_announce: fail sysctl -w net.ipv4.conf.all.arp_announce=2'
  const announce = (all: number, own: number) =>
    wrong({ all: { ...host.all, arp_announce: all }, interfaces: eth({ arp_announce: own }) }, [vip])
  t.same(announce(0, 0), [fix])
  t.same(announce(1, 0), [fix])
  t.same(announce(0, 2), [])
  t.same(announce(2, 0), [])
})

t.test('interfaces that are not asked do not matter', async (t) => {
  const none = { all: {} }
  const ask = (interfaces: readonly NetworkInterface[]) => wrong({ ...none, interfaces }, [vip])
  t.same(ask([lo, dummy, tunl0]), [])
  t.same(ask(eth({}, { isPort: true })), [], 'a port of a bridge')
  t.same(ask(eth({}, { flags: 0x1002 })), [], 'down')
  t.equal(ask(eth({}, { flags: undefined })).length, 2, 'but those of which nothing is known')
  const one = diagnoseRealServer([vip], 'linux', {
    ...host,
    ...none,
    interfaces: [device('eth0'), ...eth({ arp_ignore: 1 }), device('eth1.7')],
  })
  t.match(one.find(({ about }) => about === 'arp_ignore')?.text, /^is 0 on eth0, 0 on eth1.7:/)
  const reserved = ask([device('eth1.7', { settings: { arp_ignore: 5, arp_announce: 2 } })])
  t.match(reserved, [/ net\.ipv4\.conf\.eth1\/7\.arp_ignore=1$/], "a dot of a name is a slash in sysctl's words")
})

t.test('a tunnel that filters by the way back drops everything', async (t) => {
  const filter = (all: number, own: number, more: Partial<NetworkFacts> = {}) =>
    wrong({ all: { ...host.all, rp_filter: all }, interfaces: [{ ...tunl0, settings: { rp_filter: own } }], ...more })
  t.same(filter(0, 0), [])
  t.same(filter(1, 0), ['rp_filter: fail sysctl -w net.ipv4.conf.all.rp_filter=0'])
  t.same(filter(0, 1), ['rp_filter: fail sysctl -w net.ipv4.conf.tunl0.rp_filter=0'])
  t.match(filter(2, 1), [/all\.rp_filter=0 net\.ipv4\.conf\.tunl0\.rp_filter=0$/], 'loose: without an address')
  const addresses = [...host.addresses, address('192.0.2.111', 32, 'tunl0')]
  t.same(filter(2, 0, { addresses }), [], 'loose: with an address')
  t.match(filter(1, 0, { addresses }), [/rp_filter/])
  t.same(wrong({ all: { ...host.all, rp_filter: 2 }, interfaces: [device('ip6tnl0', { flags: 0xc1, type: 769 })] }), [])
})

t.test('tunnels are for information', async (t) => {
  const said = (interfaces: readonly NetworkInterface[]) =>
    diagnoseRealServer([], 'linux', { ...host, interfaces }).find(({ about }) => about === 'tunnels')
  t.match(said([tunl0, device('ip6tnl0', { type: 769 })]), { level: 'info', text: /tunl0 \(.*\), ip6tnl0/ })
  t.match(said([{ ...tunl0, flags: 0x80 }]), { level: 'info', text: /no interface/ })
})

t.test('where nothing can be seen, that is said', async (t) => {
  t.same(wordsOf(diagnoseRealServer(both, 'linux', undefined)), ['fail'])
  t.match(diagnoseRealServer(both, 'darwin', undefined), [{ about: 'system', level: 'fail' }])
})
