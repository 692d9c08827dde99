import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { cli } from '../../lib/cli/cli.js'
import { parseService } from '../../lib/cli/words.js'
import type { Call, Io } from '../../lib/cli/command.js'
import { watchTableBy } from '../../lib/cli/list-watch.js'
import type { Change, Table } from '../../lib/index.js'
import { FakeClock } from '../health/fake-clock.js'
import { dns, fill, http, http6, server } from '../tables.js'
import { makeWorld } from './io.js'
import { Terminal } from './terminal.js'

/** `ipvs list --watch` by a clock that stands still, on a table of one service and one server. */
async function start(values: Call['values'] = {}, world: Partial<Io> = {}, service?: string) {
  const given = makeWorld()
  const stranger = given.kernel.open()
  const settings = { scheduler: 'wlc' }
  await fill(stranger, [
    { service: { ...http, ...settings }, destinations: [server(1)] },
    ...(service?.includes('[') === true ? [{ service: { ...http6, ...settings }, destinations: [] }] : []),
  ])
  const clock = new FakeClock()
  const only = service === undefined ? undefined : parseService(service)
  const call = { values, operands: service === undefined ? [] : [service] }
  const ended = watchTableBy(clock, call, { ...given.io, ...world }, given.kernel.open(), only)
  // A test awaits it when it has done what ends it.
  ended.catch(() => {})
  await clock.advance(0)
  const lines = () => given.stdout().trimEnd().split('\n')
  return { stranger, clock, ended, lines, interrupt: () => given.interrupt() }
}

t.test('a terminal shows the table in place, each time as it is', async (t) => {
  const terminal = new Terminal(80, 20)
  const { stranger, clock, ended } = await start({}, { stdout: terminal, onKey: terminal.onKey })
  t.ok(terminal.isAlternate)
  t.match(terminal.text, /^ipvs list {2}\d\d:\d\d:\d\d {2}every 2s {2}q quit\n\ntcp\/192\.0\.2\.100:80 {2}wlc\n/)
  t.match(terminal.text, /\n {2}10\.0\.0\.1:80 +direct +1 +0 +0$/)
  await stranger.setWeight(http, server(1), 5)
  await clock.advance(2000)
  t.match(terminal.text, /\n {2}10\.0\.0\.1:80 +direct +5 +0 +0$/)
  await stranger.removeService(http)
  await clock.advance(2000)
  t.match(terminal.text, /q quit\n\nno virtual services$/)
  terminal.press('q')
  t.equal(await ended, 0)
  t.ok(terminal.isRestored)
  t.equal(terminal.text, '')
})

t.test('a low and narrow terminal shows the beginning', async (t) => {
  const terminal = new Terminal(30, 4)
  const { ended } = await start({}, { stdout: terminal, onKey: terminal.onKey })
  t.match(terminal.text.split('\n'), [/^ipvs list/, '', /^tcp/, '2 more lines do not fit'])
  t.equal(terminal.text.split('\n').length, 4)
  terminal.press('q')
  await ended
})

t.test('one service on a terminal stays watched when it is gone, and is shown when it is back', async (t) => {
  const terminal = new Terminal(80, 20)
  const { stranger, clock, ended } = await start({}, { stdout: terminal, onKey: terminal.onKey }, '192.0.2.100:80')
  await stranger.addService({ ...dns, scheduler: 'rr' })
  await stranger.removeService(http)
  await clock.advance(2000)
  t.match(terminal.text, /\n\nno service tcp\/192\.0\.2\.100:80$/)
  await stranger.addService({ ...http, scheduler: 'sh' })
  await clock.advance(2000)
  t.match(terminal.text, /\n\ntcp\/192\.0\.2\.100:80 {2}sh\n {2}no real servers$/)
  terminal.press('q')
  await ended
})

