import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import t from 'tap'
import { jsonSchemaText, statusSchema } from '../src/options/json-schema.js'
import { statusPage } from '../src/options/status-page.js'
import { Status } from '../src/status-schema.js'
import { eventStatus, serverStatus, serviceStatus, statusOf } from './snapshots.js'

const read = (name: string) => readFileSync(`examples/failover-daemon/${name}`, 'utf8')

const snapshot = statusOf(
  [
    serviceStatus([
      serverStatus('192.0.2.11:80', { history: [1, 2.5], connectionsPerSecond: 2.5, latencyMs: 0.4 }),
      serverStatus('192.0.2.12:80', {
        state: 'failed',
        lastTransition: { at: '2026-11-26T00:00:00.000Z', from: 'online', to: 'failed', reason: 'refused', detail: '' },
      }),
    ]),
  ],
  { events: [eventStatus(1)], problems: ['one'], foreign: ['udp 192.0.2.1:53'] },
)

t.test('docs/status.md and status.schema.json are what the schema makes: npm run options', async (t) => {
  t.equal(read('docs/status.md'), statusPage())
  t.equal(read('status.schema.json'), jsonSchemaText(statusSchema()))
})

t.test(
  'status.schema.json takes a snapshot, also one of a later version with more fields, and no other document',
  async (t) => {
    const ajv = new Ajv({ formats: { 'date-time': (text: string) => !Number.isNaN(Date.parse(text)) } })
    const takes = ajv.compile(statusSchema())
    t.ok(Status.safeParse(snapshot).success)
    t.ok(takes(snapshot), ajv.errorsText(takes.errors))
    t.ok(takes({ ...snapshot, later: 1, services: snapshot.services.map((service) => ({ ...service, later: 1 })) }))
    for (const wrong of [
      { ...snapshot, version: 2 },
      { ...snapshot, time: 'now' },
      { ...snapshot, services: [{ ...snapshot.services[0], online: -1 }] },
      { ...snapshot, events: [{ ...eventStatus(1), type: 'fire' }] },
      { ...snapshot, director: undefined },
      {},
    ])
      t.notOk(takes(wrong), JSON.stringify(wrong).slice(0, 60))
  },
)

t.test('the page has every field of a snapshot, by its path', async (t) => {
  const paths = (value: unknown, path: string): readonly string[] => {
    if (Array.isArray(value)) return value.flatMap((item) => paths(item, `${path}[]`))
    if (typeof value !== 'object' || value === null) return []
    return Object.entries(value).flatMap(([name, inner]) => {
      const at = path === '' ? name : `${path}.${name}`
      return [at, ...paths(inner, at)]
    })
  }
  const shown = new Set(
    [...statusPage().matchAll(/^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \| (.+) \|$/gm)].map(([, path]) => path),
  )
  const found = new Set(paths(snapshot, ''))
  t.ok(found.size > 40)
  for (const path of found) t.ok(shown.has(path), path)
})
