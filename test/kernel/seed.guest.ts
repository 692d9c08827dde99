/** The cluster that the daemon replaces, from its own files: imported, run, and put through what its scripts were for. */
import { spawnSync, type ChildProcess } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { daemonProgram, openDirector, startDaemon, tableThat } from '../../rig/cluster.js'
import { createLan, type Host } from '../../rig/lan.js'
import { unpacked } from '../unpacked.js'

// On a busy machine an emulated one takes a minute for what takes seconds.
const patienceMs = 120_000
t.setTimeout(550_000)
const debian = join(unpacked('mon'), 'usr/lib/mon')

const lan = await createLan({ reals: 4 })
t.teardown(() => lan.close())
const [director] = lan.directors as [Host]
const nodes = new Map(lan.reals.map((real, i) => [`node${i + 1}`, real]))
const real = (node: string): Host => nodes.get(node) as Host
const vip = lan.direct.vip.ipv4

// ── the director's disk, below a folder of its own ──

const disk = mkdtempSync(join(tmpdir(), 'seed-'))
const cluster = join(disk, 'cluster')
for (const folder of ['mon/mon.d', 'mon/alert.d', 'online', 'log', 'www'])
  mkdirSync(join(cluster, folder), { recursive: true })
const write = (name: string, text: string, mode = 0o644) => writeFileSync(join(disk, name), text, { mode })
const read = (name: string) => (existsSync(join(disk, name)) ? readFileSync(join(disk, name), 'utf8') : '')
const list = (name: string, ...names: readonly string[]) =>
  write(`cluster/${name}`, names.map((node) => `${node}\n`).join(''))

write('cluster/www/index.html', 'hello\n')
list('http_nodes', 'node1', 'node2', 'node3')
list('ftp_nodes', 'node1', 'node2')
write(
  'mon_common',
  `BASEDIR=${cluster}/online
MONITORS=/usr/lib/mon/mon.d
VIP=${vip}
SSH=ssh
HTTP_NODES=\`cat ${cluster}/http_nodes\`
FTP_NODES=\`cat ${cluster}/ftp_nodes\`
`,
)
write(
  'lvs-init',
  `#!/bin/sh
. /cluster/mon/mon_common
SCHED=wlc
/sbin/ipvsadm -C
 /sbin/ipvsadm -A -t $VIP:80 -p 300 -s $SCHED
/sbin/ipvsadm -A -t $VIP:21 -s $SCHED
`,
)
write(
  'mon.cf',
  `alertdir = /usr/lib/mon/alert.d
mondir = /usr/lib/mon/mon.d

hostgroup http_nodes $HTTP_NODES
hostgroup ftp_nodes $FTP_NODES
hostgroup all_nodes node1 node2 node3 node4

watch all_nodes
service ping
interval 15s
monitor fping.monitor
period hr {12am-11pm}
alert node_up.alert

watch http_nodes
service http_failures
description Check http status for online http nodes
interval 4s
randskew 1s
monitor cluster_http.monitor
period hr {12am-11pm}
alert http_down.alert
numalerts 1
alert file.alert -d ${cluster}/log http
upalert file.alert -d ${cluster}/log http
numalerts 1

watch ftp_nodes
service ftp
interval 12s
monitor ftp.monitor -t 3
period hr {12am-11pm}
alert mail.alert -S "ftp of node" ops@example.net
upalert mail.alert -S "ftp of node" ops@example.net
numalerts 1
`,
)

// What the daemon sees as /usr/lib: Debian's monitors and alerts, unchanged, and a mail system that keeps what it is given.
const usrLib = join(disk, 'usr-lib')
mkdirSync(usrLib, { mode: 0o755 })
for (const [from, names] of [
  ['mon.d', ['ftp.monitor']],
  ['alert.d', ['file.alert', 'mail.alert']],
] as const)
  for (const name of names) cpSync(join(debian, from, name), join(usrLib, 'mon', from, name))
write('usr-lib/sendmail', `#!/bin/sh\n(echo "sendmail $*"; cat) >>${cluster}/log/mail\n`, 0o755)
// `ip netns exec` puts it in the place of /etc/hosts.
const etc = `/etc/netns/${director.namespace}`
mkdirSync(etc, { recursive: true })
t.teardown(() => rmSync(etc, { recursive: true }))
writeFileSync(join(etc, 'hosts'), [...nodes].map(([name, { ipv4 }]) => `${ipv4} ${name}\n`).join(''))

