import t from 'tap'
import { CliError, type Call, type Io } from '../../lib/cli/command.js'
import { runBy } from '../../lib/cli/drain.js'
import type { ConnectionCounts, DestinationSpec } from '../../lib/index.js'
import { createIpvs } from '../../lib/ipvs.js'
import { parseRules } from '../../lib/ipvsadm/rules.js'
import { Command, type Answer, type Request } from '../../lib/records.js'
import { FakeKernel } from '../../lib/testing/fake-session.js'
import { schedulers } from '../../lib/types.js'
import { FakeClock } from '../health/fake-clock.js'
import { changed } from '../sessions.js'
import { fill, http, mark, server } from '../tables.js'
import { makeWorld, run, type WorldOptions } from './io.js'

const idle: ConnectionCounts = { active: 0, inactive: 0, persistent: 0 }
const busy: ConnectionCounts = { active: 2, inactive: 1, persistent: 0 }
const service = 'tcp/192.0.2.100:80'
const name = '10.0.0.1:80 of tcp/192.0.2.100:80'
const head = `~ ${name}  weight 7 -> 0\n`
const back = 'give it back weight 7 with `ipvs adm -e -t 192.0.2.100:80 -r 10.0.0.1:80 -g -w 7`'

/** A server of weight 7 whose connections a test sets, and a clock that stands still. */
async function draining(left: ConnectionCounts, options: WorldOptions = {}, real: DestinationSpec = server(1)) {
  const kernel = new FakeKernel(schedulers)
  const stranger = createIpvs(kernel.session())
  const service = { ...http, scheduler: 'wlc' }
  await fill(stranger, [{ service, destinations: [{ weight: 7, ...real }, server(2)] }])
  const clock = new FakeClock()
  const connections = { left }
  const answer = ({ command }: Request, reply: Answer): Answer =>
    command === Command.getDest
      ? { ...reply, destinations: reply.destinations.map((entry) => ({ ...entry, ...connections.left })) }
      : reply
  const world = makeWorld(options)
  const io: Io = { ...world.io, open: async () => changed(kernel, answer) }
  return {
    io: world.io,
    stdout: () => world.stdout(),
    stderr: () => world.stderr(),
    interrupt: () => world.interrupt(),
    kernel,
    clock,
    connections,
    stranger,
    weights: async () => (await stranger.destinations(http)).map(({ weight }) => weight),
    /** The exit status, and the sentence for stderr where there is one. */
    drain: async (values: Call['values'] = {}, operands = [`tcp/192.0.2.100:80`, '10.0.0.1']) =>
      runBy(clock, { values, operands }, io).then(
        (status) => ({ status, message: '' }),
        (error: unknown) => {
          if (error instanceof CliError) return { status: error.status, message: error.message }
          throw error
        },
      ),
  }
}

t.test('a server without connections is drained at once', async (t) => {
  const { drain, stdout, stderr, weights, clock } = await draining(idle)
  t.same(await drain(), { status: 0, message: '' })
  t.equal(stdout(), `${head}0 s: 0 active, 0 inactive, 0 persistent\n${name}: drained after 0 s; its weight stays 0\n`)
  t.equal(stderr(), '')
  t.same(await weights(), [1, 0])
  t.equal(clock.pending, 0)
})

t.test('without a terminal: a line whenever the counts change', async (t) => {
  const { drain, stdout, connections, clock } = await draining(busy)
  const end = drain()
  await clock.advance(2500)
  connections.left = { active: 0, inactive: 3, persistent: 0 }
  await clock.advance(2000)
  connections.left = idle
  await clock.advance(1000)
  t.match(await end, { status: 0 })
  t.equal(
    stdout(),
    `${head}0 s: 2 active, 1 inactive, 0 persistent
3 s: 0 active, 3 inactive, 0 persistent
5 s: 0 active, 0 inactive, 0 persistent
${name}: drained after 5 s; its weight stays 0
`,
  )
})

const redraw = '\r\x1b[K'

