import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { paintFor, type Paint } from '../../lib/command-line/style.js'
import { showChange } from '../../lib/cli/plan-words.js'
import { changesBetween } from '../../lib/diff.js'
import { createIpvs } from '../../lib/ipvs.js'
import { FakeKernel } from '../../lib/testing/fake-session.js'
import { schedulers } from '../../lib/types.js'
import type { Change, Destination, DestinationSpec, Service, ServiceSpec } from '../../lib/index.js'
import type { Request } from '../../lib/records.js'
import { requests } from '../requests.js'
import { dns, http, http6, mark, server } from '../tables.js'
import { makeWorld } from './io.js'

const plain: Paint = (_colour, text) => text
const web = { ...http, scheduler: 'wlc' } as const

/** What was read before a change, which has more to it. */
const asService = (service: ServiceSpec) => service as Service
const asServer = (destination: DestinationSpec): Destination =>
  ({ weight: 1, connections: { active: 0, inactive: 0, persistent: 0 }, ...destination }) as Destination

function updateService(before: ServiceSpec, service: ServiceSpec): Change {
  return { type: 'updateService', service, before: asService(before) }
}
function updateServer(before: DestinationSpec, destination: DestinationSpec): Change {
  return { type: 'updateDestination', of: http, destination, before: asServer(before) }
}

t.test('an addition shows what is not as usual; a server is named with its service', (t) => {
  const shown = (change: Change) => showChange(change, plain)
  t.same(shown({ type: 'addService', service: web }), ['+ tcp/192.0.2.100:80  scheduler wlc'])
  const persistence = { timeoutSeconds: 300, prefixLength: 24, engine: 'sip' }
  t.same(
    shown({
      type: 'addService',
      service: { ...dns, scheduler: 'sh', schedulerFlags: ['flag-1', 'flag-2'], onePacket: true, persistence },
    }),
    ['+ udp/192.0.2.100:53  scheduler sh, flags flag-1 flag-2 one-packet, persistence 300 s, netmask /24, engine sip'],
  )
  t.same(shown({ type: 'addDestination', of: mark, destination: server(1, { limits: { upper: 100 } }) }), [
    '+ 10.0.0.1:80 of mark/7  forwarding direct, weight 1, limits 100',
  ])
  t.same(shown({ type: 'addDestination', of: http6, destination: server(1, { forwarding: 'tunnel' }) }), [
    '+ 10.0.0.1:80 of tcp/[2001:db8::100]:80  forwarding tunnel ipip, weight 1',
  ])
  t.end()
})

t.test('a removal shows what is lost', (t) => {
  const before = asServer(server(1, { weight: 5 }))
  const remove = { type: 'removeDestination', of: http, destination: server(1) } as const
  t.same(showChange({ ...remove, before }, plain), ['- 10.0.0.1:80 of tcp/192.0.2.100:80  forwarding direct, weight 5'])
  const active = (active: number) => ({ ...before, connections: { active, inactive: 3, persistent: 0 } })
  t.match(showChange({ ...remove, before: active(1) }, plain), [/weight 5 {2}with 1 active connection$/])
  t.match(showChange({ ...remove, before: active(2) }, plain), [/weight 5 {2}with 2 active connections$/])
  const destinations = [server(1), server(2)]
  t.same(showChange({ type: 'removeService', service: http, before: asService(web), destinations }, plain), [
    '- tcp/192.0.2.100:80  scheduler wlc',
    '  - 10.0.0.1:80',
    '  - 10.0.0.2:80',
  ])
  t.end()
})

