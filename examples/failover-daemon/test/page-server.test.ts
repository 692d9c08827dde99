/** The page's server by real connections. */
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import { request as requestSecure } from 'node:https'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import type { Test } from 'tap'
import { serverCert, serverKey } from '../../../test/health/certificates.js'
import type { Status } from '../src/status.js'
import { Page } from '../src/web/page.js'
import type { PageConfig } from '../src/web/schema.js'
import type { Shown } from '../src/web/answers.js'
import { directorBench } from './director-bench.js'
import { recordingLog } from './recording-log.js'
import { config as directed } from './tables.js'

/** Of a real director. */
const bench = directorBench()
const run = await bench.start(directed(['192.0.2.11', '192.0.2.12']))
await run.find('up', '192.0.2.11:80', '192.0.2.12:80')
t.teardown(() => run.stop())

interface Asking extends RequestOptions {
  /** @default as the page is */
  readonly plain?: boolean
}

/** The path of a socket has to be short. */
function shortFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'page-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

/** A page that listens at a path, or where the configuration says. */
async function openPage(t: Test, config: Partial<PageConfig> = {}, shown: Partial<Shown> = {}) {
  const path = join(shortFolder(t), 'page.sock')
  const log = recordingLog()
  const page = new Page(
    {
      status: () => run.director.status(),
      samples: () => 0,
      metrics: () => Promise.resolve({ type: 'text/plain; version=0.0.4', text: 'up 1\n' }),
      ailments: () => [],
      ...shown,
    },
    log,
  )
  const settings = { listen: { path }, hosts: [], behindProxy: false, ...config }
  await page.configure(settings)
  t.teardown(() => page.close())
  const ask = (path: string, { plain = settings.tls === undefined, ...options }: Asking = {}): ClientRequest =>
    (plain ? request : requestSecure)({
      rejectUnauthorized: false,
      ...(settings.listen.path === undefined ? settings.listen : { socketPath: settings.listen.path }),
      path,
      agent: false,
      ...options,
      headers: { host: 'localhost', ...options.headers },
    })
  return {
    page,
    log,
    path,
    settings,
    get: async (path: string, options?: Asking) => {
      const asked = ask(path, options)
      asked.end()
      const [response] = (await once(asked, 'response')) as [IncomingMessage]
      const text = Buffer.concat(await response.toArray()).toString()
      return { status: response.statusCode, headers: response.headers, text }
    },
    /** Watches, until the test ends. */
    watch: async () => {
      const asked = ask('/events')
      asked.end()
      const [response] = (await once(asked, 'response')) as [IncomingMessage]
      t.teardown(() => response.destroy())
      // Being cut off is an error to Node.js.
      response.on('error', () => {})
      const closed = new Promise((resolve) => response.once('close', resolve))
      return { response, closed, next: eventsOf(response) }
    },
  }
}

/** Gives one event after another. */
function eventsOf(response: IncomingMessage) {
  const lines = response.setEncoding('utf8')[Symbol.asyncIterator]()
  let text = ''
  return async () => {
    for (;;) {
      const end = text.indexOf('\n\n')
      if (end >= 0) {
        const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(text.slice(0, end)) ?? []
        text = text.slice(end + 2)
        return { event, data: JSON.parse(data ?? 'null') as Record<string, unknown> }
      }
      const { value, done } = (await lines.next()) as IteratorResult<string, undefined>
      if (done === true) throw new Error('the events ended')
      text += value
    }
  }
}

t.test('it gives the page and its files, the snapshot, metrics and health, each with its type', async (t) => {
  const { get } = await openPage(t)
  const types = {
    '/': 'text/html; charset=utf-8',
    '/page/page.css': 'text/css; charset=utf-8',
    '/page/icon.svg': 'image/svg+xml',
    '/status.json': 'application/json; charset=utf-8',
    '/metrics': 'text/plain; version=0.0.4',
    '/healthz': 'application/json; charset=utf-8',
  }
  for (const [path, type] of Object.entries(types)) {
    const { status, headers, text } = await get(path)
    t.match({ status, type: headers['content-type'] }, { status: 200, type }, path)
    t.equal(headers['content-length'], String(Buffer.byteLength(text)), path)
    const head = await get(path, { method: 'HEAD' })
    t.match(head, { status: 200, text: '', headers: { 'content-type': type } }, `HEAD ${path}`)
  }
  const { text } = await get('/status.json?x=1')
  t.match(JSON.parse(text), { version: 1, services: [{ service: 'tcp 192.0.2.100:80', online: 2 }] })
})