t.test('on a terminal: one line, drawn again after every look, and gone at the end', async (t) => {
  const { drain, stdout, connections, clock } = await draining(busy, { tty: true })
  const end = drain({ timeout: '5m', interval: '500ms' })
  await clock.advance(700)
  connections.left = idle
  await clock.advance(500)
  t.match(await end, { status: 0 })
  t.equal(
    stdout(),
    [
      `\x1b[33m${head.trimEnd()}\x1b[39m\n`,
      `${redraw}2 active, 1 inactive, 0 persistent; 0 s of 300 s`,
      `${redraw}2 active, 1 inactive, 0 persistent; 0.5 s of 300 s`,
      `${redraw}0 active, 0 inactive, 0 persistent; 1 s of 300 s`,
      `${redraw}${name}: drained after 1 s; its weight stays 0\n`,
    ].join(''),
  )
})

t.test('a line that is wider than the terminal is cut, and a dumb terminal is none', async (t) => {
  const narrow = await draining(idle)
  const text: string[] = []
  const stdout = { write: (some: string) => text.push(some), isTTY: true, columns: 20 }
  await runBy(
    narrow.clock,
    { values: {}, operands: [service, '10.0.0.1'] },
    {
      ...narrow.io,
      stdout,
      open: async () => narrow.stranger,
    },
  )
  t.ok(text.includes(`${redraw}0 active, 0 inactiv`), 'one column stays free')
  const dumb = await draining(idle, { tty: true, env: { TERM: 'dumb' } })
  await dumb.drain()
  t.notMatch(dumb.stdout(), '\x1b')
})

t.test('the deadline: status 3, what is left, that the weight stays, and what to do', async (t) => {
  const { drain, stdout, weights, clock } = await draining(busy)
  const end = drain({ timeout: '1500ms', remove: true })
  await clock.advance(1500)
  t.same(await end, {
    status: 3,
    message: `${name}: 2 active, 1 inactive, 0 persistent left after 1 s, its weight stays 0; drain it again to wait longer, or ${back}`,
  })
  t.equal(stdout(), `${head}0 s: 2 active, 1 inactive, 0 persistent\n`)
  t.same(await weights(), [1, 0], 'it is not removed')
})

t.test('persistent clients that are left: the sysctl that sends them elsewhere', async (t) => {
  const { drain } = await draining({ active: 0, inactive: 0, persistent: 4 })
  t.same(await drain({ timeout: '0' }), {
    status: 3,
    message:
      `${name}: 0 active, 0 inactive, 4 persistent left after 0 s, its weight stays 0; drain it again to wait longer, ` +
      `or set net.ipv4.vs.expire_quiescent_template=1 to send persistent clients elsewhere, or ${back}`,
  })
})

t.test('--active waits for active connections only', async (t) => {
  const { drain, stdout } = await draining({ active: 0, inactive: 5, persistent: 3 })
  t.match(await drain({ active: true }), { status: 0 })
  t.match(stdout(), `\n${name}: no active connection (5 inactive, 3 persistent) after 0 s; its weight stays 0\n`)
})

t.test('--remove removes the server once it is drained', async (t) => {
  const { drain, stdout, connections, clock, weights } = await draining(busy)
  const end = drain({ remove: true })
  await clock.advance(500)
  t.same(await weights(), [1, 0], 'not before')
  connections.left = idle
  await clock.advance(500)
  t.match(await end, { status: 0 })
  t.match(stdout(), `\n${name}: drained after 1 s; removed\n`)
  t.same(await weights(), [1])
})

t.test('Ctrl-C: status 130, the weight stays, and the command that makes the server what it was', async (t) => {
  const before = server(1, {
    forwarding: 'tunnel',
    encapsulation: { type: 'gue', port: 6080, checksum: 'full' },
    limits: { upper: 9, lower: 3 },
    weight: 7,
  })
  const { drain, stdout, weights, clock, interrupt } = await draining(busy, { tty: true }, before)
  const end = drain()
  await clock.advance(1500)
  interrupt()
  const { status, message } = await end
  t.equal(status, 130)
  t.ok(stdout().endsWith(redraw), 'what comes next has the line for itself')
  t.same(await weights(), [1, 0])
  t.equal(clock.pending, 0)
  const [, rule = ''] =
    /: interrupted, its weight stays 0; give it back weight 7 with `ipvs adm (.*)`$/.exec(message) ?? []
  const added = '-A -t 192.0.2.100:80 -s wlc\n-a -t 192.0.2.100:80 -r 10.0.0.1:80 -i -w 0\n'
  t.same((await parseRules(added + rule))[0]?.destinations, [before])
})

