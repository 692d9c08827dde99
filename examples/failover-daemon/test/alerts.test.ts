import t from 'tap'
import { openAlerts } from '../src/alerts/alerts.js'
import type { Alert } from '../src/alerts/events.js'
import { openHooks } from '../src/alerts/hooks.js'
import { Alerts, Hooks } from '../src/alerts/schema.js'
import type { AlertRule } from '../src/alerts/schema.js'
import { composeMail } from '../src/alerts/sinks.js'
import type { ServerEvent } from '../src/events.js'
import { ConfigError } from '../src/parse-config.js'
import { parseConfig } from './judged-config.js'
import { recordingLog } from './recording-log.js'

const rules = (...items: object[]): AlertRule[] => Alerts.parse(items)
const syslog = { syslog: {} }

function event(to: ServerEvent['to'], more: Partial<ServerEvent> = {}): ServerEvent {
  const service = 'tcp 192.0.2.100:80'
  const from = to === 'online' ? 'failed' : 'online'
  return { type: 'server', at: 0, service, server: '192.0.2.12:80', from, to, reason: 'refused', detail: 'x', ...more }
}

/** A clock that moves when it is told to. */
function fakeClock() {
  let now = 0
  let timers: { at: number; call: () => void }[] = []
  return {
    now: () => now,
    after: (ms: number, call: () => void) => {
      const timer = { at: now + ms, call }
      timers.push(timer)
      return () => void (timers = timers.filter((other) => other !== timer))
    },
    async pass(ms: number) {
      now += ms
      const due = timers.filter(({ at }) => at <= now)
      timers = timers.filter(({ at }) => at > now)
      for (const { call } of due) call()
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

function recorded(items: AlertRule[], send: (alerts: readonly Alert[]) => Promise<void> = () => Promise.resolve()) {
  const batches: (readonly Alert[])[] = []
  const droppedCounts: number[] = []
  const clock = fakeClock()
  const log = recordingLog()
  const alerts = openAlerts(items, {
    log,
    clock,
    zone: 'UTC',
    openSink: () => ({
      ...{ name: 'sink', digestMs: 30_000, batch: 1000, retries: true },
      send: (batch, dropped) => {
        batches.push(batch)
        droppedCounts.push(dropped)
        return send(batch)
      },
    }),
  })
  return { alerts, batches, droppedCounts, clock, log }
}

t.test('a storm of 1,000 events is one digest, and one mail', async (t) => {
  const { alerts, batches, clock } = recorded(rules(syslog))
  for (let i = 0; i < 1000; i++) alerts.notify(event('failed', { server: `192.0.2.12:${i}` }))
  await clock.pass(29_999)
  t.equal(batches.length, 0)
  await clock.pass(1)
  t.equal(batches.length, 1)
  const { subject, text } = composeMail(batches[0] ?? [], 0)
  t.match(subject, /^ALERT ipvs-failover: 1000 down, 0 up \(/)
  t.equal(text.split('\n').length, 1001)
})

t.test('a sink that hangs delays nobody: the newest 1,000 wait, the rest is counted', async (t) => {
  let release = () => {}
  const { alerts, batches, droppedCounts, clock } = recorded(
    rules(syslog),
    () => new Promise<void>((resolve) => (release = resolve)),
  )
  alerts.notify(event('failed'))
  await clock.pass(30_000)
  const before = performance.now()
  for (let i = 0; i < 5000; i++) alerts.notify(event('failed', { server: `192.0.2.12:${i}` }))
  t.ok(performance.now() - before < 1000)
  t.equal(batches.length, 1)
  await alerts.close(20)
  release()
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(batches[1]?.length, 1000)
  t.equal(droppedCounts[1], 4000)
  t.match(batches[1]?.at(-1)?.summary, /:4999 is failed/)
  release()
})

t.test('a sink that fails is one line in the log until it works, and loses nothing', async (t) => {
  let works = false
  const { alerts, batches, clock, log } = recorded(rules(syslog), () =>
    works ? Promise.resolve() : Promise.reject(new Error('wrong password')),
  )
  alerts.notify(event('failed'))
  for (let i = 0; i < 10; i++) await clock.pass(300_000)
  t.match(log.lines, [{ level: 'error', message: 'sink failed', fields: { error: 'wrong password' } }])
  t.equal(log.lines.length, 1)
  works = true
  await clock.pass(300_000)
  t.match(log.lines[1], { message: 'sink works again' })
  t.equal(batches.at(-1)?.length, 1)
})

t.test('filters, limits and period of a rule', async (t) => {
  const rule = { ...syslog, services: ['192.0.2.100:80'], numalerts: 1, alertafter: '2', period: 'hr {9-16}' }
  const { alerts, batches, clock } = recorded(rules(rule))
  const at = Date.UTC(2026, 10, 26, 10)
  alerts.notify(event('failed', { at, service: 'udp 192.0.2.200:53' }))
  for (let i = 0; i < 4; i++) alerts.notify(event('offline', { at: at + i }))
  alerts.notify(event('draining', { at: at + 4 }))
  alerts.notify({ type: 'config', at, ok: false, detail: 'not asked for' })
  alerts.notify(event('online', { at: at + 5, reason: '' }))
  alerts.notify(event('online', { at: at + 6 }))
  await clock.pass(30_000)
  const [down, up, ...more] = batches[0] ?? []
  t.match(down, { kind: 'down', at: at + 1, group: '192.0.2.100:80', service: 'tcp', hosts: ['192.0.2.12:80'] })
  t.match(up, { kind: 'up', summary: '192.0.2.12:80 is online', output: '192.0.2.12:80 is offline: refused\nx' })
  t.match(up, { firstFailure: at, lastFailure: at + 3 })
  t.strictSame(more, [])
})

t.test('a reload keeps the counts of a rule that stays', async (t) => {
  const mine = { ...syslog, numalerts: 1 }
  const { alerts, batches, clock } = recorded(rules(mine))
  alerts.notify(event('failed'))
  await clock.pass(30_000)
  alerts.reload(rules({ ...syslog, events: ['quorum'] }, mine))
  alerts.notify(event('failed'))
  alerts.notify({ type: 'quorum', at: 1, ok: false, service: 'tcp 192.0.2.100:80', detail: '1 of 2' })
  await clock.pass(30_000)
  t.strictSame(
    batches.flat().map(({ summary }) => summary),
    ['192.0.2.12:80 is failed: refused', 'quorum failed: 1 of 2'],
  )
})

t.test('text of a server makes no header and no second line', async (t) => {
  const { alerts, batches, clock } = recorded(rules(syslog))
  alerts.notify(event('failed', { name: 'web\r\nBcc: x@y', reason: 'a\u2028b\0', detail: 'one\ntwo\x1b[2J' }))
  await clock.pass(30_000)
  const { subject } = composeMail(batches[0] ?? [], 0)
  t.match(
    subject,
    /^ALERT 192\.0\.2\.100:80\/tcp: web Bcc: x@y \(192\.0\.2\.12:80\) is failed: a b {2}\(\w+ \w+ \d+ \S+\)$/,
  )
  t.match(batches[0]?.[0]?.detail, /^one\ntwo \[2J$/)
})

t.test('hooks of one server run one after the other, of others beside it, four at most', async (t) => {
  const started: string[] = []
  const ends: (() => void)[] = []
  const run = (argv: readonly string[]) => {
    started.push(argv.slice(1).join(' '))
    return new Promise<{ status: number; signal: undefined; timedOut: false; output: '' }>((resolve) =>
      ends.push(() => resolve({ status: 1, signal: undefined, timedOut: false, output: '' })),
    )
  }
  const log = recordingLog()
  const hooks = openHooks(Hooks.parse([{ on: ['up', 'failed'], command: ['/vip', '{address}', '{to}'] }]), log, run)
  hooks.notify(event('failed'))
  hooks.notify(event('online'))
  hooks.notify(event('online', { from: 'online' }))
  for (let i = 0; i < 6; i++) hooks.notify(event('failed', { server: `[2001:db8::${i}]:80` }))
  t.strictSame(started, ['192.0.2.12 failed', ...[0, 1, 2].map((i) => `2001:db8::${i} failed`)])
  ends[0]?.()
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(started[4], '192.0.2.12 online')
  t.match(log.lines, [{ level: 'error', message: 'a hook failed', fields: { error: 'exit status 1' } }])
  await hooks.close(10)
})

/** What parseConfig() says of a file with that beside its services. */
function mistakes(part: object): string {
  const check = { type: 'tcp' }
  const services = [{ virtual: '192.0.2.1:80', forwarding: 'direct', servers: ['192.0.2.2'], check }]
  try {
    parseConfig(JSON.stringify({ ...part, services }), 'f.yaml')
    return ''
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
}

t.test('what is wrong in a rule is told', async (t) => {
  for (const [rule, words] of [
    [{}, 'exactly one of'],
    [{ ...syslog, webhook: { url: 'https://x' } }, 'exactly one of'],
    [{ ...syslog, period: 'hr {25}' }, "Mon's notation"],
    [{ ...syslog, alertafter: 'often' }, 'alertafter'],
    [{ ...syslog, alertevery: '1h sometimes' }, 'alertevery'],
    [{ webhook: { url: 'file:///etc/passwd' } }, 'http or https'],
    [{ mail: { to: ['a@b\nBcc: c@d'], from: 'a@b', server: 'smtp://x' } }, 'mail address'],
    [{ mail: { to: ['a@b'], from: 'a@b', server: 'smtp://x:secret@y' } }, 'without password'],
    [{ mail: { to: ['a@b'], from: 'a@b', server: 'smtp://x', passwordFile: '/etc/hostname' } }, 'mode 0600'],
    [{ exec: { command: 'mail.alert' } }, 'absolute path'],
  ] as const)
    t.match(mistakes({ alerts: [rule] }), words)
  t.match(mistakes({ hooks: [{ on: 'up', command: ['/x', '--to={address}'] }] }), 'in braces only')
  t.match(mistakes({ hooks: [{ on: 'up', command: ['x'] }] }), 'an absolute path')
  t.equal(mistakes({ alerts: [syslog], hooks: [{ on: ['up', 'failed'], command: ['/x', '{to}'] }] }), '')
})
