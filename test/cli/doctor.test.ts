import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { examine } from '../../lib/cli/doctor.js'
import { thisHost, type Host } from '../../lib/cli/doctor/host.js'
import { IpvsError } from '../../lib/errors.js'
import { readCall } from '../../lib/command-line/arguments.js'
import { commands, ipvs } from '../../lib/cli/commands.js'
import { address, direct, vip, web } from './doctor-facts.js'
import { makeWorld, run, type WorldOptions } from './io.js'

const release = '6.1.0-50-amd64'
const own = '/proc/self/net'
const firstUser = 4026531837

/** What a director reads of itself. */
const files: Readonly<Record<string, string>> = {
  '/proc/self/status': 'CapEff:\t000001ffffffffff\n',
  '/proc/modules': 'ip_vs 225280 3 - Live 0x0\n',
  [`/lib/modules/${release}/modules.dep`]:
    'kernel/net/netfilter/ipvs/ip_vs_rr.ko.xz: kernel/net/netfilter/ipvs/ip_vs.ko.xz\n',
  [`${own}/fib_trie`]: `|-- ${vip}\n   /32 host LOCAL\n`,
  [`${own}/route`]: 'eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n',
  [`${own}/snmp`]: 'Ip: Forwarding DefaultTTL\nIp: 2 64\n',
  [`${own}/dev`]: '    lo: 0\n  eth0: 0\n',
  '/sys/class/net/lo/flags': '0x9\n',
  '/sys/class/net/eth0/flags': '0x1003\n',
  '/proc/sys/net/ipv4/conf/all/arp_ignore': '0\n',
  '/proc/sys/net/ipv4/conf/eth0/arp_ignore': '1\n',
  '/proc/sys/net/ipv4/conf/all/arp_announce': '2\n',
  '/proc/sys/net/ipv6/conf/all/forwarding': '0\n',
}
const inodes: Readonly<Record<string, number>> = { '/proc/self/ns/user': firstUser, '/proc/self/ns/net': 1 }

function makeHost(more: Partial<Host> = {}, some = files, numbers = inodes): Host {
  return {
    platform: 'linux',
    release,
    read: async (path) => some[path],
    list: async (path) => [...new Set(Object.keys({ ...some, ...numbers }).flatMap((name) => below(path, name)))],
    inode: async (path) => numbers[path],
    addresses: () => [address(vip, 32, 'eth0')],
    ...more,
  }
}

function below(folder: string, path: string): string[] {
  return path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1).split('/')[0] ?? ''] : []
}

/** Runs it on a host, by its arguments. */
async function doctor(host: Host, args: readonly string[] = [], options: WorldOptions = {}, refusal?: IpvsError) {
  const world = makeWorld(options)
  const handle = world.kernel.open()
  await handle.addService({ ...web, scheduler: 'rr' })
  await handle.addDestination(web, direct)
  await handle.close()
  const opened: (string | undefined)[] = []
  const open = async (namespace: string | undefined) => {
    opened.push(namespace)
    if (refusal) throw refusal
    return world.kernel.open()
  }
  const command = commands.find(({ name }) => name === 'doctor')
  const call = command && readCall(ipvs, command, args)
  if (!call) throw new Error('expected a call of doctor')
  const status = await examine(call, { ...world.io, open }, host)
  return { status, stdout: world.stdout(), opened }
}

t.test('findings stand in groups, a line each, with the command below', async (t) => {
  const { status, stdout } = await doctor(makeHost())
  t.equal(
    stdout,
    `ok    ip_vs               answers: version 1.2.1, 4096 buckets for connections
ok    CAP_NET_ADMIN       is there
info  schedulers          are here: rr; this kernel is without wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos

ok    services            are 1, each with real servers that take clients

ok    addresses           are on this host: 192.0.2.100

info  expire_nodest_conn  is 0: connections to a server that is removed hang, rather than being reset
                          sysctl -w net.ipv4.vs.expire_nodest_conn=1
`,
  )
  t.equal(status, 0)
})

t.test('a terminal shows sentences within its width, in colours, and commands whole', async (t) => {
  const { stdout } = await doctor(makeHost(), [], { tty: true })
  const plain = stripVTControlCharacters(stdout)
  t.ok(stdout.startsWith('\x1b[32mok  \x1b[39m  ip_vs'))
  t.match(stdout, '\x1b[1msysctl -w net.ipv4.vs.expire_nodest_conn=1\x1b[22m\n')
  t.ok(plain.split('\n').every((line) => line.length <= 100))
  t.match(plain, /^info {2}schedulers .*\n {26}\S/m, 'the rest of a sentence is below its beginning')
})

t.test('what fails gives status 1', async (t) => {
  const { status, stdout } = await doctor(
    makeHost({}, { ...files, [`${own}/fib_trie`]: '|-- 10.0.0.1\n   /32 host LOCAL\n' }),
  )
  t.equal(status, 1)
  t.match(stdout, /^FAIL {2}192\.0\.2\.100 .*\n +ip address add 192\.0\.2\.100\/32 dev eth0\n/m)
})

t.test('--json prints the findings', async (t) => {
  const { stdout } = await doctor(makeHost(), ['--json'])
  const findings = JSON.parse(stdout) as Record<string, string>[]
  t.same(findings[0], {
    level: 'ok',
    group: 'kernel',
    about: 'ip_vs',
    text: 'answers: version 1.2.1, 4096 buckets for connections',
  })
  t.match(findings.at(-1), { group: 'sysctls', fix: 'sysctl -w net.ipv4.vs.expire_nodest_conn=1' })
})