// ── what the nodes offer ──

const ftpServer = `use IO::Socket::INET; $SIG{CHLD} = 'IGNORE';
  my $s = IO::Socket::INET->new(LocalPort => 21, Listen => 50, ReuseAddr => 1) or die;
  while (my $c = $s->accept) { next if fork; print $c "220 ftp\\r\\n"; <$c>; print $c "221 bye\\r\\n"; exit }`
const start = (node: string, command: string, ...args: readonly string[]) =>
  lan.spawn(real(node).namespace, command, args, { stdio: 'ignore', detached: true })
const startHttp = (node: string) => start(node, 'busybox', 'httpd', '-f', '-h', join(cluster, 'www'))
const startFtp = (node: string) => start(node, 'perl', '-e', ftpServer)
/** As a crash would, with those that it forked. */
const crash = (server: ChildProcess | undefined) => process.kill(-(server?.pid ?? NaN), 'SIGKILL')
const http = new Map(['node1', 'node2', 'node3'].map((node) => [node, startHttp(node)]))
const ftp = new Map(['node1', 'node2'].map((node) => [node, startFtp(node)]))

// ── import, and run exactly that ──

const imported = spawnSync(
  process.execPath,
  [
    ...[daemonProgram, 'import', '--mon', join(disk, 'mon.cf'), '--lvs-init', join(disk, 'lvs-init')],
    ...['--nodes', cluster],
  ],
  { encoding: 'utf8' },
)
write('failover.yaml', imported.stdout)
process.env['STATE_DIRECTORY'] = process.env['RUNTIME_DIRECTORY'] = disk
const overlaid = `mount -t overlay none -o lowerdir=${usrLib}:/usr/lib /usr/lib && exec "$@"`
const daemon = startDaemon(lan, director, join(disk, 'failover.yaml'), ['sh', '-c', overlaid, 'sh'])
const ipvs = await openDirector(director)
t.teardown(() => ipvs.close())

/** The weights of a service's servers, by node. */
const weights = (table: Awaited<ReturnType<typeof ipvs.table>>, port: number) => {
  const found = table.find(({ service }) => 'port' in service && service.port === port)
  const named = [...nodes].map(([node, { ipv4 }]) => [
    node,
    found?.destinations.find(({ address }) => address === ipv4),
  ])
  return Object.fromEntries(
    named.flatMap(([node, server]) => (typeof server === 'object' ? [[node as string, server.weight]] : [])),
  ) as Record<string, number>
}
/** Resolves once the service on that port has these servers, each at weight 1, and no other. */
const served = (port: number, ...expected: readonly string[]) =>
  tableThat(
    ipvs,
    (table) =>
      JSON.stringify(weights(table, port)) === JSON.stringify(Object.fromEntries(expected.map((node) => [node, 1]))),
    patienceMs,
  )
async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`${what} did not come`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
/** Resolves once the files tell these states, `1 2 0` of node1, node2, node3. */
const states = (expected: string) => {
  const found = () =>
    [...nodes.keys()]
      .map((node) => read(`cluster/online/${node}`).trim())
      .join(' ')
      .trim()
  return until(`states ${expected}, found ${found()},`, () => found() === expected)
}
const seconds = () => Math.floor(Date.now() / 1000)

t.test('its files are imported, and what the daemon does by itself is left out', async (t) => {
  t.equal(imported.status, 3)
  t.match(
    imported.stderr,
    /watch all_nodes service ping: the daemon itself pings.*\n.*http_down\.alert: the daemon itself/,
  )
  t.equal(imported.stderr.trim().split('\n').length, 2, imported.stderr)
})

t.test('nodes that pass are in the table as lvs-init has it, and their files say 1', async (t) => {
  await served(80, 'node1', 'node2', 'node3')
  const table = await served(21, 'node1', 'node2')
  const [first] = table.filter(({ service }) => 'port' in service && service.port === 80)
  t.match(first?.service, { address: vip, scheduler: 'wlc', persistence: { timeoutSeconds: 300 } })
  t.equal(
    first?.destinations.every(({ forwarding }) => forwarding === 'direct'),
    true,
  )
  await states('1 1 1')
})

