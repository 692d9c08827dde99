/** The bytes that ipvsadm sends and ours: the same for every attribute, and the differences in which are sent are known. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Ipvs } from '../../lib/index.js'
import { addInterface, makeNamespace, openIn, run } from './namespace.js'
import { messagesIn, straceOptions, type Message } from './netlink-trace.js'

/** A command, which is one message of ipvsadm's and one of ours. */
interface Row {
  readonly name: string
  readonly ipvsadm: string
  readonly call: (ipvs: Ipvs) => Promise<unknown>
  /** What ipvsadm sends beyond ours. */
  readonly extra?: readonly string[]
}

// Where a service is only named, ipvsadm sends a whole one, with settings that it makes up. The kernel ignores them.
const service = ['SERVICE.SCHED_NAME', 'SERVICE.FLAGS', 'SERVICE.TIMEOUT', 'SERVICE.NETMASK']
const ofDestination = (...names: readonly string[]) => names.map((name) => `DEST.${name}`)
// The same for a destination that is removed.
const destination = ofDestination(
  'ADDR_FAMILY',
  'FWD_METHOD',
  'WEIGHT',
  'TUN_TYPE',
  'TUN_PORT',
  'TUN_FLAGS',
  'U_THRESH',
  'L_THRESH',
)
// What the kernel takes for granted: the service's family, and no tunnel.
const family = ofDestination('ADDR_FAMILY')
const plain = ofDestination('ADDR_FAMILY', 'TUN_TYPE', 'TUN_PORT', 'TUN_FLAGS')
// A dump ends with NLMSG_DONE: an acknowledgement is not needed.
const dump = ['ACK']

const web = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const
const web6 = { protocol: 'tcp', address: '2001:db8::1', port: 443 } as const
const sip = { protocol: 'udp', address: '192.0.2.2', port: 5060 } as const
const mark = { firewallMark: 7, family: 'ipv4' } as const
const mark6 = { firewallMark: 4294967295, family: 'ipv6' } as const
const direct = { address: '10.0.0.1', port: 80 }
const masquerade = { address: '10.0.0.2', port: 8080 }
const gue = { address: '10.0.0.3', port: 80 }
const other = { address: '2001:db8:1::1', port: 80 }
const direct6 = { address: '2001:db8:1::2', port: 443 }
const marked = { address: '10.0.0.4', port: 0 }

