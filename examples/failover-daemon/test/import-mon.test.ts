import t from 'tap'
import type { Test } from 'tap'
import { importing, parsed, seedArguments } from './import-run.js'

interface Cluster {
  readonly mon?: string
  readonly init?: string
  readonly common?: string
  readonly nodes?: Record<string, string>
}

const WATCH = 'watch http_nodes\nservice http\ninterval 10s\nmonitor http.monitor -t 2\n'
const MON = `hostgroup http_nodes web1\n\n${WATCH}`
const INIT = '/sbin/ipvsadm -A -t 192.0.2.100:80 -s rr\n'

/** Imports a small cluster. */
async function cluster(t: Test, { mon = MON, init = INIT, common, nodes = {} }: Cluster, ...more: string[]) {
  const files = { 'mon.cf': mon, 'lvs-init': init, nodes, ...(common !== undefined && { mon_common: common }) }
  const directory = t.testdir(files)
  const args = ['--mon', `${directory}/mon.cf`, '--lvs-init', `${directory}/lvs-init`, '--nodes', `${directory}/nodes`]
  const { status, stdout, stderr } = await importing(...args, ...more)
  return { status, stdout, stderr: stderr.replaceAll(`${directory}/`, '') }
}

t.test('a variable without a value is told with its place and the remedy', async (t) => {
  const init = '# services\nSCHED=rr\n  /sbin/ipvsadm -A -t $VIP:80 -s $SCHED\n'
  t.strictSame(await cluster(t, { init }), {
    ...{ status: 2, stdout: '' },
    stderr: 'lvs-init:3:23: $VIP: expected a value, found none in the file: give it by --set VIP=VALUE\n',
  })
  const { status, stdout } = await cluster(t, { init }, '--set', 'VIP=192.0.2.7')
  t.match({ status, stdout }, { status: 0, stdout: 'virtual: 192.0.2.7:80' })
  const over = await cluster(t, { init: `VIP=192.0.2.9\n${init}` }, '--set', 'VIP=192.0.2.7')
  t.match(over.stdout, 'virtual: 192.0.2.7:80', '--set wins over the file')
})

t.test('lvs-init is read by the grammar of ipvsadm', async (t) => {
  const init = [
    'ipvsadm --add-service --tcp-service 192.0.2.100:http --persistent',
    '/sbin/ipvsadm -a -t 192.0.2.100:80 -r web7.example.net:8080 -m -w 3 >/dev/null 2>&1',
    '/sbin/ipvsadm -a -t 192.0.2.100:80 -r 192.0.2.17 -m \\\n  -w 2',
    '/sbin/ipvsadm -E -t 192.0.2.100:80 -s sh -p 60',
    '/sbin/ipvsadm -A -u 192.0.2.100:53 -s rr',
    '/sbin/ipvsadm -D -u 192.0.2.100:53',
  ].join('\n')
  const { status, stdout, stderr } = await cluster(t, { init })
  t.strictSame({ status, stderr }, { status: 0, stderr: '' })
  t.match(stdout, /scheduler: sh\n {4}persistence: 60s\n {4}forwarding: masquerade/)
  t.match(stdout, '- { name: web7.example.net, port: 8080, weight: 3 }')
  t.match(stdout, '- { address: 192.0.2.17, weight: 2 }')
  t.equal(parsed(stdout).services.length, 1)
  const named = await cluster(t, { init: 'ipvsadm -A --tcp-service=www.example.net:80\n' })
  t.match(named, { status: 2, stderr: 'lvs-init:1:12: --tcp-service: expected an address, names are not looked up' })
  const wrong = await cluster(t, { init: `${INIT}\nipvsadm -A -t 192.0.2.100:99999\n` })
  t.match(wrong, {
    status: 2,
    stdout: '',
    stderr: /^lvs-init:3:1: ipvsadm: expected a rule that it takes, found: illegal virtual server address/,
  })
})

t.test('what lvs-init does beside ipvsadm is listed', async (t) => {
  const init = `ifconfig eth0:1 192.0.2.100 up\nfor i in a b\ndo\nipvsadm -a -t $V:80 -r $i; done\n${INIT}ipvsadm --set 1 2 3\n`
  const { status, stderr } = await cluster(t, { init: init.replace('ipvsadm -a', 'test -e /x && ipvsadm -a') })
  t.equal(status, 3)
  for (const what of [
    'lvs-init:1: ifconfig',
    'lvs-init:2: for i in a b',
    'lvs-init:4: test -e',
    'lvs-init:6: ipvsadm --set',
  ])
    t.match(stderr, what)
})