t.test('a Ctrl-C before the first look does not claim to know the weight', async (t) => {
  const { stranger, clock } = await draining(busy)
  const world = makeWorld()
  const open: Io['open'] = async () =>
    new Proxy(stranger, {
      get(target, name) {
        if (name === 'setWeight') world.interrupt()
        const member: unknown = Reflect.get(target, name)
        return typeof member === 'function' ? (member.bind(target) as unknown) : member
      },
    })
  await t.rejects(runBy(clock, { values: {}, operands: [service, '10.0.0.1'] }, { ...world.io, open }), {
    status: 130,
    message: `${name}: interrupted, its weight may be 0 by now; ${back}`,
  })
})

t.test('in another namespace the command that gives the weight back is for that one', async (t) => {
  for (const [namespace, path] of [
    ['blue', '/run/netns/blue'],
    ['/proc/7/ns/net', '/proc/7/ns/net'],
  ] as const) {
    const { drain } = await draining(busy)
    t.match(await drain({ namespace, timeout: '0s' }), {
      message: `with \`nsenter --net=${path} ipvs adm -e -t 192.0.2.100:80 -r 10.0.0.1:80 -g -w 7\``,
    })
  }
})

t.test('what ipvsadm has no option for has no such command; a weight of 0 has none to give back', async (t) => {
  const odd = await draining(busy, {}, server(1, { forwarding: 'bypass' }))
  t.match((await odd.drain({ timeout: '0' })).message, /, or give it back weight 7$/)
  const drained = await draining(busy, {}, server(1, { weight: 0 }))
  t.match((await drained.drain({ timeout: '0' })).message, /; drain it again to wait longer$/)
  t.equal(drained.stdout(), '0 s: 2 active, 1 inactive, 0 persistent\n')
})

t.test('somebody gives it weight meanwhile: the failure stands on a line of its own', async (t) => {
  const { drain, stranger, stdout, clock } = await draining(busy, { tty: true })
  const end = drain().catch((error: unknown) => error)
  await clock.advance(500)
  await stranger.setWeight(http, server(1), 3)
  await clock.advance(500)
  t.match(await end, { code: 'IPVS_INTERRUPTED', message: /gave it weight 3 meanwhile/ })
  t.ok(stdout().endsWith(redraw))
})

t.test('a service or a server that is not there: nothing is written', async (t) => {
  const { drain, kernel } = await draining(busy)
  const writes = kernel.writes
  t.same(await drain({}, ['192.0.2.200:80', '10.0.0.1']), {
    status: 1,
    message: 'there is no service tcp/192.0.2.200:80; `ipvs list` shows those that there are',
  })
  t.same(await drain({}, ['192.0.2.100:80', '10.0.0.9']), {
    status: 1,
    message: 'tcp/192.0.2.100:80 has no server 10.0.0.9:80; `ipvs list tcp/192.0.2.100:80` shows those that it has',
  })
  t.equal(kernel.writes, writes)
})

t.test('wrong arguments: status 64, before a handle is opened', async (t) => {
  const wrong = [
    ['drain', 'nonsense', '10.0.0.1'],
    ['drain', service, 'nonsense'],
    ['drain', service],
    ['drain', service, '10.0.0.1', '--timeout', 'soon'],
    ['drain', service, '10.0.0.1', '--interval', '0'],
    ['drain', service, '10.0.0.1', '--interval', '1 day'],
  ]
  for (const args of wrong) {
    const world = makeWorld()
    const open: Io['open'] = async () => Promise.reject(new Error('opened'))
    t.match(await run({ ...world, io: { ...world.io, open } }, ...args), { status: 64, stdout: '', stderr: /^ipvs: / })
  }
})

t.test('by its name: a server of a firewall mark, in real time', async (t) => {
  const kernel = new FakeKernel(schedulers)
  const ipvs = createIpvs(kernel.session())
  await fill(ipvs, [{ service: { ...mark, scheduler: 'rr' }, destinations: [server(1, { port: 0, weight: 2 })] }])
  const world = makeWorld({ kernel: { open: () => createIpvs(kernel.session()), writes: 0 } })
  const { status, stdout } = await run(world, 'drain', 'mark/7', '10.0.0.1', '--remove')
  t.equal(status, 0)
  t.match(
    stdout,
    /^~ 10\.0\.0\.1:0 of mark\/7 {2}weight 2 -> 0\n.*\n10\.0\.0\.1:0 of mark\/7: drained after .* s; removed\n$/,
  )
  t.same(await ipvs.destinations(mark), [])
})
