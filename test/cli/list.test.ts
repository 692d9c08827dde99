import t from 'tap'
import { settingsWords, showTable } from '../../lib/cli/list.js'
import { limitsWord, tunnelWord } from '../../lib/cli/settings-words.js'
import { toJSON, type DesiredTable, type Persistence, type ServiceKey, type Table } from '../../lib/index.js'
import { dns, fill, http, http6, mark, objectName, server } from '../tables.js'
import { busy } from './busy.js'
import { makeWorld, run } from './io.js'

const table: DesiredTable = [
  { service: { ...dns, scheduler: 'rr', onePacket: true }, destinations: [] },
  {
    service: { ...http, scheduler: 'wlc', persistence: { timeoutSeconds: 300, prefixLength: 24 } },
    destinations: [
      server(11, { forwarding: 'tunnel', encapsulation: { type: 'gue', port: 6080 }, weight: 5 }),
      server(2, { limits: { upper: 100, lower: 75 } }),
      server(1, { weight: 0 }),
    ],
  },
  {
    service: { ...http6, scheduler: 'sh', schedulerFlags: ['flag-1'] },
    destinations: [{ address: '2001:db8::11', port: 80, forwarding: 'masquerade' }],
  },
  { service: { ...mark, scheduler: 'rr' }, destinations: [server(1, { port: 0 })] },
]

/** What a table holds, in no order. */
const linesOf = (table: Table) =>
  table
    .flatMap(({ service, destinations }) => [
      [service],
      ...destinations.map((server) => [objectName({ service }), server]),
    ])
    .map((object) => JSON.stringify(object, toJSON))
    .sort()

async function makeList() {
  const world = makeWorld()
  await fill(world.kernel.open(), table)
  return world
}

t.test('the table is in the order of names, digits by their number', async (t) => {
  const { status, stdout } = await run(await makeList(), 'list')
  t.equal(status, 0)
  t.same(stdout.split('\n'), [
    'mark/7  rr',
    '  SERVER             FORWARDING            WEIGHT  ACTIVE  INACTIVE',
    '  10.0.0.1:0         direct                     1       0         0',
    '',
    'tcp/[2001:db8::100]:80  sh flag-1',
    '  SERVER             FORWARDING            WEIGHT  ACTIVE  INACTIVE',
    '  [2001:db8::11]:80  masquerade                 1       0         0',
    '',
    'tcp/192.0.2.100:80  wlc, persistent 300 s by /24',
    '  SERVER             FORWARDING            WEIGHT  ACTIVE  INACTIVE',
    '  10.0.0.1:80        direct                     0       0         0  drained or draining',
    '  10.0.0.2:80        direct                     1       0         0  limits 75 to 100',
    '  10.0.0.11:80       tunnel gue port 6080       5       0         0',
    '',
    'udp/192.0.2.100:53  rr, one packet',
    '  no real servers',
    '',
  ])
})

t.test('an empty table is said to be one', async (t) => {
  t.same(await run(makeWorld(), 'list'), { status: 0, stdout: 'no virtual services\n', stderr: '' })
  t.equal((await run(makeWorld(), 'list', '--json')).stdout, '[]\n')
})

t.test('--json is the table as the library reads it, totals as decimal strings', async (t) => {
  const world = await makeList()
  const { stdout } = await run(world, 'list', '--json')
  const found = JSON.parse(stdout) as Table
  t.same(linesOf(found), linesOf(await world.kernel.open().table()))
  t.match(found[1]?.service, { stats: { total: { bytesIn: '0' } } })
})

t.test('SERVICE shows that one, however it is spelled', async (t) => {
  for (const word of ['192.0.2.100:80', 'tcp/192.0.2.100:80']) {
    const { stdout } = await run(await makeList(), 'list', word)
    t.match(stdout, /^tcp\/192\.0\.2\.100:80 {2}wlc/)
    t.notMatch(stdout, /\n\n./, 'and no other')
  }
  const { stdout } = await run(await makeList(), 'list', 'tcp/[2001:DB8:0::0100]:80', '--json')
  t.match(JSON.parse(stdout), [{ service: http6, destinations: [{ address: '2001:db8::11' }] }])
})

t.test('a service that is not there is an error with the next step', async (t) => {
  t.same(await run(await makeList(), 'list', 'tcp/192.0.2.100:443'), {
    status: 1,
    stdout: '',
    stderr: 'ipvs: there is no service tcp/192.0.2.100:443; `ipvs list` shows those that there are\n',
  })
})

t.test('a word that names no service is told before anything is opened', async (t) => {
  const world = makeWorld()
  const open = async () => t.fail('opened') as never
  const { status, stderr } = await run({ ...world, io: { ...world.io, open } }, 'list', 'http')
  t.equal(status, 64)
  t.match(stderr, /expected a service such as tcp\/192\.0\.2\.1:80.*found "http"/)
})

t.test('counts of connections are shown, and clients that persistence keeps', async (t) => {
  const [entry] = [busy(http, [{ address: '10.0.0.1', active: 1234, inactive: 56_789 }])]
  const [destination] = entry.destinations
  const kept = destination && { ...destination, connections: { ...destination.connections, persistent: 3 } }
  t.match(showTable([{ ...entry, destinations: kept ? [kept] : [] }]), / 1 {4}1234 {5}56789 {2}3 persistent\n/)
})

t.test('settings in words', async (t) => {
  t.same(settingsWords({ ...http, scheduler: 'mh', schedulerFlags: ['flag-1', 'flag-2'] }), ['mh flag-1 flag-2'])
  const persistent = (key: ServiceKey, persistence: Persistence) =>
    settingsWords({ ...key, scheduler: 'rr', persistence })[1]
  t.equal(persistent(http, {}), 'persistent 360 s')
  t.equal(persistent(http, { timeoutSeconds: 60, prefixLength: 32 }), 'persistent 60 s')
  t.equal(persistent(http, { netmask: '255.0.255.0' }), 'persistent 360 s by 255.0.255.0')
  t.equal(persistent(http6, { prefixLength: 128 }), 'persistent 360 s')
  t.equal(persistent(http6, { prefixLength: 32 }), 'persistent 360 s by /32', '32 bits of IPv6 are not all')
  t.same(settingsWords({ ...dns, scheduler: 'rr', onePacket: true, persistence: { engine: 'sip' } }).slice(2), [
    'engine sip',
    'one packet',
  ])
  t.equal(limitsWord({ upper: 9 }), '9')
  t.equal(limitsWord({ upper: 9, lower: 3 }), '3 to 9')
  t.equal(tunnelWord(), 'ipip')
  t.equal(tunnelWord({ type: 'gre', checksum: 'full' }), 'gre checksum full')
})
