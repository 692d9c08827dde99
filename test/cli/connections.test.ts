import t from 'tap'
import { parseFilters } from '../../lib/cli/connection-filter.js'
import { connectionCells, expiryWord, makeAligner, titles } from '../../lib/cli/connection-words.js'
import { cli } from '../../lib/cli/cli.js'
import type { Connection } from '../../lib/index.js'
import { makeWorld } from './io.js'

const web: Connection = {
  protocol: 'tcp',
  state: 'ESTABLISHED',
  expiresSeconds: 899,
  client: { address: '198.51.100.7', port: 52210 },
  virtual: { address: '192.0.2.100', port: 80 },
  destination: { address: '10.0.0.11', port: 8080 },
  template: false,
}
const closing: Connection = {
  ...web,
  state: 'FIN_WAIT',
  client: { address: '10.1.2.3', port: 1024 },
  expiresSeconds: 7,
}
const kept: Connection = { ...web, state: 'NONE', client: { address: '198.51.100.0', port: 0 }, template: true }
const web6: Connection = {
  ...web,
  client: { address: '2001:db8:0:9::7', port: 1 },
  virtual: { address: '2001:db8::100', port: 80 },
  destination: { address: '2001:db8::11', port: 80 },
}
const dns: Connection = {
  ...web,
  protocol: 'udp',
  state: 'UDP',
  virtual: { address: '192.0.2.100', port: 53 },
  destination: { address: '10.0.0.12', port: 53 },
}
const marked: Connection = { ...kept, protocol: 'ip', virtual: { address: '0.0.0.7', port: 0 } }
const marked6: Connection = { ...marked, virtual: { address: '0:7::', port: 0 }, client: web6.client }
const call: Connection = { ...dns, template: true, state: 'NONE', engine: { name: 'sip', data: 'a\x1b[2Jb@c' } }
const all = { web, closing, kept, web6, dns, marked, marked6, call }

/** The names of those that all of the filters want. */
function wanted(...filters: string[]): string[] {
  const filter = parseFilters(filters)
  return Object.entries(all).flatMap(([name, connection]) => (filter(connection) ? [name] : []))
}

const others = (...names: string[]) => Object.keys(all).filter((name) => !names.includes(name))

t.test('a filter wants what its key says, and != the rest', async (t) => {
  const filters: Readonly<Record<string, readonly string[]>> = {
    'protocol=udp': ['dns', 'call'],
    'protocol=UDP': ['dns', 'call'],
    'state=FIN_WAIT': ['closing'],
    'state=established': ['web', 'web6'],
    'state=ESTAB': [],
    'client=198.51.100.7': ['web', 'dns', 'call'],
    'client=198.51.100.7:52210': ['web', 'dns', 'call'],
    'client=198.51.100.7:80': [],
    'client=10.0.0.0/8': ['closing'],
    'client=198.51.100.0/24': ['web', 'kept', 'dns', 'marked', 'call'],
    'client=0.0.0.0/0': ['web', 'closing', 'kept', 'dns', 'marked', 'call'],
    'client=::/0': ['web6', 'marked6'],
    'client=2001:db8::/32': ['web6', 'marked6'],
    'client=2001:0DB8:0000:0009::0007': ['web6', 'marked6'],
    'client=[2001:db8:0:9::7]:1': ['web6', 'marked6'],
    'client=[2001:db8:0:9::7]': ['web6', 'marked6'],
    'server=10.0.0.12': ['dns', 'call'],
    'server=10.0.0.11:8080': ['web', 'closing', 'kept', 'marked', 'marked6'],
    'service=192.0.2.100:80': ['web', 'closing', 'kept'],
    'service=192.0.2.100': ['web', 'closing', 'kept', 'dns', 'call'],
    'service=192.0.2.100/32': ['web', 'closing', 'kept', 'dns', 'call'],
    'service=udp/192.0.2.100:53': ['dns', 'call'],
    'service=tcp/192.0.2.100:53': [],
    'service=tcp/[2001:db8:0:0::100]:80': ['web6'],
    'service=mark/7': ['marked'],
    'service=mark/7/ipv6': ['marked6'],
    'template=yes': ['kept', 'marked', 'marked6', 'call'],
    'template=no': ['web', 'closing', 'web6', 'dns'],
  }
  for (const [filter, names] of Object.entries(filters)) {
    t.same(wanted(filter), names, filter)
    t.same(wanted(filter.replace('=', '!=')), others(...names), `not ${filter}`)
  }
})

