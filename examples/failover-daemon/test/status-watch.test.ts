import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { Terminal } from '../../../test/cli/terminal.js'
import { readStatus, watchStatus } from '../src/commands/status-watch.js'
import type { Watching } from '../src/commands/status-watch.js'
import type { Status } from '../src/status-schema.js'
import { eventStatus, serverStatus, serviceStatus, statusOf } from './snapshots.js'

const snapshot = (state: 'online' | 'failed', count = 1): Status =>
  statusOf([serviceStatus(Array.from({ length: count }, (_, i) => serverStatus(`192.0.2.${i + 1}:80`, { state })))])

/** `status --watch` of a daemon whose answers the test gives; it looks again when the test says so. */
async function start(
  answers: readonly (Status | Error)[],
  { json = false, terminal }: { json?: boolean; terminal?: Terminal } = {},
) {
  let [stdout, stderr] = ['', '']
  const ending = new AbortController()
  const left = [...answers]
  let next = () => {}
  const watching: Watching = {
    intervalMs: 1000,
    json,
    read() {
      const answer = left.shift() ?? new Error('no more answers')
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
    },
    pause: (_, signal) =>
      new Promise((resolve, reject) => {
        next = resolve
        signal.addEventListener('abort', () => reject(signal.reason as Error))
      }),
  }
  const io = {
    stdout: terminal ?? { write: (text: string) => (stdout += text) },
    onKey: terminal?.onKey,
    env: {},
    signal: ending.signal,
  }
  const ended = watchStatus(watching, io, { write: (text) => (stderr += text) })
  ended.catch(() => {})
  await turn()
  return {
    ended,
    interrupt: () => ending.abort('SIGINT'),
    look: async () => {
      next()
      await turn()
    },
    stdout: () => stdout,
    stderr: () => stderr,
  }
}

t.test('a terminal shows the snapshot in place, each time as it is, until q or Ctrl-C', async (t) => {
  for (const key of ['q', '\x03']) {
    const terminal = new Terminal(100, 20)
    const { look, ended } = await start([snapshot('online'), snapshot('failed')], { terminal })
    t.match(terminal.text, /^ipvs-failover status {2}\d\d:\d\d:\d\d {2}every 1s {2}q quit\n\ndirector1 /)
    t.match(terminal.text, /\n {2}192\.0\.2\.1:80 {2}online /)
    t.equal(terminal.text.split('\n').length, 5)
    await look()
    t.match(terminal.text, /\n {2}192\.0\.2\.1:80 {2}failed /)
    t.equal(terminal.text.split('\n').length, 5)
    terminal.press(key)
    await ended
    t.ok(terminal.isRestored)
    t.equal(terminal.text, '')
    t.equal(terminal.written.split('\x1b[?1049h').length, 2, 'the screen is entered once, and drawn over')
    t.notMatch(terminal.written, '\x1b[2J', 'and never erased')
  }
})

t.test('a frame stays within height and width', async (t) => {
  const terminal = new Terminal(30, 8)
  const many = { ...snapshot('failed', 40), events: [eventStatus(1)] }
  const { look, ended } = await start([many, snapshot('online', 40)], { terminal })
  const lines = terminal.text.split('\n')
  t.equal(lines.length, 8)
  t.match(lines.at(-1), /^\d+ more lines do not fit$/)
  await look()
  t.equal(terminal.text.split('\n').length, 8)
  t.match(terminal.text, /\n {2}and 37 that are online$/)
  terminal.press('q')
  await ended
})

t.test('a daemon that goes away is shown, with what it said last, and it goes on when it is back', async (t) => {
  const terminal = new Terminal(100, 20)
  const { look, ended } = await start([snapshot('online'), new Error('no daemon answers at /x'), snapshot('failed')], {
    terminal,
  })
  await look()
  t.match(terminal.text, /q quit\n! no daemon answers at \/x\n\ndirector1 [^]*192\.0\.2\.1:80 {2}online/)
  await look()
  t.notMatch(terminal.text, 'no daemon')
  t.match(terminal.text, /192\.0\.2\.1:80 {2}failed/)
  terminal.press('q')
  await ended
})

t.test('elsewhere snapshots follow each other, with an empty line between them', async (t) => {
  const { look, interrupt, ended, stdout } = await start([
    snapshot('online'),
    new Error('it is away'),
    snapshot('failed'),
  ])
  await look()
  await look()
  interrupt()
  await ended
  t.match(stdout().split('\n'), [
    /^director1/,
    /^tcp/,
    / online /,
    '',
    '! it is away',
    '',
    /^director1/,
    /^tcp/,
    / failed /,
    '',
  ])
})

t.test('--json is one document a line, on a terminal, too; that there is none is said once', async (t) => {
  const away = new Error('it is away')
  const answers = [snapshot('online'), away, away, snapshot('failed'), away]
  const { look, interrupt, ended, stdout, stderr } = await start(answers, { json: true })
  for (let looks = 1; looks < answers.length; looks++) await look()
  interrupt()
  await ended
  const lines = stdout().trimEnd().split('\n')
  t.strictSame(
    lines.map((line) => JSON.parse(line) as Status),
    [snapshot('online'), snapshot('failed')],
  )
  t.equal(stderr(), 'ipvs-failover: it is away\n'.repeat(2), 'each time that it goes')
})

t.test('a daemon that is not there at first is a mistake, and the terminal is left alone', async (t) => {
  const terminal = new Terminal(100, 20)
  const { ended } = await start([new Error('no daemon answers at /x')], { terminal })
  await t.rejects(ended, { message: 'ipvs-failover: no daemon answers at /x', status: 1 })
  t.equal(terminal.written, '')
})

t.test('an end while the daemon is asked is an end', async (t) => {
  const ending = new AbortController()
  const read = (signal: AbortSignal) =>
    new Promise<Status>((_, reject) => signal.addEventListener('abort', () => reject(new Error('withdrawn'))))
  const io = { stdout: { write: () => t.fail('nothing is shown') }, env: {}, signal: ending.signal }
  const ended = watchStatus({ intervalMs: 1, json: false, read }, io, io.stdout)
  ending.abort('SIGINT')
  t.equal(await ended, undefined)
})

t.test('a daemon that takes a connection and says nothing does not answer', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'watch-'))
  const path = join(folder, 'control.sock')
  const server = createServer(() => {}).listen(path)
  t.teardown(() => {
    server.close()
    rmSync(folder, { recursive: true })
  })
  const never = new AbortController().signal
  await t.rejects(readStatus(path, never, 20), { message: `the daemon at ${path} does not answer within 20 ms` })
  await t.rejects(readStatus(join(folder, 'none'), never), { message: /^no daemon answers at .*: connect ENOENT/ })
})