t.test('every answer forbids what the page does not need', async (t) => {
  const { get } = await openPage(t)
  for (const path of ['/', '/status.json', '/nothing', '/page/page.css']) {
    const { headers } = await get(path)
    t.match(headers['content-security-policy'], /^default-src 'none'; script-src 'self'/, path)
    t.notMatch(headers['content-security-policy'], /unsafe/)
    t.match(headers, { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
    t.notOk(headers['access-control-allow-origin'], 'no other page may read')
    t.notOk(headers['set-cookie'])
  }
  t.match((await get('/status.json')).headers, { 'cache-control': 'no-store' })
})

t.test('there is nothing else', async (t) => {
  const { get } = await openPage(t)
  for (const path of [
    '/nothing',
    '/page/',
    '/page/../package.json',
    '/page/%2e%2e/package.json',
    '/index.html',
    '//',
    '/constructor',
  ])
    t.match(await get(path), { status: 404, text: 'there is nothing here\n' }, path)
  t.match(await get('/', { method: 'POST' }), { status: 405 })
  t.match(await get('/', { headers: { host: 'evil.example' } }), { status: 421 })
  t.match(await get('/', { headers: { 'x-long': 'x'.repeat(10_000) } }), { status: 431 })
})

t.test('health is told by status, too', async (t) => {
  const { get } = await openPage(t, {}, { ailments: () => ['the table was not read for 20 s'] })
  const { status, text } = await get('/healthz')
  t.equal(status, 503)
  t.strictSame(JSON.parse(text), { ok: false, problems: ['the table was not read for 20 s'] })
})

t.test('who asks at the same time gets the same snapshot', async (t) => {
  let made = 0
  const { get } = await openPage(
    t,
    {},
    {
      status() {
        made++
        return run.director.status()
      },
    },
  )
  await Promise.all(Array.from({ length: 20 }, () => get('/status.json')))
  t.equal(made, 1)
})

t.test('what fails in it is told to the log, not to whoever asked, and stops nothing', async (t) => {
  let broken = true
  const metrics = () =>
    broken ? Promise.reject(new Error('inner secret')) : Promise.resolve({ type: 'text/plain', text: '' })
  const { get, log } = await openPage(t, {}, { metrics })
  t.match(await get('/metrics'), { status: 500, text: /^(?!.*secret)/ })
  t.match(log.lines.at(-1), {
    level: 'error',
    message: 'answering at /metrics failed',
    fields: { error: /inner secret/ },
  })
  t.match(await get('/healthz'), { status: 200 })
  broken = false
  // For a second, others get the same answer.
  while ((await get('/metrics')).status !== 200);
  t.match(log.lines.at(-1), { level: 'info', message: 'answering at /metrics works again' })
})

t.test('who watches gets the snapshot, and then each change as it comes', async (t) => {
  const { page, watch } = await openPage(t)
  const { next } = await watch()
  const first = await next()
  t.match(first, { event: 'status', data: { version: 1, services: [{ online: 2 }] } })
  await run.find('down', '192.0.2.12:80')
  page.changed()
  t.match(await next(), { event: 'change', data: { servers: [{ server: '192.0.2.12:80', state: 'failed' }] } })
  const late = await (await watch()).next()
  t.match(late, { event: 'status', data: { services: [{ online: 1 }] } }, 'who comes later begins with what is now')
  await run.find('up', '192.0.2.12:80')
  page.changed()
  t.match(await next(), { event: 'change', data: { servers: [{ state: 'online' }] } }, 'those who were there hear, too')
})

t.test('nothing is told when nothing is new', async (t) => {
  let looked = 0
  const status = () => {
    looked++
    return run.director.status()
  }
  const { page, watch } = await openPage(t, {}, { status })
  const { next } = await watch()
  await next()
  page.changed()
  t.equal(looked, 1, 'who tells is not kept waiting')
  while (looked < 2) await setImmediate()
  await run.find('down', '192.0.2.12:80')
  page.changed()
  t.match(await next(), { event: 'change', data: { events: [{ to: 'failed' }] } }, 'the first event is about this')
  await run.find('up', '192.0.2.12:80')
})

t.test('who does not read is sent away, and costs the others nothing', async (t) => {
  const big = { ...run.director.status(), problems: ['x'.repeat(1 << 20)] }
  let n = 0
  // Each look is another snapshot as a whole.
  const status = (): Status => ({ ...big, director: { ...big.director, host: String(n++) } })
  const { page, watch } = await openPage(t, {}, { status })
  const slow = await watch()
  slow.response.pause()
  const reader = await watch()
  for (let i = 0; i < 12; i++) {
    t.equal((await reader.next()).event, 'status')
    page.changed()
  }
  slow.response.resume()
  await slow.closed
  t.notOk(slow.response.complete, 'in the middle')
  t.equal((await reader.next()).event, 'status')
})

t.test('with a password: who has none, a wrong one, the right one; a token for programs', async (t) => {
  const folder = t.testdir({ password: 'söcret\n', token: 't0ken\n' })
  const auth = { user: 'ops', passwordFile: join(folder, 'password'), tokenFile: join(folder, 'token') }
  for (const file of [auth.passwordFile, auth.tokenFile]) chmodSync(file, 0o600)
  const { get, log } = await openPage(t, { auth })
  const by = (authorization: string) => ({ headers: { authorization } })
  const basic = (text: string) => by(`Basic ${Buffer.from(text).toString('base64')}`)
  t.match(await get('/'), { status: 401, headers: { 'www-authenticate': /^Basic realm=/ } })
  t.match(await get('/', basic('ops:söcret')), { status: 200 })
  t.match(await get('/metrics', by('Bearer t0ken')), { status: 200 })
  t.match(await get('/', by('Bearer t0ken')), { status: 401 })
  const before = performance.now()
  t.match(await get('/', basic('ops:guess')), { status: 401 })
  t.ok(performance.now() - before >= 990, 'guessing takes time')
  t.ok(log.lines.some(({ message }) => message.includes('wrong password')))
  t.notMatch(JSON.stringify(log.lines), /guess|söcret/)
})

t.test('who guesses on is not heard any more', async (t) => {
  const folder = t.testdir({ password: 'secret' })
  const passwordFile = join(folder, 'password')
  chmodSync(passwordFile, 0o600)
  const { get, log } = await openPage(t, { auth: { user: 'ops', passwordFile, tokenFile: undefined } })
  const guess = () => get('/', { headers: { authorization: 'Basic x' } })
  const answers = await Promise.all(Array.from({ length: 10 }, guess))
  t.ok(answers.every(({ status }) => status === 401))
  t.match(await guess(), { status: 429, text: /in a minute/ })
  t.match(await get('/'), { status: 401 }, 'who guesses nothing is asked')
  t.equal(log.lines.filter(({ message }) => message.includes('wrong password')).length, 1)
})

t.test('who asks for more before he has an answer is sent away', async (t) => {
  const { path, page } = await openPage(t)
  const socket = connect(path)
  const text = socket.setEncoding('utf8').toArray() as Promise<string[]>
  socket.write('GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(100))
  t.ok((await text).join('').split('HTTP/1.1').length <= 2)
  page.changed()
})

t.test('by TLS, and who says nothing does not hold up a reload', async (t) => {
  const { page, settings, get } = await openPage(t, { tls: { certificate: serverCert, key: serverKey } })
  const silent = connect(String(settings.listen.path))
  await once(silent, 'connect')
  const gone = new Promise((resolve) => silent.once('close', resolve))
  t.match(await get('/healthz', {}), { status: 200 })
  await page.configure({ ...settings, tls: undefined })
  await gone
  t.match(await get('/healthz', { plain: true }), { status: 200 })
})

t.test('what cannot be looked at costs who watches his connection, and nobody else anything', async (t) => {
  let broken = false
  const status = () => {
    if (broken) throw new Error('no descriptors')
    return run.director.status()
  }
  const { page, log, watch } = await openPage(t, {}, { status })
  const { next } = await watch()
  await next()
  broken = true
  page.changed()
  while (!log.lines.some(({ message }) => message === 'telling those who watch the page failed')) await setImmediate()
  broken = false
  const late = await watch()
  t.match(await late.next(), { event: 'status' })
})

t.test('a path that it listens at is for the daemon and its group', async (t) => {
  const { path, get } = await openPage(t)
  t.equal(statSync(path).mode & 0o777, 0o660)
  t.match(await get('/healthz'), { status: 200 })
})

t.test('a port that another has costs the page, and nothing else; the next reload tries again', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const listen = { address: '127.0.0.1', port: (taken.address() as AddressInfo).port }
  const { page, log, get, settings } = await openPage(t, { listen })
  t.match(log.lines.at(-1), { level: 'error', message: 'opening the page failed', fields: { error: /EADDRINUSE/ } })
  taken.close()
  await once(taken, 'close')
  await page.configure(settings)
  t.match(await get('/healthz'), { status: 200 })
})

t.test('a reload opens it anew where it is different, and leaves it alone where it is not', async (t) => {
  const folder = t.testdir({ password: 'one' })
  const passwordFile = join(folder, 'password')
  chmodSync(passwordFile, 0o600)
  const auth = { user: 'ops', passwordFile, tokenFile: undefined }
  const { page, settings, watch, get } = await openPage(t)
  const { response, closed } = await watch()
  await page.configure({ ...settings })
  t.notOk(response.destroyed, 'who watches goes on')
  response.resume()
  await page.configure({ ...settings, auth })
  await closed
  t.match(await get('/'), { status: 401 })
  const by = (password: string) => ({
    headers: { authorization: `Basic ${Buffer.from(`ops:${password}`).toString('base64')}` },
  })
  t.match(await get('/', by('one')), { status: 200 })
  writeFileSync(passwordFile, 'two')
  await page.configure({ ...settings, auth })
  t.match(await get('/', by('two')), { status: 200 }, 'another password holds from the reload on')
  await page.configure(undefined)
  await t.rejects(get('/'), { code: 'ENOENT' })
})