t.test('all filters must hold, and none wants everything', async (t) => {
  t.same(wanted(), Object.keys(all))
  t.same(wanted('protocol=tcp', 'template=no', 'state!=FIN_WAIT'), ['web', 'web6'])
  t.same(wanted('client=10.0.0.0/8', 'client=198.51.100.0/24'), [])
  t.same(wanted('client!=10.0.0.0/8', 'client!=198.51.100.0/24'), ['web6', 'marked6'])
})

t.test('a wrong filter is one sentence and status 64, before anything is opened', async (t) => {
  const place = 'an address, ADDRESS:PORT, [IPV6]:PORT or a prefix such as 10.0.0.0/8'
  const form = 'KEY=VALUE or KEY!=VALUE with a KEY of protocol, state, client, service, server, template'
  const wrong: Readonly<Record<string, string>> = {
    '': `expected --filter ${form}, found ""`,
    state: `expected --filter ${form}, found "state"`,
    'port=80': `expected --filter ${form}, found "port=80"`,
    'constructor=1': `expected --filter ${form}, found "constructor=1"`,
    '=80': `expected --filter ${form}, found "=80"`,
    'state=': 'expected --filter state with a state such as ESTABLISHED, found ""',
    'state==UDP': 'expected --filter state with a state such as ESTABLISHED, found "=UDP"',
    'protocol=tcp,udp': 'expected --filter protocol with tcp, udp, sctp or ip, found "tcp,udp"',
    'template=maybe': 'expected --filter template with yes or no, found "maybe"',
    'client=': `expected --filter client with ${place}, found ""`,
    'client=10.0.0.300': `expected --filter client with ${place}, found "10.0.0.300"`,
    'client=10.0.0.0/33': `expected --filter client with ${place}, found "10.0.0.0/33"`,
    'client=2001:db8::/129': `expected --filter client with ${place}, found "2001:db8::/129"`,
    'client=10.0.0.0/': `expected --filter client with ${place}, found "10.0.0.0/"`,
    'client=10/8': `expected --filter client with ${place}, found "10/8"`,
    'client=10.0.0.1:65536': `expected --filter client with ${place}, found "10.0.0.1:65536"`,
    'client=fe80::1%eth0': `expected --filter client with ${place}, found "fe80::1%eth0"`,
    'server=real1': `expected --filter server with ${place}, found "real1"`,
    'service=http': `expected --filter service with ${place}, or a service such as tcp/192.0.2.1:80 or mark/7, found "http"`,
    'service=tcp/http': 'expected a service such as tcp/192.0.2.1:80, udp/[2001:db8::1]:53 or mark/7, found "tcp/http"',
  }
  for (const [filter, message] of Object.entries(wrong)) {
    const world = makeWorld()
    const open = async () => t.fail('opened') as never
    t.equal(await cli(['connections', '--filter', filter], { ...world.io, open }), 64)
    t.equal(world.stderr(), `ipvs: connections: ${message}; see ipvs connections --help\n`)
  }
})

t.test('columns stand in line for what is usual, and from a wider cell on for that', async (t) => {
  const align = makeAligner()
  const lines = [titles, ...[web, closing, dns, kept, web6, closing].map(connectionCells)].map(align)
  t.same(lines, [
    'STATE        EXPIRES  CLIENT               SERVICE               SERVER',
    'ESTABLISHED    14:59  198.51.100.7:52210   tcp/192.0.2.100:80    10.0.0.11:8080',
    'FIN_WAIT        0:07  10.1.2.3:1024        tcp/192.0.2.100:80    10.0.0.11:8080',
    'UDP            14:59  198.51.100.7:52210   udp/192.0.2.100:53    10.0.0.12:53',
    'NONE           14:59  198.51.100.0:0       tcp/192.0.2.100:80    10.0.0.11:8080   template',
    'ESTABLISHED    14:59  [2001:db8:0:9::7]:1  tcp/[2001:db8::100]:80  [2001:db8::11]:80',
    'FIN_WAIT        0:07  10.1.2.3:1024        tcp/192.0.2.100:80      10.0.0.11:8080',
  ])
  t.ok(
    lines.slice(0, 4).every(({ length }) => length <= 79),
    'what is usual fits 80 columns',
  )
  const wide = { ...web6, client: { address: '2001:db8:1111:2222:3333:4444:5555:6666', port: 65535 } }
  const [first = '', second = ''] = [wide, web].map((connection) => align(connectionCells(connection)))
  t.equal(second.indexOf('tcp/'), first.indexOf('tcp/'))
})