t.test('without the capability there is still a finding', async (t) => {
  const refusal = new IpvsError('open: needs CAP_NET_ADMIN', { code: 'IPVS_NOT_PERMITTED', operation: 'open' })
  const unprivileged = { ...files, '/proc/self/status': 'CapEff:\t0000000000000000\n' }
  const { status, stdout } = await doctor(makeHost({}, unprivileged), [], {}, refusal)
  t.equal(status, 1)
  t.match(stdout, /^FAIL {2}CAP_NET_ADMIN {2}is missing/m)
  const rootless = makeHost({}, files, { ...inodes, '/proc/self/ns/user': 4026532556 })
  t.match(
    (await doctor(rootless, [], {}, refusal)).stdout,
    /^FAIL {2}CAP_NET_ADMIN {2}is there in a user namespace only/m,
  )
})

t.test('a host of which nothing can be read gets findings, not an exception', async (t) => {
  const bare = makeHost({ addresses: () => [] }, {}, {})
  const { status, stdout } = await doctor(bare)
  t.equal(status, 0)
  t.match(stdout, /^info {2}network .*cannot be looked at/m)
  const refusal = new IpvsError('open: no IPVS', { code: 'IPVS_UNAVAILABLE', operation: 'open' })
  const none = await doctor(bare, [], {}, refusal)
  t.equal(none.status, 1)
  t.match(none.stdout, /^FAIL {2}ip_vs .*no \/lib\/modules\//)
  const mac = await doctor(makeHost({ platform: 'darwin' }, {}, {}), [], {}, refusal)
  t.match(mac.stdout, /^FAIL {2}system {2}is darwin/)
  t.equal((await doctor(bare, ['--real-server', vip])).status, 1)
})

t.test('another namespace is seen by the thread that is in it', async (t) => {
  const task = '/proc/self/task/77'
  const there = Object.fromEntries(
    Object.entries(files).map(([path, text]) => [path.replace(own, `${task}/net`), text]),
  )
  const numbers = { ...inodes, '/run/netns/blue': 2, '/proc/self/task/76/ns/net': 1, [`${task}/ns/net`]: 2 }
  const { status, stdout, opened } = await doctor(makeHost({}, there, numbers), ['--namespace', 'blue'])
  t.equal(status, 0)
  t.same(opened, ['blue'])
  t.match(stdout, /^ok {4}addresses .* 192\.0\.2\.100$/m)
  t.match(stdout, /^info {2}network .*from inside\n +ip netns exec blue ipvs doctor\n/m)
  const gone = await doctor(makeHost({}, there, { ...numbers, [`${task}/ns/net`]: 3 }), ['--namespace', 'blue'])
  t.match(gone.stdout, /^info {2}network .*cannot be looked at/m, 'no thread is there')
})

t.test("a name of the process's own namespace is no other", async (t) => {
  const numbers = { ...inodes, '/run/netns/blue': 1 }
  const { stdout, opened } = await doctor(makeHost({}, files, numbers), ['-N', 'blue'])
  t.same(opened, ['blue'])
  t.notMatch(stdout, /ip netns/)
  const real = await doctor(makeHost({}, files, numbers), ['-N', 'blue', '--real-server', vip])
  t.match(real.stdout, /^FAIL {2}192\.0\.2\.100 {3}is on eth0/m)
})

t.test('a real server needs no IPVS and is judged alone', async (t) => {
  const { status, stdout, opened } = await doctor(makeHost(), ['--real-server', vip, '--real-server', '2001:db8::9'])
  t.equal(status, 1)
  t.same(opened, [], 'nothing is opened')
  t.match(stdout, /^FAIL {2}192\.0\.2\.100 .*on eth0/m)
  t.match(stdout, /^FAIL {2}2001:db8::9 .*not on this host/m)
  t.match(stdout, /^ok {4}arp_ignore .* 1 on eth0$/m)
  t.match(stdout, /^ok {4}arp_announce .* 2 on eth0$/m)
})

t.test('a real server in another namespace is to be asked from inside', async (t) => {
  const call = (...args: string[]) => doctor(makeHost(), [...args, '--real-server', vip])
  await t.rejects(call('-N', 'blue'), {
    status: 64,
    message: /run `ip netns exec blue ipvs doctor --real-server 192.0.2.100`$/,
  })
  await t.rejects(call('-N', '/proc/7/ns/net'), { message: /run `nsenter --net=\/proc\/7\/ns\/net ipvs doctor/ })
})

t.test('an address of a real server is an address', async (t) => {
  for (const wrong of ['web', '192.0.2', 'fe80::1%eth0', '192.0.2.0/24']) {
    const { status, stderr } = await run(makeWorld(), 'doctor', '--real-server', wrong)
    t.equal(status, 64)
    t.match(stderr, `--real-server: expected an IPv4 or IPv6 address, found "${wrong}"`)
  }
})

t.test('this very host is looked at without an exception', async (t) => {
  const { status, stdout } = await run(makeWorld(), 'doctor')
  t.ok(status === 0 || status === 1)
  t.match(stdout, /^(ok|info|warn|FAIL) /)
  t.equal(await thisHost.read('/nowhere/at/all'), undefined)
  t.same(await thisHost.list('/nowhere/at/all'), [])
  t.equal(await thisHost.inode('/nowhere/at/all'), undefined)
})
