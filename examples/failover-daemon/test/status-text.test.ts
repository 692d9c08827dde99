import t from 'tap'
import { statusText } from '../src/commands/status-text.js'
import type { ServerStatus } from '../src/status.js'

const server = (address: string, state: ServerStatus['state'], sinceMs?: number): ServerStatus => ({
  server: `${address}:80`,
  name: undefined,
  state,
  sinceMs,
  reason: undefined,
  detail: undefined,
  weight: 1,
  configuredWeight: 1,
  active: 0,
  inactive: 0,
  persistent: 0,
})

const text = (...servers: readonly ServerStatus[]) =>
  statusText({
    version: 1,
    time: '2026-11-26T00:00:00.000Z',
    problems: [],
    foreign: [],
    services: [
      {
        service: 'tcp 192.0.2.100:80',
        scheduler: 'rr',
        forwarding: 'direct',
        persistenceSeconds: undefined,
        present: true,
        online: 1,
        quorum: 1,
        short: false,
        complete: true,
        servers,
      },
    ],
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