t.test('a web server that dies is out, its node is 2, and one alert goes out; then it is in again', async (t) => {
  const from = seconds()
  crash(http.get('node1'))
  await served(80, 'node2', 'node3')
  await states('2 1 1')
  await until('the alert', () => read('cluster/log/http').includes('\n.\n'))
  const [, at = '', summary = ''] =
    /^failure \S+ tcp (\d+) \([^)]*\) (.*)\nDESCR=\nOPSTATUS=0\n/.exec(read('cluster/log/http')) ?? []
  t.match(summary, `node1 (${real('node1').ipv4}:80) is failed: refused`)
  t.ok(Number(at) >= from && Number(at) <= seconds(), `the time of the alert, ${at}, not before ${from}`)
  startHttp('node1')
  await served(80, 'node1', 'node2', 'node3')
  await states('1 1 1')
  await until('the alert', () => /^up /m.test(read('cluster/log/http')))
  t.same(read('cluster/log/http').match(/^(failure|up) \S+ tcp|^OPSTATUS=\d/gm), [
    ...[`failure ${vip}:80 tcp`, 'OPSTATUS=0', `up ${vip}:80 tcp`, 'OPSTATUS=1'],
  ])
})

t.test("Debian's ftp.monitor and mail.alert do the same for another service of the node alone", async (t) => {
  crash(ftp.get('node2'))
  await served(21, 'node1')
  await states('1 2 1')
  await until(
    'the mail',
    () => read('cluster/log/mail').includes('following') || read('cluster/log/mail').includes('follows:'),
  )
  const mail = read('cluster/log/mail')
  t.match(
    mail,
    /^sendmail -oi -t\nTo: ops@example\.net\nSubject: ALERT \S+:21\/tcp: ftp of node \(\w+ \w+ \d+ [\d:]+\)\n/,
  )
  t.match(mail, /\nMembers\s*: node2\n/)
  t.match(mail, `exit status 1: ${real('node2').ipv4}\n`, "the monitor's summary is in the detail")
  await served(80, 'node1', 'node2', 'node3')
  startFtp('node2')
  await served(21, 'node1', 'node2')
  await states('1 1 1')
  await until('the mail', () => /^Subject: UPALERT/m.test(read('cluster/log/mail')))
  t.equal(read('cluster/log/mail').match(/^Subject: /gm)?.length, 2)
})

t.test('a node that is off is 0, and in again when it is back', async () => {
  spawnSync('ip', ['-n', real('node3').namespace, 'link', 'set', 'eth0', 'down'])
  await served(80, 'node1', 'node2')
  await states('1 1 0')
  spawnSync('ip', ['-n', real('node3').namespace, 'link', 'set', 'eth0', 'up'])
  await served(80, 'node1', 'node2', 'node3')
  await states('1 1 1')
})

t.test('a line less: the node keeps its connections and gets no new ones, and is out with the last', async (t) => {
  const clients = [1, 2, 3, 4].map(() =>
    lan.spawn(lan.client.namespace, 'busybox', ['nc', vip, '21'], { stdio: ['pipe', 'ignore', 'ignore'] }),
  )
  const busy = await tableThat(ipvs, (table) => connections(table) === clients.length, patienceMs)
  t.match(weights(busy, 21), { node1: 1, node2: 1 })
  list('ftp_nodes', 'node1')
  await tableThat(ipvs, (table) => weights(table, 21)['node2'] === 0, patienceMs)
  t.match(weights(await served(80, 'node1', 'node2', 'node3'), 21), { node1: 1, node2: 0 })
  for (const client of clients) client.kill('SIGKILL')
  await served(21, 'node1')
  await states('1 1 1')
})

t.test('a line more: the node is in after its first pass, not before', async () => {
  list('http_nodes', 'node1', 'node2', 'node3', 'node4')
  await states('1 1 1 2')
  await served(80, 'node1', 'node2', 'node3')
  startHttp('node4')
  await served(80, 'node1', 'node2', 'node3', 'node4')
  await states('1 1 1 1')
})

t.test('the end leaves the table', async (t) => {
  t.equal(await daemon.end('SIGTERM'), 0)
  await Promise.all([served(80, 'node1', 'node2', 'node3', 'node4'), served(21, 'node1')])
})

function connections(table: Awaited<ReturnType<typeof ipvs.table>>): number {
  const found = table.find(({ service }) => 'port' in service && service.port === 21)
  return found?.destinations.reduce((sum, { connections }) => sum + connections.active, 0) ?? 0
}
