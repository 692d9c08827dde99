import t from 'tap'
import { statusLines, statusText } from '../src/commands/status-text.js'
import type { ServerStatus, Status } from '../src/status-schema.js'
import { eventStatus, serverStatus, serviceStatus, statusOf } from './snapshots.js'

const server = (address: string, state: ServerStatus['state'], sinceMs?: number) =>
  serverStatus(`${address}:80`, { state, ...(sinceMs === undefined ? {} : { sinceMs }) })

const text = (...servers: readonly ServerStatus[]) => statusText(statusOf([serviceStatus(servers)]))

t.test('all that a snapshot has', async (t) => {
  const servers = [
    serverStatus('192.0.2.11:80', {
      name: 'web1',
      sinceMs: 3_600_000,
      active: 12,
      inactive: 3,
      connectionsPerSecond: 40.04,
      latencyMs: 0.61,
    }),
    serverStatus('192.0.2.12:80', {
      state: 'failed',
      sinceMs: 90_000,
      weight: undefined,
      reason: 'refused',
      detail: 'connect ECONNREFUSED',
      latencyMs: 0.4,
      lastTransition: { at: '2026-11-25T23:59:30.000Z', from: 'online', to: 'failed', reason: 'refused', detail: '' },
    }),
  ]
  const status = statusOf([serviceStatus(servers, { connectionsPerSecond: 40.04, persistenceSeconds: 300 })], {
    problems: ['the ledger cannot be written'],
    foreign: ['udp 192.0.2.1:53'],
    events: [
      eventStatus(1, {
        type: 'config',
        ok: true,
        service: undefined,
        server: undefined,
        from: undefined,
        to: undefined,
        reason: undefined,
        detail: 'the configuration holds',
      }),
      eventStatus(2, { at: '2026-11-26T00:00:30.000Z' }),
    ],
  })
  t.equal(
    statusText(status),
    `director1  alone  ipvs-failover 0.1.0, up for 1h
! the ledger cannot be written
tcp 192.0.2.100:80  wlc, direct, persistent 300s  1 of 2 online, 40/s
  192.0.2.11:80 (web1)  online for 1h                weight 1  12 active, 3 inactive  40/s  checked in 0.6ms
  192.0.2.12:80         failed for 1.5m, was online  out       0 active, 0 inactive         checked in 0.4ms  refused: connect ECONNREFUSED
not ours: udp 192.0.2.1:53
events
  1m ago   config                                      accepted          the configuration holds
  30s ago  server  tcp 192.0.2.100:80 > 192.0.2.12:80  online -> failed  refused: connect ECONNREFUSED
`,
  )
})

t.test('where other directors find something else', async (t) => {
  const found = (state: ServerStatus['state'], up: number, down: number) =>
    text(serverStatus('192.0.2.11:80', { state, others: { up, down } }))
  t.match(found('failed', 1, 1), /up for 1 of 2 others/)
  t.match(found('online', 1, 1), /down for 1 of 2 others/)
  t.notMatch(found('failed', 0, 2), /others/)
  t.notMatch(found('online', 2, 0), /others/)
})

t.test('what an operator has to see is said and coloured', async (t) => {
  const service = serviceStatus(
    [server('192.0.2.11', 'failed'), server('192.0.2.12', 'draining'), server('192.0.2.13', 'online')],
    {
      quorum: 2,
      short: true,
      present: false,
      vipHere: false,
      complete: false,
      announced: false,
    },
  )
  const lines = statusLines(
    statusOf([service], { problems: ['trouble'], events: [eventStatus(1), eventStatus(2, { ok: true })] }),
  )
  t.strictSame(
    lines.map(({ colour }) => colour),
    [undefined, 'red', 'red', 'red', 'yellow', undefined, undefined, 'red', undefined],
  )
  t.match(
    lines[2]?.text,
    / 1 of 3 online, BELOW QUORUM 2, some names or lists are not known yet, its address is not on this host, NOT ANNOUNCED, not in the kernel$/,
  )
})

