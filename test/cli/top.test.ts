import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { cli } from '../../lib/cli/cli.js'
import type { Call, Io } from '../../lib/cli/command.js'
import { runBy } from '../../lib/cli/top.js'
import type { Table } from '../../lib/index.js'
import { FakeClock } from '../health/fake-clock.js'
import { dns, http } from '../tables.js'
import { busy } from './busy.js'
import { makeWorld } from './io.js'
import { Terminal } from './terminal.js'

const escape = '\x1b'
const web = (active: number): Table => [busy(http, [{ address: '10.0.0.1', active }])]

/** `ipvs top` by a clock that stands still; `table` gives what each refresh reads. */
function start(values: Call['values'] = {}, world: Partial<Io> = {}) {
  const given = makeWorld()
  const { io, kernel } = given
  const clock = new FakeClock()
  const reading = { table: async (): Promise<Table> => web(1), count: 0 }
  const handles = { opened: 0, closed: 0 }
  const open = async () => {
    handles.opened++
    const close = async () => void handles.closed++
    const table = async () => (reading.count++, reading.table())
    return Object.assign(kernel.open(), { table, close })
  }
  const ended = runBy(clock, { values, operands: [] }, { ...io, open, ...world })
  // A test awaits it when it has done what ends it.
  ended.catch(() => {})
  return { clock, reading, handles, ended, interrupt: () => given.interrupt(), stdout: () => given.stdout() }
}

function startOn(terminal: Terminal, values: Call['values'] = {}, world: Partial<Io> = {}) {
  return start(values, { stdout: terminal, onKey: terminal.onKey, ...world })
}

t.test('a terminal shows each refresh in place of the last, and is given back when q is pressed', async (t) => {
  const terminal = new Terminal(80, 12)
  terminal.write('$ ipvs top\n')
  const { clock, reading, handles, ended } = startOn(terminal)
  await clock.advance(0)
  t.ok(terminal.isAlternate && !terminal.isCursorShown && terminal.isRaw)
  t.match(terminal.text, /^ipvs top {2}\S+ {2}\d\d:\d\d:\d\d {2}1 service, 1 server {2}every 2s {2}q quit\n/)
  t.match(terminal.text, / 10\.0\.0\.1:80 .* 1 +0 +█$/)
  reading.table = async () => web(1200)
  await clock.advance(1999)
  t.equal(reading.count, 1)
  await clock.advance(1)
  t.match(terminal.text, / 10\.0\.0\.1:80 .* 1\.2k +0 +▂█$/)
  t.equal(terminal.text.match(/10\.0\.0\.1/g)?.length, 1)
  terminal.press('q')
  t.ok(terminal.isRestored, 'at once')
  t.equal(await ended, 0)
  t.equal(terminal.text, '$ ipvs top', 'and nothing is left of it')
  t.same(handles, { opened: 1, closed: 1 })
  t.equal(clock.pending, 0)
})

t.test('nothing is erased that is drawn again', async (t) => {
  const terminal = new Terminal(80, 12)
  const { clock, ended } = startOn(terminal)
  await clock.advance(0)
  const before = terminal.written.length
  await clock.advance(2000)
  const frame = terminal.written.slice(before)
  t.match(frame, new RegExp(`^${escape}\\[H(${escape}\\[1m)?ipvs top`))
  t.equal(frame.indexOf(`${escape}[J`), frame.length - 3, 'what is below, at the end')
  t.notOk(frame.includes(`${escape}[2J`))
  terminal.press('Q')
  t.equal(await ended, 0)
})

t.test('services and servers come and go', async (t) => {
  const terminal = new Terminal(80, 20)
  const { clock, reading, ended } = startOn(terminal)
  await clock.advance(0)
  reading.table = async () => [...web(1), busy(dns, [{ address: '10.0.0.7', inactive: 3 }])]
  await clock.advance(2000)
  t.match(terminal.text, /10\.0\.0\.1:80[^]*udp[^]*10\.0\.0\.7:53 .* 3 +█$/)
  reading.table = async () => []
  await clock.advance(2000)
  t.notMatch(terminal.text, /10\.0\.0/)
  t.match(terminal.text, /no virtual services$/)
  terminal.press('q')
  await ended
})

t.test('another size is that of the next frame', async (t) => {
  const terminal = new Terminal(120, 20)
  const { clock, reading, ended } = startOn(terminal)
  const loads = Array.from({ length: 30 }, (_, i) => ({ address: `10.0.0.${i}` }))
  reading.table = async () => [busy(http, loads)]
  await clock.advance(0)
  t.match(terminal.text, /LAST 1/)
  t.match(terminal.text, /\n16 more lines do not fit$/)
  terminal.columns = 60
  terminal.rows = 10
  await clock.advance(2000)
  t.notMatch(terminal.text, /LAST/)
  t.match(terminal.text, /\n26 more lines do not fit$/)
  terminal.press('q')
  await ended
})

t.test('a terminal that does not know its size has 80 columns and 24 rows', async (t) => {
  const terminal = new Terminal(0, 0)
  const size = { columns: 80, rows: 24 }
  const stdout = { write: (text: string) => terminal.write(text), isTTY: true, columns: 0, rows: 0 }
  Object.assign(terminal, size)
  const { clock, ended } = startOn(terminal, {}, { stdout })
  await clock.advance(0)
  t.match(terminal.text, /LAST 30s/)
  terminal.press('q')
  await ended
})