t.test('node files are servers by file, with the path on the director', async (t) => {
  const common = 'HTTP_NODES="`cat /cluster/http_nodes`"\nBASEDIR=/cluster/online\n'
  const mon = MON.replace('web1', '$HTTP_NODES')
  const good = await cluster(t, { mon, common, nodes: { http_nodes: 'web1\n\n192.0.2.12\n' } })
  t.match(good, { status: 0, stdout: '- { file: /cluster/http_nodes }' })
  t.match(good.stdout, 'nodeStates: /cluster/online')
  for (const [text, note] of [
    ['web1\nweb 2\n', /nodes\/http_nodes:2: web 2: a line is one name or address/],
    ['web1\n$(reboot)\n', /nodes\/http_nodes:2: \$\(reboot\)/],
    ['\n', /nodes\/http_nodes:1: .*no node is in it/],
  ] as const)
    t.match(await cluster(t, { mon, common, nodes: { http_nodes: text } }), { status: 3, stderr: note })
  t.match(await cluster(t, { mon, common }), { status: 3, stderr: /could not be read/ })
  const unset = await cluster(t, { mon })
  t.match(unset, { status: 2, stderr: /\$HTTP_NODES: it is set neither in mon_common nor by --set/ })
  const { stdout } = await cluster(t, { mon }, '--set', 'HTTP_NODES=web1 web2')
  t.match(stdout, /- web1\n {6}- web2\n/)
})

t.test('a link out of the folder of nodes is not followed', async (t) => {
  const mon = MON.replace('web1', '$HTTP_NODES')
  const nodes = { http_nodes: t.fixture('symlink', '/etc/hostname') } as unknown as Record<string, string>
  const { status, stderr } = await cluster(t, { mon, nodes, common: 'HTTP_NODES=`cat /cluster/http_nodes`\n' })
  t.match({ status, stderr }, { status: 3, stderr: /could not be read in \S+: it lies outside of/ })
})

t.test('monitors are checks where there is one, and run as they are elsewhere', async (t) => {
  for (const [monitor, check] of [
    ['http.monitor -p 8080 -t 3 -u /x', /path: \/x\n {6}status: \[ 200, 301, 302, 401 \]\n {6}port: 8080\n/],
    ['http.monitor -t 3 -m "It works\\\\!"', /status: 100-599\n {6}body: It works!\n/],
    ['/usr/lib/mon/mon.d/tcp.monitor -p 80 -t 3', /type: tcp\n {6}interval: 10s\n {6}timeout: 3s/],
    ['fping.monitor', /type: icmp\n/],
    ['smtp.monitor -t 5', /type: smtp\n {6}port: 25\n/],
    ['ldap.monitor -basedn "dc=a b"', /type: mon\n {6}monitor: ldap\.monitor\n {6}args: \[ -basedn, dc=a b \]/],
    ['http.monitor -t 3 -m "a.*b$"', /body: \{ matches: 'a\[\^\]\*b\(\?=\\n\?\$\)' \}\n/],
    ['http.monitor -t 3 -a "Mon 1.3"', /headers: \{ User-Agent: Mon 1\.3 \}\n/],
    ['http.monitor --new-option', /type: mon\n {6}monitor: http\.monitor\n/],
  ] as const) {
    const { stdout, status } = await cluster(t, { mon: MON.replace(/http\.monitor.*/, () => monitor) })
    t.match({ stdout, status }, { stdout: check, status: 0 }, monitor)
    parsed(stdout)
  }
  for (const [monitor, note] of [
    ['http.monitor -t 2 -m "^HTTP/1.1 200"', 'an expression is one of JavaScript, and of the body alone'],
    ['http.monitor -t 2 -m "(?<!a)b"', 'an expression is one of JavaScript, and of the body alone'],
    ['http.monitor', 'a check ends before the next one starts, so 30s must be less than 10s'],
    ['x.monitor ;;', 'a monitor always gets the host'],
    ['pop3.monitor -t 5', 'pop monitor: this monitor fails with every server since Perl 5.36'],
    ['cluster_app.monitor', 'it is run for one server at a time'],
  ] as const)
    t.match(await cluster(t, { mon: MON.replace(/http\.monitor.*/, monitor) }), { status: 3, stderr: note })
})