t.test(
  'servers beside those of the configuration do not count: the sorry server, those that leave, and strangers',
  (t) => {
    const configured = [server('192.0.2.11', 'online'), server('192.0.2.12', 'failed')]
    const beside = (['sorry', 'leaving', 'foreign'] as const).map((state, i) => server(`192.0.2.2${i}`, state))
    t.match(text(...configured, ...beside), / 1 of 2 online\n/)
    t.end()
  },
)

t.test('a time has one unit and one place', (t) => {
  const times = { 400: '400ms', 1000: '1s', 31_480: '31.5s', 78_000: '1.3m', 212_481: '3.5m', 90_000_000: '25h' }
  for (const [ms, words] of Object.entries(times))
    t.match(text(server('192.0.2.11', 'failed', Number(ms))), ` failed for ${words} `)
  t.end()
})

t.test('the last ten events are shown, the newest last', async (t) => {
  const events = Array.from({ length: 12 }, (_, i) => eventStatus(i, { detail: `number ${i}` }))
  const shown = [...statusText(statusOf([], { events })).matchAll(/number (\d+)$/gm)].map(([, number]) =>
    Number(number),
  )
  t.strictSame(shown, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
})

t.test('where there is little room, servers that are online are counted, and what is wrong stays', async (t) => {
  const servers = Array.from({ length: 50 }, (_, i) => server(`192.0.2.${i}`, i === 40 ? 'failed' : 'online'))
  const status = statusOf([serviceStatus(servers)], { events: [eventStatus(1)] })
  t.equal(statusLines(status).length, 54)
  t.equal(statusLines(status, 54).length, 54)
  const full = statusLines(status, 53).map(({ text }) => text)
  t.equal(full.length, 53, 'what room there is, is used')
  t.equal(full.filter((text) => /^ {2}192\S+ +online /.test(text)).length, 47)
  t.ok(full.includes('  and 2 that are online'))
  t.match(
    statusLines(status, 5).map(({ text }) => text),
    [/^director1/, /49 of 50 online$/, /^ {2}192\.0\.2\.40:80 +failed/, '  and 49 that are online', 'events', /ago/],
  )
})

t.test('nothing that comes from elsewhere moves the cursor', async (t) => {
  const hostile = 'a\x1b[2J\r\nb\u2028c\u202ed\x9b'
  const lines = statusLines(
    statusOf(
      [
        serviceStatus([serverStatus(hostile, { name: hostile, reason: hostile, detail: hostile })], {
          service: hostile,
        }),
      ],
      {
        problems: [hostile],
        foreign: [hostile],
        events: [eventStatus(1, { detail: hostile })],
      },
    ),
  )
  t.equal(lines.length, 7)
  for (const { text } of lines) t.notMatch(text, /[\p{C}\p{Zl}\p{Zp}]/u)
})

t.test('beside another director: how fit it is, who has the VIPs, and which sync daemon runs', async (t) => {
  const status = statusOf([])
  const second = (about: Partial<Status['director']>) => {
    const [head, line] = statusLines({ ...status, director: { ...status.director, ...about } })
    t.match(head?.text, `director1  ${about.role}  ipvs-failover`)
    return line
  }
  t.strictSame(second({ role: 'master', standing: 'preferred', vipHolder: 'director1', syncDaemon: 'master' }), {
    text: '  preferred, the VIPs are at director1, sync daemon: master',
  })
  t.strictSame(second({ role: 'backup', standing: 'willing', standingReason: 'grace', vipHolder: '192.0.2.2' }), {
    text: '  willing (grace), the VIPs are at 192.0.2.2',
    colour: 'yellow',
  })
  t.strictSame(second({ role: 'fault', standing: 'sick', standingReason: 'EPERM', syncDaemon: 'none' }), {
    text: '  sick (EPERM), who has the VIPs is not known, sync daemon: none',
    colour: 'red',
  })
})
