/** The monitors of Debian's package mon, unchanged: each that needs no more than one server to ask, for all that can happen to it. */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createSocket } from 'node:dgram'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { monMonitor } from '../../lib/health/index.js'
import { perlModules, unpacked } from '../unpacked.js'
import { gone, lineOf, programFolder } from './programs.js'
import { full, refusing, startServer } from './servers.js'

const debian = ['/usr/lib/mon/mon.d', join(unpacked('mon'), 'usr/lib/mon/mon.d')].find((path) =>
  existsSync(join(path, 'http.monitor')),
)
const isHere = debian !== undefined && existsSync('/usr/bin/setpriv') && existsSync(perlModules)
// Perl takes its time where much else runs.
t.setTimeout(100_000)
// Most of it is waiting.
t.jobs = 3
const { folder, write } = programFolder(t)
const address = '127.0.0.1'

/** Runs it as the daemon would, with the Perl modules, and with the port of Net::DNS, for which its monitors have no option. */
function run(monitor: string, args: readonly string[], port: number, ms: number, directories = [debian ?? folder]) {
  const environment = { PERL5LIB: perlModules, RES_OPTIONS: `port:${port} retry:1 retrans:5` }
  return monMonitor({ monitor, args, directories, environment })({ address, port }, AbortSignal.timeout(ms))
}

/** A server that greets, and answers each line by the first that fits. */
function talking(t: Test, greeting: string, ...answers: readonly (readonly [asked: RegExp, answer: string])[]) {
  const serve = (socket: Socket) => {
    socket.write(greeting)
    socket.on('data', (data) => {
      for (const line of data.toString('latin1').split(/(?<=\n)/)) {
        const [, answer] = answers.find(([asked]) => asked.test(line)) ?? []
        if (answer !== undefined) socket.write(answer)
        if (/^(quit|\r?\n$)/i.test(line)) socket.end()
      }
    })
  }
  return startServer(t, serve, { when: 'connection' }).then(({ port }) => port)
}

/** 200 at /, 500 elsewhere. */
async function web(t: Test): Promise<number> {
  const server = createServer((request, response) => response.writeHead(request.url === '/' ? 200 : 500).end('hello'))
  t.teardown(() => server.close())
  await once(server.listen(0, address), 'listening')
  return (server.address() as AddressInfo).port
}

// ── LDAP, as much as a bind and a search of one entry need: BER, every length below 128 ──

const ber = (tag: number, ...parts: readonly (Buffer | string)[]): Buffer => {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)))
  return Buffer.concat([Buffer.from([tag, content.length]), content])
}
const success = [ber(0x0a, '\0'), ber(0x04), ber(0x04)]
const entry = ber(0x64, ber(0x04, 'cn=a'), ber(0x30, ber(0x30, ber(0x04, 'cn'), ber(0x31, ber(0x04, 'a')))))

/** Answers a bind (0x60) and a search (0x63) of whose message identifiers have one byte. */
function ldap(socket: Socket): void {
  socket.on('data', (data) => {
    const id = data.subarray(2, 5)
    if (data[5] === 0x60) socket.write(ber(0x30, id, ber(0x61, ...success)))
    if (data[5] === 0x63) socket.write(Buffer.concat([ber(0x30, id, entry), ber(0x30, id, ber(0x65, ...success))]))
  })
}

/** A name server that has 192.0.2.1 for each name but those that begin with none; its port. */
async function names(t: Test): Promise<number> {
  const socket = createSocket('udp4')
  t.teardown(() => socket.close())
  socket.on('message', (query, { port, address }) => {
    const question = query.subarray(12, query.indexOf(0, 12) + 5)
    const isNone = question.toString('latin1').startsWith('\x04none')
    const flags = [0x84, isNone ? 3 : 0, 0, 1, 0, isNone ? 0 : 1, 0, 0, 0, 0]
    const header = Buffer.concat([query.subarray(0, 2), Buffer.from(flags)])
    const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1])
    socket.send(Buffer.concat([header, question, ...(isNone ? [] : [answer])]), port, address)
  })
  socket.bind(0, address)
  await once(socket, 'listening')
  return socket.address().port
}

interface Case {
  readonly monitor: string
  /** With `{port}` where its port belongs; one without asks name servers. */
  readonly args: readonly string[]
  readonly serve: (t: Test) => Promise<number>
  /** The detail of a failure. */
  readonly detail?: RegExp
  /** What else is asked of the same server, and not to be had. */
  readonly wrong?: readonly string[]
}