const gue = { forwarding: 'tunnel', encapsulation: { type: 'gue', port: 6080 } } as const
const differences: readonly (readonly [change: Change, words: string])[] = [
  [updateService(web, { ...web, scheduler: 'rr' }), 'scheduler wlc -> rr'],
  [updateService(web, { ...web, schedulerFlags: ['flag-1'] }), 'flags none -> flag-1'],
  [
    updateService({ ...web, schedulerFlags: ['flag-1', 'bit-9'] }, { ...web, schedulerFlags: ['bit-9'] }),
    'flags flag-1 bit-9 -> bit-9',
  ],
  [updateService(web, { ...web, onePacket: true }), 'flags none -> one-packet'],
  [updateService(web, { ...web, persistence: {} }), 'persistence none -> 360 s'],
  [
    updateService(web, { ...web, persistence: { timeoutSeconds: 300, netmask: '255.0.255.0' } }),
    'persistence none -> 300 s, netmask none -> 255.0.255.0',
  ],
  [
    updateService(
      { ...web, persistence: { timeoutSeconds: 300, prefixLength: 32 } },
      { ...web, persistence: { timeoutSeconds: 60, prefixLength: 24 } },
    ),
    'persistence 300 s -> 60 s, netmask none -> /24',
  ],
  [
    updateService(
      { ...http6, scheduler: 'rr', persistence: { prefixLength: 32 } },
      { ...http6, scheduler: 'rr', persistence: { prefixLength: 128 } },
    ),
    'netmask /32 -> none',
  ],
  [
    updateService(
      { firewallMark: 7, family: 'ipv6', scheduler: 'rr', persistence: { prefixLength: 128 } },
      { firewallMark: 7, family: 'ipv6', scheduler: 'rr', persistence: { prefixLength: 32 } },
    ),
    'netmask none -> /32',
  ],
  [updateService({ ...web, persistence: { engine: 'sip' } }, { ...web, persistence: {} }), 'engine sip -> none'],
  [updateServer(server(1), server(1, { weight: 5 })), 'weight 1 -> 5'],
  [updateServer(server(1), server(1, { forwarding: 'masquerade' })), 'forwarding direct -> masquerade'],
  [
    updateServer(server(1, { limits: { upper: 100 } }), server(1, { limits: { upper: 100, lower: 50 } })),
    'limits 100 -> 50 to 100',
  ],
  [updateServer(server(1, { limits: { upper: 100 } }), server(1)), 'limits 100 -> none'],
  [updateServer(server(1), server(1, gue)), 'forwarding direct -> tunnel gue port 6080'],
  [updateServer(server(1, { forwarding: 'tunnel' }), server(1, gue)), 'forwarding tunnel ipip -> tunnel gue port 6080'],
  [
    updateServer(
      server(1, gue),
      server(1, { forwarding: 'tunnel', encapsulation: { type: 'gue', port: 6081, checksum: 'full' } }),
    ),
    'forwarding tunnel gue port 6080 -> tunnel gue port 6081 checksum full',
  ],
  [
    updateServer(
      server(1, { forwarding: 'tunnel', encapsulation: { type: 'type-9', port: 5, checksum: 'flags-7' } }),
      server(1, { forwarding: 'tunnel', weight: 2 }),
    ),
    'forwarding tunnel type-9 port 5 checksum flags-7 -> tunnel ipip, weight 1 -> 2',
  ],
]

t.test('a change of settings shows the old and the new value of each that changes, and of no other', (t) => {
  for (const [change, words] of differences) t.equal(showChange(change, plain)[0]?.split('  ')[1], words)
  t.end()
})

t.test('green is added, yellow changed, red removed', (t) => {
  const paint = paintFor(makeWorld().io, 'always')
  const codes = { green: '\x1b[32m', yellow: '\x1b[33m', red: '\x1b[31m' } as const
  const painted = (colour: keyof typeof codes, change: Change) =>
    t.same(
      showChange(change, paint),
      showChange(change, plain).map((line) => `${codes[colour]}${line}\x1b[39m`),
    )
  painted('green', { type: 'addService', service: web })
  painted('yellow', updateServer(server(1), server(1, { weight: 5 })))
  painted('red', { type: 'removeService', service: http, before: asService(web), destinations: [server(1)] })
  t.end()
})

/** The table after these requests, whatever a kernel lets into it. */
async function tableAfter(given: readonly Request[]) {
  const kernel = new FakeKernel(schedulers)
  for (const request of given) kernel.answer(request)
  return createIpvs(kernel.session()).table()
}

t.test('whatever changes between two tables that a kernel can hold, each change shows a difference', async (t) => {
  let updates = 0
  const some = fc.array(requests, { minLength: 40, maxLength: 80, size: 'max' })
  await fc.assert(
    fc.asyncProperty(some, some, async (one, other) => {
      for (const change of changesBetween(await tableAfter(one), await tableAfter(other))) {
        const [line = ''] = showChange(change, plain)
        if (!change.type.startsWith('update')) continue
        updates++
        const [, words = ''] = line.split('  ')
        assert.notEqual(words, '', line)
        for (const word of words.split(', ')) {
          const [, before, after] = /^(?:\w+) (.+) -> (.+)$/.exec(word) ?? []
          assert.ok(before !== undefined && before !== after, line)
        }
      }
    }),
    { numRuns: 60 },
  )
  t.ok(updates > 30, `${updates} changes of settings`)
})
