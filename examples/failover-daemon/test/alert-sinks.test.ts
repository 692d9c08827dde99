import { createSocket } from 'node:dgram'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { SMTPServer } from 'smtp-server'
import t from 'tap'
import type { Test } from 'tap'
import { authority, serverCert, serverKey } from '../../../test/health/certificates.js'
import type { Alert } from '../src/alerts/events.js'
import { Alerts } from '../src/alerts/schema.js'
import { openSink } from '../src/alerts/sinks.js'
import { programFailure, runProgram } from '../src/programs.js'

const alert: Alert = {
  at: Date.UTC(2026, 10, 26, 10),
  kind: 'down',
  group: '192.0.2.100:80',
  service: 'tcp',
  hosts: ['web2'],
  summary: 'web2 is failed: refused',
  detail: 'connect ECONNREFUSED',
  output: 'web2 is failed: refused\nconnect ECONNREFUSED',
  firstFailure: 1_000_000,
  lastFailure: 2_000_000,
}

const sink = (rule: object) => {
  const [parsed] = Alerts.parse([rule])
  if (parsed === undefined) throw new Error('no rule')
  return openSink(parsed)
}

function secret(t: Test, text: string): string {
  const path = join(t.testdir({ secret: text, 'ca.pem': authority }), 'secret')
  chmodSync(path, 0o600)
  return path
}

