import t from 'tap'
import { basicOf, bearerOf, refusalOf } from '../src/web/gate.js'
import type { Asked, Rules } from '../src/web/gate.js'

const asked = (more: Partial<Asked> = {}): Asked => ({
  method: 'GET',
  path: '/',
  host: 'localhost:9780',
  localAddress: '127.0.0.1',
  origin: undefined,
  site: undefined,
  mode: undefined,
  authorization: undefined,
  ...more,
})
const open: Rules = { hosts: new Set(['localhost', 'lb1.example.net']) }
const closed: Rules = { ...open, credentials: { basic: basicOf('ops', 'söcret'), bearer: bearerOf('t0ken') } }
const statusOf = (more: Partial<Asked>, rules = open) => refusalOf(asked(more), rules)?.status

t.test('reading is all that there is', (t) => {
  for (const method of ['GET', 'HEAD']) t.equal(statusOf({ method }), undefined, method)
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'QUERY'])
    t.match(refusalOf(asked({ method }), open), { status: 405, headers: { allow: 'GET, HEAD' } }, method)
  t.end()
})

t.test('it is asked by a name that it knows, or by the address that was connected to', (t) => {
  for (const host of ['localhost', 'LOCALHOST:9780', 'lb1.example.net', 'lb1.example.net:443', '127.0.0.1:9780'])
    t.equal(statusOf({ host }), undefined, host)
  t.equal(statusOf({ host: '[::1]:9780', localAddress: '::1' }), undefined, 'IPv6')
  t.equal(statusOf({ host: '192.0.2.1', localAddress: '::ffff:192.0.2.1' }), undefined, 'IPv4 at a socket of IPv6')
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.2',
    '[::1]',
    '',
    'localhost:x',
    'a b',
    undefined,
  ])
    t.equal(statusOf({ host }), 421, String(host))
  t.equal(statusOf({ host: '127.0.0.1', localAddress: undefined }), 421, 'a Unix socket has no address')
  t.end()
})

t.test('no other page may read, but any may lead here', (t) => {
  t.equal(statusOf({ origin: 'http://evil.example' }), 403)
  t.equal(statusOf({ origin: 'null' }), 403)
  t.equal(statusOf({ site: 'cross-site', mode: 'cors' }), 403)
  t.equal(statusOf({ site: 'cross-site', mode: 'no-cors' }), 403)
  t.equal(statusOf({ site: 'cross-site', mode: 'navigate' }), undefined)
  t.equal(statusOf({ origin: 'http://localhost:9780', site: 'same-origin' }), undefined)
  t.end()
})

t.test('with a password, only who has it comes in', (t) => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
  t.equal(statusOf({ authorization: basic('ops:söcret') }, closed), undefined)
  t.match(refusalOf(asked(), closed), { status: 401, wrongPassword: false, headers: { 'www-authenticate': /^Basic / } })
  for (const authorization of [basic('ops:other'), basic('op:ssöcret'), basic('ops:'), 'Basic', 'Basic !', ''])
    t.match(refusalOf(asked({ authorization }), closed), { status: 401, wrongPassword: true }, authorization)
  t.end()
})

t.test("a program's token opens what programs read, and nothing else", (t) => {
  const authorization = 'Bearer t0ken'
  for (const path of ['/metrics', '/status.json', '/healthz']) {
    t.equal(statusOf({ path, authorization }, closed), undefined, path)
    t.equal(statusOf({ path, authorization: 'Bearer t0ke' }, closed), 401, path)
    t.match(refusalOf(asked({ path }), closed)?.headers?.['www-authenticate'], /Bearer/, path)
  }
  for (const path of ['/', '/events', '/page/page.js']) t.equal(statusOf({ path, authorization }, closed), 401, path)
  t.end()
})

t.test('a refusal repeats nothing of the request', (t) => {
  for (const host of ['<svg>', 'x'.repeat(5000)])
    t.notMatch(JSON.stringify(refusalOf(asked({ host, path: host, authorization: host }), closed)), host)
  t.end()
})