t.test('alerts keep their limits; those that did the failover are left out', async (t) => {
  const period = 'period wd {Mon-Fri}\nalert x.alert a\nupalert x.alert a\nnumalerts 2\nalertafter 3\nalertevery 90s\n'
  const { stdout, status } = await cluster(t, { mon: MON + period })
  const alert = `  - exec: { command: /usr/lib/mon/alert.d/x.alert, args: [ a ] }
    events: [ down, up ]
    numalerts: 2
    alertafter: 3
    alertevery: 90s
    period: wd {Mon-Fri}
`
  t.match({ stdout, status }, { stdout: alert, status: 0 })
  for (const [line, field] of [
    ['alertafter 5m', 'alertafter: 5m\n'],
    ['alertafter 3 1d', 'alertafter: 3 24h\n'],
    ['alertevery 1h strict', 'alertevery: 1h strict\n'],
    ['alertevery 1h summary', 'alertevery: 1h\n'],
    ['alert mail.alert -S down ops', 'command: /usr/lib/mon/alert.d/mail.alert, args: [ -S, down, ops ] }\n'],
  ] as const) {
    const { stdout, status } = await cluster(t, { mon: `${MON}period\nalert x.alert\n${line}\n` })
    t.match({ stdout, status }, { stdout: field, status: 0 }, line)
  }
  for (const [line, note] of [
    ['alert http_down.alert', 'the daemon itself takes failed servers out'],
    ['alert mail.alert This e-mail address is being protected from spambots.', 'no mail addresses'],
    ['alert exit=1-3 x.alert', 'without exit statuses'],
    ['ackalert x.alert', 'nothing is acknowledged'],
    ['alertevery 5m sometimes', 'the daemon has no sometimes'],
  ] as const)
    t.match(await cluster(t, { mon: `${MON}period\n${line}\n` }), { status: 3, stderr: note }, line)
})

t.test('what Mon refuses is refused with its line', async (t) => {
  for (const [mon, message] of [
    ['', 'mon.cf:1:1: mon.cf: expected a watch with a service, found none'],
    ['frobnicate\n', 'mon.cf:1:1: mon.cf: expected hostgroup, watch or NAME = VALUE, found "frobnicate"'],
    [`${MON}colour red\n`, 'mon.cf:7:1: mon.cf: expected a directive of Mon, found "colour"'],
    [MON.replace('10s', '10 s'), 'mon.cf:5:1: interval: expected a time such as 10s, found "10 s"'],
    [`${MON}\nwatch http_nodes\n`, 'mon.cf:8:1: watch: expected each watch once'],
    ['watch a\ninterval 1s\n', 'mon.cf:2:1: interval: expected a service before it'],
  ] as const)
    t.match(await cluster(t, { mon }), { status: 2, stdout: '', stderr: message }, mon)
})

t.test('which watch stands behind a port can be told', async (t) => {
  const mon = `${MON}\nwatch a\nservice a\nmonitor a.monitor\n\nwatch b\nservice b\nmonitor b.monitor\n`
  const init = `${INIT}ipvsadm -A -t 192.0.2.100:5000 -s rr\n`
  const left = await cluster(t, { mon, init })
  t.match(left, { status: 3, stderr: /lvs-init:2: check: no watch of mon\.cf belongs to it/ })
  t.match(left.stderr, /watch a service a: it belongs to no service.*\n.*watch b service b: it belongs to no service/)
  const { stdout } = await cluster(t, { mon, init }, '--pair', '5000=b')
  t.match(stdout, /virtual: 192\.0\.2\.100:5000\n.*monitor: b\.monitor/s)
})

t.test('monitors are looked for where mon.cf says, if that is not where Debian has them', async (t) => {
  const mon = (mondir: string, monitor = 'ldap.monitor') =>
    `mondir = ${mondir}\n${MON.replace(/http\.monitor.*/, monitor)}`
  const here = await cluster(t, { mon: mon('/cluster/mon/mon.d : /opt/mon.d') })
  t.match(here, { status: 0, stdout: 'directories: [ /cluster/mon/mon.d, /opt/mon.d ]\n' })
  const debian = await cluster(t, { mon: mon('/usr/lib/mon/mon.d:/usr/lib/mon/mon-local.d') })
  t.notMatch(debian.stdout, 'directories')
  t.match((await cluster(t, { mon: mon('/x', '/opt/ldap.monitor') })).stdout, 'directories: [ /opt ]\n')
})

t.test("the seed's own watch", async (t) => {
  const { stdout } = await importing(...seedArguments)
  t.match(stdout, /- \{ file: \/cluster\/http_nodes \}\n.*interval: 10s\n {6}timeout: 3s\n {6}jitter: 3s\n/s)
})