t.test('a signal gives the terminal back at once, also while the kernel does not answer', async (t) => {
  const terminal = new Terminal(80, 12)
  const { clock, reading, interrupt, ended } = startOn(terminal)
  await clock.advance(0)
  let answer = () => {}
  reading.table = () => new Promise((resolve) => (answer = () => resolve(web(2))))
  await clock.advance(2000)
  t.notOk(terminal.isRestored)
  interrupt()
  t.ok(terminal.isRestored)
  const { length } = terminal.written
  answer()
  await t.rejects(ended, { message: 'SIGINT' })
  t.equal(terminal.written.length, length, 'and a late answer is not drawn')
})

t.test('Ctrl-C is a key on a terminal, and ends with the status of an interrupt', async (t) => {
  const terminal = new Terminal(80, 12)
  const { clock, handles, ended } = startOn(terminal)
  await clock.advance(0)
  terminal.press('x')
  t.notOk(terminal.isRestored, 'other keys do nothing')
  terminal.press('\x03')
  t.equal(await ended, 130)
  t.ok(terminal.isRestored)
  t.equal(handles.closed, 1)
})

t.test('a terminal whose keys are not heard is told how else to end', async (t) => {
  const terminal = new Terminal(80, 12)
  const { clock, interrupt, ended } = start({}, { stdout: terminal })
  await clock.advance(0)
  t.match(terminal.text, / every 2s {2}Ctrl-C quit\n/)
  interrupt()
  t.ok(terminal.isRestored)
  await t.rejects(ended)
})

t.test('an error gives the terminal back', async (t) => {
  const terminal = new Terminal(80, 12)
  const { clock, reading, handles, ended } = startOn(terminal)
  await clock.advance(0)
  const wrong = new Error('wrong')
  reading.table = () => Promise.reject(wrong)
  await clock.advance(2000)
  t.equal(await ended.catch((error: unknown) => error), wrong)
  t.ok(terminal.isRestored)
  t.equal(handles.closed, 1)
})

t.test('what fails before the first frame leaves the terminal alone', async (t) => {
  const terminal = new Terminal(80, 12)
  const { reading, ended } = startOn(terminal)
  reading.table = () => Promise.reject(new Error('wrong'))
  await t.rejects(ended, { message: 'wrong' })
  t.equal(terminal.written, '')
})

t.test('the last of --count frames stays on the terminal, with all its rows', async (t) => {
  const terminal = new Terminal(80, 5)
  const { clock, reading, ended } = startOn(terminal, { count: '2' })
  await clock.advance(0)
  t.ok(terminal.isAlternate)
  reading.table = async () => web(7)
  await clock.advance(2000)
  t.equal(await ended, 0)
  t.ok(terminal.isRestored)
  t.match(terminal.text, /^ipvs top .* every 2s\n[^]* 10\.0\.0\.1:80 .* 7 +0 +▂█$/)
  t.equal(reading.count, 2)

  const other = new Terminal(80, 5)
  const once = startOn(other, { count: '1' })
  t.equal(await once.ended, 0)
  t.notMatch(other.written, /\[\?/, 'a single one takes no screen')
  t.equal(once.clock.pending, 0)
})

t.test('elsewhere frames stand one below the other, whole and without escapes', async (t) => {
  const { clock, reading, stdout, ended } = start({ count: '3', interval: '500ms', sort: 'connections' })
  const loads = Array.from({ length: 100 }, (_, i) => ({ address: `10.0.0.${i}`, active: i }))
  reading.table = async () => [busy(http, loads)]
  await clock.advance(0)
  t.match(stdout(), / every 500ms\n/, 'and no key is told')
  await clock.advance(999)
  t.equal(reading.count, 2)
  await clock.advance(1)
  t.equal(await ended, 0)
  const frames = stdout().split('\n\n')
  t.equal(frames.length, 3)
  const lines = frames[2]?.trimEnd().split('\n') ?? []
  t.equal(lines.length, 105)
  t.match(lines[5], / 10\.0\.0\.99:80 .* 99 +0 +███$/, 'the busiest first')
  t.equal(lines[5]?.length, 79)
  t.notOk(stdout().includes(escape))
})

t.test('a dumb terminal is not drawn upon', async (t) => {
  const terminal = new Terminal(80, 12)
  const { ended } = startOn(terminal, { count: '1' }, { env: { TERM: 'dumb' } })
  t.equal(await ended, 0)
  t.notOk(terminal.written.includes(escape))
})

t.test('the first line names the namespace', async (t) => {
  const { stdout, ended } = start({ count: '1', namespace: 'lb' })
  await ended
  t.match(stdout(), /^ipvs top {2}\S+ {2}lb {2}\d/)
})

t.test('wrong arguments are told before anything is opened', async (t) => {
  for (const [args, message] of [
    [['--interval', '0'], /^top: expected --interval of 1ms or more, found "0"; see ipvs top --help$/],
    [['--interval', 'often'], /--interval.*"often"/],
    [['--count', '0'], /--count.*"0"/],
    [['--sort', 'size'], /connections, rate, bytes.*"size"/],
  ] as const) {
    const world = makeWorld()
    const open = async () => t.fail('opened') as never
    t.equal(await cli(['top', ...args], { ...world.io, open }), 64)
    t.match(world.stderr().replace('ipvs: ', '').trimEnd(), message)
  }
})

t.test('an interrupt is status 130 and no message', async (t) => {
  const world = makeWorld()
  const ended = cli(['top', '--interval', '1h'], world.io)
  while (world.stdout() === '') await turn()
  world.interrupt()
  t.equal(await ended, 130)
  t.equal(world.stderr(), '')
})