const rows: readonly Row[] = [
  {
    name: 'add a service',
    ipvsadm: '-A -t 192.0.2.1:80 -s wlc',
    call: (ipvs) => ipvs.addService({ ...web, scheduler: 'wlc' }),
  },
  {
    name: 'edit it: persistence',
    ipvsadm: '-E -t 192.0.2.1:80 -s rr -p 300 -M 255.255.255.0',
    call: (ipvs) =>
      ipvs.updateService({ ...web, scheduler: 'rr', persistence: { timeoutSeconds: 300, prefixLength: 24 } }),
  },
  {
    name: 'add a persistent IPv6 service',
    ipvsadm: '-A -t [2001:db8::1]:443 -s sh -b sh-port -p 300 -M 64',
    call: (ipvs) =>
      ipvs.addService({
        ...web6,
        scheduler: 'sh',
        schedulerFlags: ['flag-2'],
        persistence: { timeoutSeconds: 300, prefixLength: 64 },
      }),
  },
  {
    name: 'edit it: no persistence',
    ipvsadm: '-E -t [2001:db8::1]:443 -s mh -b mh-fallback,mh-port',
    call: (ipvs) => ipvs.updateService({ ...web6, scheduler: 'mh', schedulerFlags: ['flag-1', 'flag-2'] }),
  },
  {
    name: 'add a one-packet service with a persistence engine',
    ipvsadm: '-A -u 192.0.2.2:5060 -s rr -p 60 --pe sip -o',
    call: (ipvs) =>
      ipvs.addService({
        ...sip,
        scheduler: 'rr',
        persistence: { timeoutSeconds: 60, engine: 'sip' },
        onePacket: true,
      }),
  },
  {
    name: 'add a firewall mark',
    ipvsadm: '-A -f 7 -s lc -p',
    call: (ipvs) => ipvs.addService({ ...mark, scheduler: 'lc', persistence: {} }),
  },
  {
    name: 'add an IPv6 firewall mark',
    ipvsadm: '-A -f 4294967295 -6 -s rr',
    call: (ipvs) => ipvs.addService({ ...mark6, scheduler: 'rr' }),
  },
  {
    name: 'edit a firewall mark',
    ipvsadm: '-E -f 4294967295 -6 -s lc -p 9 -M 32',
    call: (ipvs) =>
      ipvs.updateService({ ...mark6, scheduler: 'lc', persistence: { timeoutSeconds: 9, prefixLength: 32 } }),
  },
  {
    name: 'add a destination: direct routing',
    ipvsadm: '-a -t 192.0.2.1:80 -r 10.0.0.1 -g -w 5',
    call: (ipvs) => ipvs.addDestination(web, { ...direct, forwarding: 'direct', weight: 5 }),
    extra: [...service, ...plain],
  },
  {
    name: 'add a destination: masquerading, limits',
    ipvsadm: '-a -t 192.0.2.1:80 -r 10.0.0.2:8080 -m -x 100 -y 50',
    call: (ipvs) =>
      ipvs.addDestination(web, { ...masquerade, forwarding: 'masquerade', limits: { upper: 100, lower: 50 } }),
    extra: [...service, ...plain],
  },
  {
    name: 'add a destination: GUE tunnel',
    ipvsadm: '-a -t 192.0.2.1:80 -r 10.0.0.3 -i --tun-type gue --tun-port 6080 --tun-csum',
    call: (ipvs) =>
      ipvs.addDestination(web, {
        ...gue,
        forwarding: 'tunnel',
        encapsulation: { type: 'gue', port: 6080, checksum: 'full' },
      }),
    extra: [...service, ...family],
  },
  {
    name: 'add a destination: GRE tunnel to the other family',
    ipvsadm: '-a -t 192.0.2.1:80 -r [2001:db8:1::1]:80 -i --tun-type gre',
    call: (ipvs) => ipvs.addDestination(web, { ...other, forwarding: 'tunnel', encapsulation: { type: 'gre' } }),
    extra: service,
  },
  {
    name: 'add an IPv6 destination',
    ipvsadm: '-a -t [2001:db8::1]:443 -r [2001:db8:1::2]:443 -g',
    call: (ipvs) => ipvs.addDestination(web6, { ...direct6, forwarding: 'direct' }),
    extra: [...service, ...plain],
  },
  {
    name: 'add a destination to a firewall mark',
    ipvsadm: '-a -f 7 -r 10.0.0.4:0 -g',
    call: (ipvs) => ipvs.addDestination(mark, { ...marked, forwarding: 'direct' }),
    extra: [...service, ...plain],
  },
  {
    name: 'edit a destination: drain',
    ipvsadm: '-e -t 192.0.2.1:80 -r 10.0.0.1 -g -w 0',
    call: (ipvs) => ipvs.updateDestination(web, { ...direct, forwarding: 'direct', weight: 0 }),
    extra: [...service, ...plain],
  },
  {
    name: 'edit an IPv6 destination',
    ipvsadm: '-e -t [2001:db8::1]:443 -r [2001:db8:1::2]:443 -m -w 2147483647 -x 9',
    call: (ipvs) =>
      ipvs.updateDestination(web6, {
        ...direct6,
        forwarding: 'masquerade',
        weight: 2147483647,
        limits: { upper: 9 },
      }),
    extra: [...service, ...plain],
  },
  {
    name: 'delete a destination',
    ipvsadm: '-d -t 192.0.2.1:80 -r 10.0.0.1:80',
    call: (ipvs) => ipvs.removeDestination(web, direct),
    extra: [...service, ...destination],
  },
  {
    name: 'delete a destination of a firewall mark',
    ipvsadm: '-d -f 7 -r 10.0.0.4:0',
    call: (ipvs) => ipvs.removeDestination(mark, marked),
    extra: [...service, ...destination],
  },
  {
    name: 'delete a service',
    ipvsadm: '-D -u 192.0.2.2:5060',
    call: (ipvs) => ipvs.removeService(sip),
    extra: service,
  },
  {
    name: 'delete an IPv6 service',
    ipvsadm: '-D -t [2001:db8::1]:443',
    call: (ipvs) => ipvs.removeService(web6),
    extra: service,
  },
  { name: 'delete a firewall mark', ipvsadm: '-D -f 7', call: (ipvs) => ipvs.removeService(mark), extra: service },
  {
    name: 'delete an IPv6 firewall mark',
    ipvsadm: '-D -f 4294967295 -6',
    call: (ipvs) => ipvs.removeService(mark6),
    extra: service,
  },
  { name: 'list the services', ipvsadm: '-Ln', call: (ipvs) => ipvs.services(), extra: dump },
  { name: 'list the destinations', ipvsadm: '', call: (ipvs) => ipvs.destinations(web), extra: dump },
  {
    name: 'zero a service',
    ipvsadm: '-Z -t 192.0.2.1:80',
    call: (ipvs) => ipvs.zero(web),
    extra: service,
  },
  { name: 'zero everything', ipvsadm: '-Z', call: (ipvs) => ipvs.zeroAll() },
  // Without destinations of another family, beside which no sync daemon starts.
  { name: 'flush', ipvsadm: '-C', call: (ipvs) => ipvs.flush() },
  {
    name: 'set the timeouts',
    ipvsadm: '--set 900 60 300',
    call: (ipvs) => ipvs.setTimeouts({ tcpSeconds: 900, tcpFinSeconds: 60, udpSeconds: 300 }),
  },
  { name: 'set one timeout', ipvsadm: '--set 0 60 0', call: (ipvs) => ipvs.setTimeouts({ tcpFinSeconds: 60 }) },
  { name: 'list the timeouts', ipvsadm: '-L --timeout', call: (ipvs) => ipvs.timeouts() },
  {
    name: 'start a master',
    ipvsadm: '--start-daemon master --mcast-interface sync0',
    call: (ipvs) => ipvs.startSyncDaemon({ role: 'master', interface: 'sync0', syncId: 0 }),
  },
  {
    name: 'start a backup, every option',
    ipvsadm:
      '--start-daemon backup --mcast-interface sync0 --syncid 5 --sync-maxlen 1200 --mcast-group 239.1.2.3 --mcast-port 9000 --mcast-ttl 3',
    call: (ipvs) =>
      ipvs.startSyncDaemon({
        role: 'backup',
        interface: 'sync0',
        syncId: 5,
        maxLength: 1200,
        multicast: { group: '239.1.2.3', port: 9000, ttl: 3 },
      }),
  },
  { name: 'list the sync daemons', ipvsadm: '-L --daemon', call: (ipvs) => ipvs.syncDaemons(), extra: dump },
  {
    name: 'stop a sync daemon',
    ipvsadm: '--stop-daemon master',
    call: (ipvs) => ipvs.stopSyncDaemon('master'),
    // We ask it of a message behind: the kernel may not answer this one (native/session.cc).
    extra: ['ACK', 'DAEMON.MCAST_IFN', 'DAEMON.SYNC_ID'],
  },
  {
    name: 'start an IPv6 master',
    ipvsadm: '--start-daemon master --mcast-interface sync0 --mcast-group ff05::1',
    call: (ipvs) =>
      ipvs.startSyncDaemon({ role: 'master', interface: 'sync0', syncId: 0, multicast: { group: 'ff05::1' } }),
  },
]