t.test('elsewhere the table is printed once, then each change is a line', async (t) => {
  const { stranger, clock, ended, lines, interrupt } = await start({ interval: '1s' })
  const table = lines()
  t.equal(table[0], 'tcp/192.0.2.100:80  wlc')
  t.equal(table.length, 3)
  await stranger.setWeight(http, server(1), 0)
  await clock.advance(1000)
  await stranger.addService({ ...dns, scheduler: 'rr' })
  await stranger.addDestination(http, server(2))
  await clock.advance(1000)
  await stranger.removeDestination(http, server(1))
  await clock.advance(5000)
  const [blank, ...changes] = lines().slice(3)
  t.equal(blank, '')
  t.match(changes, [
    /^~ 10\.0\.0\.1:80 of tcp\/192\.0\.2\.100:80 +weight 1 -> 0$/,
    /^\+ udp\/192\.0\.2\.100:53 +scheduler rr$/,
    /^\+ 10\.0\.0\.2:80 of tcp\/192\.0\.2\.100:80 .*weight 1$/,
    /^- 10\.0\.0\.1:80 of tcp\/192\.0\.2\.100:80 .*weight 0$/,
  ])
  t.equal(changes.length, 4)
  interrupt()
  await t.rejects(ended, { message: 'SIGINT' })
})

t.test('--json is the table in a line, then a line for each change, on a terminal, too', async (t) => {
  let text = ''
  const stdout = { write: (some: string) => (text += some), isTTY: true, columns: 80, rows: 24 }
  const { stranger, clock, interrupt, ended } = await start({ json: true }, { stdout })
  const linesNow = () => text.trimEnd().split('\n')
  t.match(JSON.parse(text) as Table, [
    {
      service: { ...http, stats: { total: { connections: '0' } } },
      destinations: [{ address: '10.0.0.1', weight: 1 }],
    },
  ])
  await stranger.setWeight(http, server(1), 3)
  await stranger.addService({ ...http6, scheduler: 'rr' })
  await clock.advance(2000)
  const changes = linesNow()
    .slice(1)
    .map((line) => JSON.parse(line) as Change)
  t.match(changes, [
    { type: 'addService', service: http6 },
    {
      type: 'updateDestination',
      of: http,
      destination: { weight: 3 },
      before: { weight: 1, stats: { total: { bytesIn: '0' } } },
    },
  ])
  t.equal(changes.length, 2)
  interrupt()
  await t.rejects(ended)
})

t.test('with SERVICE there are only its changes', async (t) => {
  const { stranger, clock, lines, interrupt, ended } = await start({ json: true }, {}, '192.0.2.100:80')
  await stranger.addService({ ...dns, scheduler: 'rr' })
  await stranger.addDestination(dns, { ...server(1), port: 53 })
  await stranger.updateService({ ...http, scheduler: 'rr' })
  await stranger.setWeight(http, server(1), 9)
  await clock.advance(2000)
  await stranger.removeService(http)
  await clock.advance(2000)
  const [table, ...changes] = lines().map((line) => JSON.parse(line) as unknown)
  t.match(table, [{ service: http }])
  t.match(changes, [{ type: 'updateService' }, { type: 'updateDestination' }, { type: 'removeService', service: http }])
  t.equal(changes.length, 3)
  interrupt()
  await t.rejects(ended)
})

t.test('SERVICE may be spelled otherwise', async (t) => {
  const { stranger, clock, lines, interrupt, ended } = await start({}, {}, 'tcp/[2001:DB8:0::0100]:80')
  t.match(lines(), [/^tcp\/\[2001:db8::100\]:80 {2}wlc$/, '  no real servers'])
  await stranger.removeService(http6)
  await clock.advance(2000)
  t.match(lines()[3], /^- tcp\/\[2001:db8::100\]:80/)
  interrupt()
  await t.rejects(ended)
})

t.test('a service that is not there from the start is an error', async (t) => {
  const world = makeWorld({ tty: true })
  t.equal(await cli(['list', '--watch', 'mark/7'], world.io), 1)
  t.match(world.stderr(), /there is no service mark\/7/)
  t.equal(world.stdout(), '')
})

t.test('an interrupt is status 130, and the handle is closed', async (t) => {
  const world = makeWorld()
  let closed = 0
  const open = async () => Object.assign(world.kernel.open(), { close: async () => void closed++ })
  const ended = cli(['list', '--watch', '--interval', '1h'], { ...world.io, open })
  while (world.stdout() === '') await turn()
  world.interrupt()
  t.equal(await ended, 130)
  t.same([world.stdout(), world.stderr(), closed], ['no virtual services\n\n', '', 1])
})
