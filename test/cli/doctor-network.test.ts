import t from 'tap'
import { diagnose } from '../../lib/cli/doctor/diagnose.js'
import { makeRouting } from '../../lib/cli/doctor/prefix.js'
import { about, address, device, direct, director, dummy, entry, lo, masquerade, masquerade6 } from './doctor-facts.js'
import {
  network,
  right,
  route,
  troubles,
  tunnel,
  tunnel6,
  vip,
  vip6,
  web,
  web6,
  withDirector,
  withNetwork,
} from './doctor-facts.js'
import type { Facts, NetworkFacts } from '../../lib/cli/doctor/facts.js'

const all = (facts: Facts) => troubles(diagnose(facts))
const but = (prefix: string) => network.routes.filter((route) => route.prefix !== prefix)
const noVip = (more: Partial<NetworkFacts> = {}) =>
  withNetwork({
    routes: but(`${vip}/32`),
    addresses: network.addresses.filter(({ address }) => address !== vip),
    ...more,
  })

t.test('a service without real servers that take clients is told', async (t) => {
  const table = [entry(web, []), entry(web6, [{ ...masquerade6, weight: 0 }])]
  t.same(all(withDirector({ table })), [`tcp/${vip}:80: fail`, `tcp/[${vip6}]:80: fail`])
  t.same(about(withDirector({ table }), 'services'), [])
  t.same(about(withDirector({ table: [] }), 'services'), ['info'])
})

t.test('a port that forwarding does not write is told', async (t) => {
  const table = [entry(web, [{ ...direct, port: 8080 }, { ...tunnel, port: 8081 }, masquerade])]
  t.same(all(withDirector({ table })), [`tcp/${vip}:80: warn`, `tcp/${vip}:80: warn`])
  const every = { ...web, port: 0, persistence: {} }
  t.same(all(withDirector({ table: [entry(every, [{ ...direct, port: 0 }, direct])] })), [], 'a service of all ports')
})

t.test('a firewall mark has no address to look for', async (t) => {
  const marked = entry({ firewallMark: 7, family: 'ipv4' }, [{ ...direct, port: 0 }])
  const facts = noVip()
  t.same(all({ ...facts, director: { ...director, table: [marked] } }), [])
  t.same(about(withDirector({ table: [marked] }), 'firewall marks'), ['info nft list ruleset'])
})

t.test('a virtual address that is not here is to be added where its neighbours are', async (t) => {
  t.same(all(noVip()), [`${vip}: fail ip address add ${vip}/32 dev eth0`])
  const v6 = withNetwork({ routes: but(`${vip6}/128`), addresses: [] })
  t.same(all(v6), [`${vip6}: fail ip address add ${vip6}/128 dev eth0 preferred_lft 0`])
  const two = [device('eth0'), device('eth1'), lo]
  const far = [route('local', '127.0.0.0/8', 'lo'), route('local', `${vip6}/128`), route('link', '10.0.0.0/8', 'eth0')]
  const elsewhere = (more: NetworkFacts['routes'], interfaces = two) =>
    about(noVip({ routes: [...far, ...more], interfaces }), vip)
  t.same(elsewhere([route('gateway', '0.0.0.0/0', 'eth1')]), [`fail ip address add ${vip}/32 dev eth1`], 'by default')
  t.same(elsewhere([]), [`fail ip address add ${vip}/32 dev INTERFACE`])
  t.same(elsewhere([], [lo, device('eth3')]), [`fail ip address add ${vip}/32 dev eth3`], 'the only one')
})

t.test('a director that stands by has no virtual address', async (t) => {
  const backup = { role: 'backup', interface: 'eth0', syncId: 1 } as const
  const withDaemons = (daemons: (typeof director)['daemons']) => ({ ...noVip(), director: { ...director, daemons } })
  t.same(about(withDaemons([backup]), vip), ['info'])
  t.match(about(withDaemons([backup, { ...backup, role: 'master' }]), vip), [/^fail/])
})

t.test('a prefix that is routed to this host is as good as an address', async (t) => {
  const routes = [...but(`${vip}/32`), route('local', '192.0.2.96/28', 'lo')]
  t.same(all(withNetwork({ routes, addresses: network.addresses.filter(({ address }) => address !== vip) })), [])
})

t.test('an address that nobody tells neighbours of is told', async (t) => {
  const on = (where: string, interfaces = [lo, device('eth0'), dummy]) =>
    withNetwork({ addresses: [address(vip, 32, where), address(vip6, 128, where)], interfaces })
  const move = (where: string) =>
    `${vip6}: warn ip address del ${vip6}/128 dev ${where} && ip address add ${vip6}/128 dev eth0 preferred_lft 0`
  t.same(all(on('lo')), [move('lo')], 'IPv4 is told of by every interface')
  t.same(all(on('dummy0')), [move('dummy0')])
  const ignoring = device('eth0', { settings: { arp_ignore: 1 } })
  t.same(all(on('lo', [lo, ignoring])), [
    `${vip}: warn ip address del ${vip}/32 dev lo && ip address add ${vip}/32 dev eth0`,
    move('lo'),
  ])
  t.same(all(on('lo', [lo, ignoring, device('eth1')])), [move('lo')], 'another does not ignore it')
  t.same(
    about(withNetwork({ addresses: [], interfaces: [lo, ignoring] }), vip6),
    [`warn ip address add ${vip6}/128 dev eth0 preferred_lft 0`],
    'by a local route',
  )
  const both = withNetwork({
    addresses: [address(vip, 32, 'lo'), address(vip, 32, 'eth0')],
    interfaces: [lo, ignoring],
  })
  t.same(about(both, vip), [], 'on lo and on eth0')
})

