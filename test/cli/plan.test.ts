import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { toJSON, type DesiredTable, type Ipvs } from '../../lib/index.js'
import { createIpvs } from '../../lib/ipvs.js'
import { Command } from '../../lib/records.js'
import { createTestKernel, type TestKernel } from '../../lib/testing/index.js'
import { FakeKernel } from '../../lib/testing/fake-session.js'
import { schedulers } from '../../lib/types.js'
import { requests } from '../requests.js'
import { changed } from '../sessions.js'
import { dns, fill, http, http6, mark, server } from '../tables.js'
import { makeWorld, run, type WorldOptions } from './io.js'

const web = { ...http, scheduler: 'rr' } as const
const names = { ...dns, scheduler: 'wlc' } as const

async function kernelWith(table: DesiredTable): Promise<TestKernel> {
  const kernel = createTestKernel()
  await fill(kernel.open(), table)
  return kernel
}

/** `ipvs plan -` on a kernel, for a table. */
async function plan(kernel: TestKernel, wanted: unknown, options: readonly string[] = [], more: WorldOptions = {}) {
  const writes = kernel.writes
  const world = makeWorld({ kernel, stdin: JSON.stringify(wanted, toJSON), ...more })
  const end = await run(world, 'plan', '-', ...options)
  assert.equal(kernel.writes, writes, 'it writes nothing')
  return end
}

const present: DesiredTable = [
  { service: web, destinations: [server(1), server(2), server(10)] },
  { service: names, destinations: [server(1, { port: 53 })] },
  { service: { ...mark, scheduler: 'rr' }, destinations: [] },
]

t.test('nothing to do: status 0, and what is foreign', async (t) => {
  const kernel = await kernelWith(present)
  t.same(await plan(kernel, present), { status: 0, stdout: 'nothing to do\n', stderr: '' })
  t.same(await plan(kernel, present.slice(0, 1)), {
    status: 0,
    stdout: `foreign, which --prune would remove:
  mark/7, 0 servers
  udp/192.0.2.100:53, 1 server

nothing to do; 2 foreign services left alone
`,
    stderr: '',
  })
  t.same(await plan(kernel, present.slice(0, 2)), {
    status: 0,
    stdout: `foreign, which --prune would remove:
  mark/7, 0 servers

nothing to do; 1 foreign service left alone
`,
    stderr: '',
  })
})

const wanted: DesiredTable = [
  { service: { ...web, scheduler: 'wlc' }, destinations: [server(2, { weight: 5 }), server(3), server(10)] },
  { service: { ...http6, scheduler: 'rr' }, destinations: [server(4, { address: '2001:db8::4' })] },
  { service: names, destinations: [] },
]
const shown = `+ tcp/[2001:db8::100]:80  scheduler rr
  + [2001:db8::4]:80  forwarding direct, weight 1

~ tcp/192.0.2.100:80  scheduler rr -> wlc
  + 10.0.0.3:80  forwarding direct, weight 1
  ~ 10.0.0.2:80  weight 1 -> 5
  - 10.0.0.1:80  forwarding direct, weight 1

  udp/192.0.2.100:53
  - 10.0.0.1:53  forwarding direct, weight 1

`

t.test('changes are shown by service, counted in the last line, and pending: status 2', async (t) => {
  t.same(await plan(await kernelWith(present), wanted), {
    status: 2,
    stdout: `${shown}foreign, which --prune would remove:
  mark/7, 0 servers

3 to add, 2 to change, 2 to remove; 1 foreign service left alone
`,
    stderr: '',
  })
})

t.test('--prune removes what the file does not name, and counts the servers that go with it', async (t) => {
  const kernel = await kernelWith(present)
  t.same(await plan(kernel, [], ['--prune']), {
    status: 2,
    stdout: `- mark/7  scheduler rr

- tcp/192.0.2.100:80  scheduler rr
  - 10.0.0.10:80
  - 10.0.0.2:80
  - 10.0.0.1:80

- udp/192.0.2.100:53  scheduler wlc
  - 10.0.0.1:53

0 to add, 0 to change, 7 to remove
`,
    stderr: '',
  })
})

t.test('a terminal has colours, --color says otherwise', async (t) => {
  const kernel = await kernelWith(present)
  const coloured = (await plan(kernel, wanted, [], { tty: true })).stdout
  t.match(coloured, '\x1b[32m+ tcp/[2001:db8::100]:80  scheduler rr\x1b[39m\n')
  t.match(coloured, '\n  \x1b[33m~ 10.0.0.2:80  weight 1 -> 5\x1b[39m\n')
  t.match(coloured, '\n  \x1b[31m- 10.0.0.1:80  forwarding direct, weight 1\x1b[39m\n')
  const plain = (await plan(kernel, wanted)).stdout
  t.notMatch(plain, '\x1b')
  t.equal((await plan(kernel, wanted, ['--color', 'never'], { tty: true })).stdout, plain)
  t.equal((await plan(kernel, wanted, ['--color=always'])).stdout, coloured)
})