const port = ['-p', '{port}']
const smtp = (t: Test) => talking(t, '220 mail ESMTP\r\n', [/^QUIT/, '221 bye\r\n'], [/./, '250 ok\r\n'])
const query = 'www.example.net'
const cases: readonly Case[] = [
  { monitor: 'tcp.monitor', args: port, serve: web },
  { monitor: 'http.monitor', args: port, serve: web, wrong: ['-u', '/broken'] },
  {
    monitor: 'phttp.monitor',
    args: ['--port', '{port}'],
    serve: (t) => talking(t, '', [/^\r?\n$/, 'HTTP/1.0 200 OK\r\n\r\nhello']),
    detail: /^exit status 1: 127\.0\.0\.1/,
    wrong: ['--regex', 'goodbye'],
  },
  { monitor: 'ftp.monitor', args: port, serve: (t) => talking(t, '220 ftp\r\n', [/^quit/, '221 bye\r\n']) },
  { monitor: 'smtp3.monitor', args: ['--port', '{port}'], serve: smtp },
  {
    monitor: 'telnet.monitor',
    args: [...port, '-t', '2'],
    serve: (t) => talking(t, 'login: '),
    wrong: ['-l', '/password/'],
  },
  {
    monitor: 'ldap.monitor',
    args: ['--port', '{port}', '--basedn', 'dc=a', '--filter', 'cn=a', '--attribute', 'cn', '--value', 'a'],
    serve: (t) => startServer(t, ldap, { when: 'connection' }).then(({ port }) => port),
    detail: /^exit status 1: /,
    wrong: ['--value', 'b'],
  },
  { monitor: 'dns-query.monitor', args: ['-t', '3', '-n', query], serve: names },
  {
    monitor: 'dns.monitor',
    args: ['-caching_only', '-retry', '1', '-retransmit', '3', '-query', `${query}:A`],
    serve: names,
    detail: /^exit status 1: /,
    wrong: ['-query', 'none.example.net:A'],
  },
]

const patienceMs = 60_000
const skip = !isHere && "Debian's package mon is not here: rig/setup test fetches it"
const down = /^exit status 1: 127\.0\.0\.1$/
for (const { monitor, args, serve, detail = down, wrong } of cases)
  t.test(`Debian's ${monitor} passes, fails, hangs and dies`, { skip, buffered: true }, async (t) => {
    const [good, { port: closed }, silent] = await Promise.all([serve(t), refusing(t), mute(t, monitor)])
    const failed = { outcome: 'fail', reason: 'exit', detail }
    await Promise.all([
      run(monitor, args, good, patienceMs).then((verdict) => t.same(verdict, { outcome: 'pass' })),
      run(monitor, args, closed, patienceMs).then((verdict) => t.match(verdict, failed, 'nobody there')),
      wrong && run(monitor, [...args, ...wrong], good, patienceMs).then((verdict) => t.match(verdict, failed, 'wrong')),
      hung(monitor, args, silent).then((verdict) => t.same(verdict, { outcome: 'fail', reason: 'timeout' }, 'hangs')),
      killed(monitor, args, silent).then((verdict) =>
        t.same(verdict, { outcome: 'inconclusive', reason: 'local', detail: 'killed by SIGKILL' }),
      ),
    ])
  })

/** A port where nothing is said; for tcp.monitor, where no connection is made. */
async function mute(t: Test, monitor: string): Promise<number> {
  if (monitor === 'tcp.monitor') return full(t)
  if (!monitor.startsWith('dns')) return (await startServer(t)).port
  const socket = createSocket('udp4')
  t.teardown(() => socket.close())
  socket.bind(0, address)
  await once(socket, 'listening')
  return socket.address().port
}

/** Its verdict at the deadline; on a machine so busy that it was begun late there is none. */
async function hung(monitor: string, args: readonly string[], port: number) {
  for (;;) {
    const verdict = await run(monitor, args, port, 2000)
    if (verdict.outcome !== 'inconclusive') return verdict
  }
}

/** Its verdict when it is killed while it waits. Mon takes that for the exit status 0. */
async function killed(monitor: string, args: readonly string[], port: number) {
  const pid = join(folder, `${monitor}.pid`)
  write(`wrapped-${monitor}`, `#!/bin/sh\necho $$ >${pid}\nexec ${debian}/${monitor} "$@"\n`)
  const verdict = run(`wrapped-${monitor}`, args, port, patienceMs, [folder])
  const running = Number(await lineOf(pid))
  process.kill(running, 'SIGKILL')
  await gone(running)
  return verdict
}

t.test("http.monitor's expression passes whatever the status", { skip }, async (t) => {
  t.same(await run('http.monitor', [...port, '-u', '/broken', '-m', 'hello'], await web(t), patienceMs), {
    outcome: 'pass',
  })
})

t.test(
  'smtp, pop3, imap and nntp fail with a good server, too: they call what Perl has not allowed since 5.36',
  { skip },
  async (t) => {
    const good = await smtp(t)
    for (const name of ['smtp', 'pop3', 'imap', 'nntp'])
      t.match(await run(`${name}.monitor`, port, good, patienceMs), { outcome: 'fail', detail: down }, name)
  },
)