async function smtp(t: Test) {
  const mails: string[] = []
  const server = new SMTPServer({
    key: serverKey,
    cert: serverCert,
    logger: false,
    onAuth: ({ username, password }, _, done) => {
      if (username === 'user' && password === 'right') done(null, { user: 'user' })
      else done(new Error('wrong password'))
    },
    onData: (stream, session, done) => {
      let text = `${session.secure ? 'TLS' : 'clear'} ${String(session.user)}\n`
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
      stream.on('end', () => {
        mails.push(text)
        done()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise<void>((resolve) => server.close(() => resolve())))
  return { mails, port: (server.server.address() as AddressInfo).port }
}

t.test('mail goes by STARTTLS with a login, in the words of Mon', async (t) => {
  const { mails, port } = await smtp(t)
  const passwordFile = secret(t, 'right\n')
  const mail = {
    to: ['ops@example.net'],
    from: 'lvs@example.net',
    server: `smtp://user@127.0.0.1:${port}`,
    passwordFile,
  }
  const ca = join(passwordFile, '..', 'ca.pem')
  await sink({ mail: { ...mail, ca } }).send([alert], 0)
  t.match(mails[0], /^TLS user\n/)
  t.match(mails[0], /\nSubject: ALERT 192\.0\.2\.100:80\/tcp: web2 is failed: refused \(/)
  t.match(mails[0], /\nGroup {17}: 192\.0\.2\.100:80\r\nService {15}: tcp\r\n/)

  await t.rejects(sink({ mail }).send([alert], 0), /certificate/, 'a server that nobody vouches for')
  writeFileSync(passwordFile, 'wrong')
  await t.rejects(sink({ mail: { ...mail, ca } }).send([alert], 0), /535|Invalid login/)
  const changing = sink({ mail: { ...mail, ca } })
  chmodSync(passwordFile, 0o644)
  await t.rejects(changing.send([alert], 0), /mode 0600 or 0400, found mode 0644/)
  t.equal(mails.length, 1)
})

t.test('a mail server that says nothing is given up at the deadline', async (t) => {
  const server = createTcpServer(() => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const mail = { to: ['a@example.net'], from: 'b@example.net', server: `smtp://127.0.0.1:${port}`, timeout: '1s' }
  const start = performance.now()
  await t.rejects(sink({ mail }).send([alert], 0))
  t.ok(performance.now() - start < 3000)
})

t.test('an alert program gets the arguments, the environment and the input that Mon gives', async (t) => {
  const directory = t.testdir({
    'x.alert':
      '#!/bin/sh\nfor a; do echo "[$a]"; done >"${0%/*}/args"; env | sort >"${0%/*}/env"; cat >"${0%/*}/stdin"\n',
  })
  chmodSync(join(directory, 'x.alert'), 0o755)
  const up = { ...alert, kind: 'up' as const, hosts: ['web2', 'web3'] }
  await sink({ exec: { command: join(directory, 'x.alert'), args: ['$(id)', 'root'] } }).send([up], 0)
  const read = (name: string) => readFileSync(join(directory, name), 'utf8')
  t.equal(
    read('args').replace(/\n/g, ''),
    '[-s][tcp][-g][192.0.2.100:80][-h][web2 web3][-t][1795687200][-u][$(id)][root]',
  )
  t.equal(read('stdin'), `${alert.output}\n`)
  t.match(read('env'), /^MON_ALERTTYPE=up\nMON_FIRST_FAILURE=1000\n(.*\n)*MON_GROUP=192\.0\.2\.100:80\n/m)
  t.notMatch(read('env'), /HOME|NODE/, 'nothing is inherited')
})

t.test('a program has no capability, and its whole group dies at the deadline', async (t) => {
  const options = { env: {}, stdin: '', timeoutMs: 5000 }
  const { output } = await runProgram(
    ['sh', '-c', 'grep -E "^(Cap(Inh|Prm|Eff|Amb)|NoNewPrivs)" /proc/self/status'],
    options,
  )
  t.strictSame(
    [...output.matchAll(/:\s*(\w+)/g)].map(([, value]) => Number(`0x${value ?? ''}`)),
    [0, 0, 0, 0, 1],
  )
  const start = performance.now()
  const late = await runProgram(['sh', '-c', 'sleep 100 & echo $!; wait'], { ...options, timeoutMs: 300 })
  t.match(programFailure(late), /killed at its deadline/)
  t.ok(performance.now() - start < 2500)
  const stat = `/proc/${late.output.trim()}/stat`
  // It was sent the signal, and dies when it next runs. Where nobody reaps orphans, what is left of it is a zombie.
  const isGone = () => !existsSync(stat) || readFileSync(stat, 'utf8').includes(') Z ')
  for (const end = performance.now() + 5000; !isGone() && performance.now() < end;) await setImmediate()
  t.ok(isGone(), 'the child too')
  t.match(programFailure(await runProgram(['/nowhere/x'], options)), /exit status 12[67].*\/nowhere\/x/)
})

async function web(t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

t.test('a webhook gets JSON; one that hangs, refuses or redirects is a failure', async (t) => {
  const got: unknown[] = []
  const headersFile = secret(t, 'Authorization: Bearer x\n')
  const url = await web(t, (request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => (text += chunk.toString()))
    request.on('end', () => {
      got.push(request.headers.authorization, JSON.parse(text))
      response.end()
    })
  })
  await sink({ webhook: { url, headersFile } }).send([alert], 3)
  t.match(got, [
    'Bearer x',
    { version: 1, dropped: 3, alerts: [{ time: '2026-11-26T10:00:00.000Z', kind: 'down', hosts: ['web2'] }] },
  ])

  const moved = await web(t, (_, response) => response.writeHead(302, { location: url }).end())
  await t.rejects(sink({ webhook: { url: moved } }).send([alert], 0), /found 302/)
  t.equal(got.length, 2, 'not followed')
  const hanging = await web(t, () => {})
  await t.rejects(sink({ webhook: { url: hanging, timeout: '200ms' } }).send([alert], 0), /timeout/)
  await t.rejects(sink({ webhook: { url: 'http://127.0.0.1:9/' } }).send([alert], 0))
})

t.test('syslog to a server by UDP, with severity and tag', async (t) => {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  t.teardown(() => socket.close())
  const message = new Promise<string>((resolve) => socket.once('message', (bytes) => resolve(bytes.toString())))
  const server = `udp://127.0.0.1:${socket.address().port}`
  await sink({ syslog: { facility: 'local3', tag: 'lvs', server } }).send([alert], 0)
  t.match(await message, /^<155>1 .* lvs .*ALERT 192\.0\.2\.100:80\/tcp: web2 is failed: refused/)
})