t.test('--json prints the plan', async (t) => {
  const kernel = await kernelWith(present)
  const { status, stdout } = await plan(kernel, wanted, ['--json'])
  t.equal(status, 2)
  const { changes, foreign } = JSON.parse(stdout) as { changes: { type: string }[]; foreign: unknown }
  t.same(
    changes.map(({ type }) => type),
    [
      'addService',
      'addDestination',
      'addDestination',
      'updateService',
      'updateDestination',
      'removeDestination',
      'removeDestination',
    ],
  )
  t.match(changes[4], { before: { weight: 1, stats: { total: { connections: '0' } } }, destination: { weight: 5 } })
  t.same(foreign, [{ service: mark }])
  const nothing = await plan(kernel, present, ['--json'])
  t.same([nothing.status, JSON.parse(nothing.stdout)], [0, { changes: [], foreign: [] }])
})

t.test('a save file makes the same plan', async (t) => {
  const rules = `-A -t 192.0.2.100:80 -s wlc
-a -t 192.0.2.100:80 -r 10.0.0.2:80 -g -w 5
-a -t 192.0.2.100:80 -r 10.0.0.3:80 -g -w 1
-a -t 192.0.2.100:80 -r 10.0.0.10:80 -g -w 1
-A -t [2001:db8::100]:80 -s rr
-a -t [2001:db8::100]:80 -r [2001:db8::4]:80 -g -w 1
-A -u 192.0.2.100:53 -s wlc
`
  const { stdout } = await run(makeWorld({ kernel: await kernelWith(present), stdin: rules }), 'plan', '-')
  t.ok(stdout.startsWith(shown), stdout)
})

t.test('what is wrong in the file is told with the name of the file and the path in it', async (t) => {
  const kernel = createTestKernel()
  const service = web
  const cases: readonly (readonly [wanted: unknown, message: string])[] = [
    [[null], 'desired[0]: expected an object, found null'],
    [[{ service }], 'desired[0].destinations: expected an array, found undefined'],
    [
      [{ service, destinations: [{ ...server(1), weight: -1 }] }],
      'desired[0].destinations[0].weight: expected an integer from 0 to 2147483647, found -1',
    ],
    [
      [
        { service, destinations: [] },
        { service, destinations: [] },
      ],
      "desired[1].service: expected each service once, found 'tcp 192.0.2.100:80'",
    ],
    [
      [{ service, destinations: [server(1), server(1)] }],
      "desired[0].destinations[1]: expected each destination once, found '10.0.0.1:80'",
    ],
    [
      [{ service: { ...service, port: 0 }, destinations: [] }],
      'desired tcp 192.0.2.100:0.port: expected 1 to 65535 (0, every port, needs persistence), found 0',
    ],
  ]
  for (const [wanted, message] of cases) {
    t.same(await plan(kernel, wanted), { status: 1, stdout: '', stderr: `ipvs: standard input: ${message}\n` })
  }
})

t.test('without a file it says so', async (t) => {
  t.match(await run(makeWorld(), 'plan'), { status: 64, stderr: /^ipvs: plan: expected FILE/ })
})

t.test('while the table changes all the time, one reading has to do, which it says', async (t) => {
  const kernel = new FakeKernel(schedulers)
  await fill(createIpvs(kernel.session()), present)
  let weight = 0
  const restless = changed(kernel, ({ command }, reply) => {
    if (command !== Command.getDest) return reply
    const of = (entry: (typeof reply.destinations)[number]) => ({ ...entry.destination, weight: ++weight })
    return { ...reply, destinations: reply.destinations.map((entry) => ({ ...entry, destination: of(entry) })) }
  })
  await t.rejects(restless.table({ exact: true }), { code: 'IPVS_INTERRUPTED' })
  const { status, stdout, stderr } = await plan({ open: () => restless, writes: 0 }, present)
  t.equal(status, 2)
  t.match(stdout, /weight \d+ -> 1\n/)
  t.equal(
    stderr,
    'ipvs: the table changes all the time; the plan is made from one reading, and may have missed something\n',
  )
})

/** A handle's kernel for a world. */
function kernelOf(kernel: FakeKernel): TestKernel {
  return { open: (): Ipvs => createIpvs(kernel.session()), writes: 0 }
}

const makers: readonly Command[] = [Command.newService, Command.setService, Command.newDest, Command.setDest]
const making = requests.filter(({ command }) => makers.includes(command))

t.test('whatever a kernel can hold: what `ipvs list --json` prints leaves nothing to do', async (t) => {
  let [servers, odd] = [0, 0]
  await fc.assert(
    fc.asyncProperty(fc.array(making, { minLength: 50, maxLength: 100, size: 'max' }), async (given) => {
      const fake = new FakeKernel(schedulers)
      for (const request of given) fake.answer(request)
      const kernel = kernelOf(fake)
      const { stdout: json } = await run(makeWorld({ kernel }), 'list', '--json')
      for (const options of [[], ['--prune']]) {
        const end = await run(makeWorld({ kernel, stdin: json }), 'plan', ...options, '-')
        assert.deepEqual(end, { status: 0, stdout: 'nothing to do\n', stderr: '' })
      }
      const table = await kernel.open().table()
      servers += table.flatMap(({ destinations }) => destinations).length
      // What the library would not make.
      const empty = await run(makeWorld({ stdin: json }), 'plan', '-')
      if (empty.status === 1) odd++
    }),
    { numRuns: 50 },
  )
  t.ok(servers > 100 && odd > 20, `${servers} servers, ${odd} odd tables`)
})
