import t from 'tap'
import type { ServerEvent } from '../src/events.js'
import { EventStatus } from '../src/status-schema.js'
import { Timeline } from '../src/timeline.js'

const transition = (from: ServerEvent['from'], to: ServerEvent['to'], at = 0): ServerEvent => ({
  type: 'server',
  at,
  service: 'tcp 192.0.2.100:80',
  server: '192.0.2.11:80',
  from,
  to,
  reason: to === 'failed' ? 'refused' : '',
  detail: '',
})
const name = 'tcp 192.0.2.100:80 > 192.0.2.11:80'

t.test('transitions are told, and the last one is remembered', (t) => {
  const timeline = new Timeline()
  timeline.note(transition('online', 'failed', 1000))
  timeline.note(transition('failed', 'online', 2000))
  t.match(timeline.events, [
    {
      id: 1,
      at: '1970-01-01T00:00:01.000Z',
      type: 'server',
      ok: false,
      from: 'online',
      to: 'failed',
      reason: 'refused',
    },
    { id: 2, at: '1970-01-01T00:00:02.000Z', type: 'server', ok: true, from: 'failed', to: 'online' },
  ])
  for (const event of timeline.events) t.strictSame(EventStatus.parse(event), event, 'as the schema says')
  t.match(timeline.lastTransition(name), { from: 'failed', to: 'online', at: '1970-01-01T00:00:02.000Z' })
  t.equal(timeline.lastTransition('another'), undefined)
  t.end()
})

t.test('what is no news is not told', (t) => {
  const timeline = new Timeline()
  timeline.note(transition('unknown', 'online'))
  timeline.note(transition('failed', 'failed'))
  t.strictSame(timeline.events, [], 'healthy at the start; another failure of the same outage')
  t.match(timeline.lastTransition(name), { from: 'unknown', to: 'online' })
  timeline.note(transition('unknown', 'failed'))
  t.equal(timeline.events.length, 1)
  t.end()
})

t.test('a hundred events are kept, their numbers go on', (t) => {
  const timeline = new Timeline()
  for (let i = 0; i < 250; i++) timeline.note(transition('online', 'failed'))
  t.equal(timeline.events.length, 100)
  t.equal(timeline.events[0]?.id, 151)
  t.end()
})

t.test('a configuration that was refused is a problem until one holds', (t) => {
  const timeline = new Timeline()
  const config = (ok: boolean) => ({ type: 'config', at: 0, ok, detail: 'failover.yaml:3:5: …' }) as const
  timeline.note(config(false))
  t.match(timeline.problems, [/refused.*failover\.yaml:3:5/])
  timeline.note(config(true))
  t.strictSame(timeline.problems, [])
  t.equal(timeline.events.length, 2)
  t.end()
})

t.test('servers that are configured no more are forgotten', (t) => {
  const timeline = new Timeline()
  timeline.note(transition('online', 'failed'))
  timeline.prune(new Set([name]))
  t.ok(timeline.lastTransition(name))
  timeline.prune(new Set())
  t.equal(timeline.lastTransition(name), undefined)
  t.end()
})