const getInfo = 15
const folder = await mkdtemp(join(tmpdir(), 'wire-'))
/** Both programs ask for the version first: ours once, ipvsadm with each command. */
const commandsIn = async (file: string) =>
  messagesIn(await readFile(file, 'utf8')).filter(({ command }) => command !== getInfo)

async function sentByIpvsadm(): Promise<readonly Message[]> {
  const file = join(folder, 'ipvsadm')
  const script = rows.map(({ ipvsadm }) => (ipvsadm === '' ? ':' : `ipvsadm ${ipvsadm} >/dev/null`)).join('\n')
  const namespace = await makeNamespace(t)
  await addInterface(namespace, 'sync0')
  const program = ['ip', 'netns', 'exec', namespace, 'sh', '-efc', script]
  await run('strace', ['--seccomp-bpf', ...straceOptions, '-o', file, ...program])
  return commandsIn(file)
}

/** strace attaches to this very process. */
async function sentByUs(): Promise<readonly Message[]> {
  const file = join(folder, 'ours')
  const namespace = await makeNamespace(t)
  await addInterface(namespace, 'sync0')
  const ipvs = await openIn(t, namespace)
  const strace = spawn(
    'strace',
    ['-p', String(process.pid), ...straceOptions.filter((option) => option !== '-qq'), '-o', file],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  // It says so when it has attached to every thread.
  await once(strace.stderr, 'data')
  for (const { call } of rows) await call(ipvs)
  const ended = once(strace, 'exit')
  strace.kill('SIGINT')
  await ended
  return commandsIn(file)
}

const theirs = await sentByIpvsadm()
const ours = await sentByUs()

t.equal(theirs.length, rows.length, 'a command of ipvsadm is one message')
t.equal(ours.length, rows.length, 'a call of the library is one message')

/** What a message holds, by name: its flags, which are there or not, and its attributes. */
const parts = ({ flags, attributes }: Message) => [...flags.split('|').map((flag) => [flag, '']), ...attributes]

rows.forEach(({ name, extra = [] }, i) => {
  const [they, we] = [theirs[i], ours[i]]
  if (!they || !we) return
  t.same([we.command, we.version], [they.command, they.version], `${name}: command and version`)
  const sent = new Set(parts(we).map(([part]) => part))
  const common = parts(they).filter(([part = '']) => sent.has(part))
  t.strictSame(
    parts(they).flatMap(([part = '']) => (sent.has(part) ? [] : [part])),
    extra,
    `${name}: what only ipvsadm sends`,
  )
  t.strictSame(parts(we), common, `${name}: the same bytes in the same order`)
})