t.test('expiry is minutes and seconds', async (t) => {
  t.same([0, 7, 60, 899, 36_000].map(expiryWord), ['0:00', '0:07', '1:00', '14:59', '600:00'])
})

t.test('a mark is shown as one, and what a client sent can do nothing to a terminal', async (t) => {
  t.same(
    [marked, marked6].map((connection) => connectionCells(connection)[3]),
    ['mark/7', 'mark/7/ipv6'],
  )
  t.equal(connectionCells(call)[5], 'template, sip a?[2Jb@c')
})

/** `ipvs connections` on this connection table, and what was read of it. */
async function run(connections: readonly Connection[], ...args: string[]) {
  const world = makeWorld()
  const seen = { read: 0, ended: 0, closed: 0 }
  async function* stream() {
    try {
      for (const connection of connections) {
        seen.read++
        yield connection
      }
    } finally {
      seen.ended++
    }
  }
  const open = async () =>
    Object.assign(world.kernel.open(), { connections: stream, close: async () => void seen.closed++ })
  const status = await cli(['connections', ...args], { ...world.io, open })
  return { status, lines: world.stdout().trimEnd().split('\n'), stdout: world.stdout(), stderr: world.stderr(), seen }
}

t.test('each connection is a line below the titles', async (t) => {
  const { status, lines, seen } = await run(Object.values(all))
  t.equal(status, 0)
  t.equal(lines.length, 1 + Object.keys(all).length)
  t.match(lines[0], /^STATE +EXPIRES/)
  t.same(seen, { read: 8, ended: 1, closed: 1 })
})

t.test('without connections there are no titles', async (t) => {
  for (const args of [[], ['--count']]) {
    t.match(await run([], ...args), { status: 0, stdout: 'no such connections\n' })
    t.match(await run([web], '--filter', 'state=CLOSE', ...args), { status: 0, stdout: 'no such connections\n' })
    t.match(await run([], '--json', ...args), { status: 0, stdout: '' })
  }
})

t.test('--limit counts what is shown, and ends the reading', async (t) => {
  const { lines, seen } = await run(Object.values(all), '--filter', 'template=yes', '--limit', '2')
  t.match(lines, [/^STATE/, /template$/, /mark\/7 .*template$/])
  t.equal(lines.length, 3)
  t.same(seen, { read: 6, ended: 1, closed: 1 })
  const { stderr, status } = await run([], '--limit', 'few')
  t.equal(status, 64)
  t.match(stderr, /--limit.*"few"/)
})

t.test('--json is an object in each line, as the library has it', async (t) => {
  const { lines } = await run(Object.values(all), '--json', '--filter', 'protocol!=ip')
  t.same(
    lines.map((line) => JSON.parse(line) as unknown),
    [web, closing, kept, web6, dns, call],
  )
})

t.test('--count tells how many there are of each service, server and state', async (t) => {
  const busy = [
    web,
    web6,
    dns,
    kept,
    closing,
    web,
    { ...web, destination: { address: '10.0.0.9', port: 8080 } },
    marked,
  ]
  const { lines } = await run(busy, '--count')
  t.same(lines, [
    'SERVICE                 SERVER             STATE          COUNT',
    'mark/7                  10.0.0.11:8080     NONE template      1',
    'tcp/[2001:db8::100]:80  [2001:db8::11]:80  ESTABLISHED        1',
    'tcp/192.0.2.100:80      10.0.0.9:8080      ESTABLISHED        1',
    'tcp/192.0.2.100:80      10.0.0.11:8080     ESTABLISHED        2',
    'tcp/192.0.2.100:80      10.0.0.11:8080     FIN_WAIT           1',
    'tcp/192.0.2.100:80      10.0.0.11:8080     NONE template      1',
    'udp/192.0.2.100:53      10.0.0.12:53       UDP                1',
  ])
  const counted = await run(busy, '--count', '--json', '--filter', 'state=ESTABLISHED', '--filter', 'server=10.0.0.11')
  const { protocol, virtual, destination, state, template } = web
  t.same(JSON.parse(counted.stdout), { protocol, virtual, destination, state, template, count: 2 })
})