t.test('an address that another host has is not used', async (t) => {
  const addresses = [{ ...address(vip6, 128, 'eth0'), isDuplicate: true, isDeprecated: true }]
  t.same(about(withNetwork({ addresses }), vip6), ['fail'])
})

t.test('an IPv6 address that may be the source of tunnels is to be deprecated', async (t) => {
  const addresses = [address(vip6, 128, 'eth0')]
  t.same(all(withNetwork({ addresses })), [
    `${vip6}: warn ip address del ${vip6}/128 dev eth0 && ip address add ${vip6}/128 dev eth0 preferred_lft 0`,
  ])
  t.same(all(withNetwork({ addresses }, { table: [entry(web6, [masquerade6])] })), [], 'no tunnel')
})

t.test('without any IPv4 address lo is down', async (t) => {
  const routes = network.routes.filter(({ kind, prefix }) => kind !== 'local' || prefix.includes(':'))
  t.same(about(withNetwork({ routes }), 'lo'), ['fail ip link set lo up'])
})

t.test('direct routing does not pass a router, and nothing passes without a route', async (t) => {
  const through = [...but('192.0.2.0/24'), route('gateway', '0.0.0.0/0')]
  t.same(about(withNetwork({ routes: through }), 'routes'), ['warn'])
  t.same(about(withNetwork({ routes: through }, { table: [entry(web, [tunnel, masquerade])] }), 'routes'), [])
  t.same(about(withNetwork({ routes: but('192.0.2.0/24') }), 'routes'), ['warn'])
  const local = { ...direct, address: '192.0.2.1' }
  t.same(about(withNetwork({ routes: but('192.0.2.0/24') }, { table: [entry(web, [local])] }), 'routes'), [], 'itself')
})

t.test('only masquerading needs forwarding, of its family', async (t) => {
  const off = { forwarding: { ipv4: false, ipv6: false } }
  t.same(all(withNetwork(off)), [
    'forwarding: fail sysctl -w net.ipv4.ip_forward=1',
    'forwarding: fail sysctl -w net.ipv6.conf.all.forwarding=1',
  ])
  t.same(all(withNetwork(off, { table: [entry(web, [direct, tunnel]), entry(web6, [tunnel6])] })), [])
  t.same(about(right, 'forwarding'), ['ok', 'ok'])
  t.same(all(withNetwork(off, { table: [entry(web, [{ ...masquerade, address: '192.0.2.1' }])] })), [], 'itself')
})

t.test('redirects lead masqueraded servers past a director with one interface', async (t) => {
  const on = { all: { send_redirects: 1 } }
  const fix = 'sysctl -w net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0'
  t.same(all(withNetwork(on)), [`send_redirects: warn ${fix}`])
  const own = { interfaces: [device('eth0', { settings: { send_redirects: 1 } })] }
  t.same(all(withNetwork(own)), [`send_redirects: warn ${fix}`])
  t.same(all(withNetwork(on, { table: [entry(web, [direct])] })), [])
  t.same(about(right, 'redirects'), ['info'], 'of IPv6 always')

  const routes = [...network.routes, route('gateway', '0.0.0.0/0', 'eth1'), route('gateway', '::/0', 'eth1')]
  const apart = withNetwork({ ...on, routes, interfaces: [device('eth0'), device('eth1')] })
  t.same(all(apart), [], 'clients come by another')
  t.same(about(apart, 'redirects'), [])
})

t.test('of another namespace what cannot be seen is told, and how to see it', async (t) => {
  const seen: NetworkFacts = { ...network, interfaces: undefined, all: {}, forwarding: { ipv4: false } }
  const facts: Facts = { ...right, namespace: 'blue', network: seen }
  t.same(about(facts, 'forwarding'), [
    'fail ip netns exec blue sysctl -w net.ipv4.ip_forward=1',
    'info ip netns exec blue sysctl net.ipv6.conf.all.forwarding',
  ])
  t.same(about(facts, 'network'), ['info ip netns exec blue ipvs doctor'])
  t.same(about({ ...right, network: undefined }, 'network'), ['info'], 'not even that')
  const quiet = { ...seen, addresses: [address(vip6, 128, 'lo')] }
  t.match(about({ ...facts, network: quiet }, vip6), [
    `warn ip netns exec blue ip address del ${vip6}/128 dev lo && ip netns exec blue ip address add ${vip6}/128 dev eth0 preferred_lft 0`,
  ])
})

t.test('the longest prefix leads, of equal ones the first', async (t) => {
  const { outward, isLocal } = makeRouting([
    route('local', '10.1.0.0/16', 'lo'),
    route('gateway', '0.0.0.0/0', 'a'),
    route('link', '10.0.0.0/8', 'b'),
    route('link', '10.0.0.0/8', 'c'),
    route('link', '10.1.2.128/25', 'd'),
    route('link', '2001:db8::/33', 'e'),
  ])
  t.equal(outward('10.9.9.9')?.device, 'b')
  t.equal(outward('10.1.2.129')?.device, 'd')
  t.equal(outward('10.1.2.127')?.device, 'b')
  t.equal(outward('192.0.2.1')?.device, 'a')
  t.equal(outward('2001:db8:7fff::1')?.device, 'e')
  t.equal(outward('2001:db8:8000::1'), undefined)
  t.ok(isLocal('10.1.255.255'))
  t.notOk(isLocal('10.2.0.0'))
  t.notOk(isLocal('no address'))
})
