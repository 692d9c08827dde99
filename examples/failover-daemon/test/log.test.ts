import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import type { Test } from 'tap'

const program = join(process.cwd(), 'examples/failover-daemon/test/log-program.mjs')

/** The program with its log on `stdout`; collects what it says on stderr. */
function start(lines: number, stdout: 'pipe' | number) {
  const child: ChildProcess = spawn(process.execPath, [program, String(lines)], { stdio: ['ignore', stdout, 'pipe'] })
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
  const beats = () => said.split('alive').length - 1
  return {
    child,
    /** Until the event loop has turned so many times more. */
    alive: async (more: number) => {
      const wanted = beats() + more
      for (let patience = 200; beats() < wanted; patience--) {
        if (patience === 0) throw new Error(`the loop stands still: ${said}`)
        await setTimeout(50)
      }
    },
    /** Ends it by SIGTERM; gives status and milliseconds. */
    stop: async () => {
      const from = performance.now()
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      const late = setTimeout(10_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'))
      const [status] = (await Promise.race([exited, late.then(() => exited)])) as [number | null]
      return { status, ms: performance.now() - from }
    },
  }
}

/** A pipe, not the socket that spawn() makes; this process reads when it wants. */
function pipe(t: Test) {
  const path = join(t.testdir({}), 'pipe')
  spawnSync('mkfifo', [path])
  const from = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const to = openSync(path, constants.O_WRONLY)
  t.teardown(() => [from, to].forEach((fd) => closeSync(fd)))
  return { from, to }
}

interface Line {
  readonly n?: number
  readonly dropped?: number
  readonly msg: string
}
const parsed = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)

for (const kind of ['pipe', 'socket'])
  t.test(`a reader that stalls does not stop the loop, nor the end by SIGTERM: ${kind}`, async (t) => {
    const { alive, stop } = start(5000, kind === 'pipe' ? pipe(t).to : 'pipe')
    await alive(3)
    const { status, ms } = await stop()
    t.equal(status, 0)
    t.ok(ms < 3000, `${Math.round(ms)} ms`)
  })

t.test('when the reader reads again it is told how many lines it has lost', async (t) => {
  const { from, to } = pipe(t)
  const { alive, stop } = start(5000, to)
  await alive(3)
  const chunks: Buffer[] = []
  const read = () => {
    const buffer = Buffer.alloc(1 << 20)
    try {
      for (;;) chunks.push(Buffer.from(buffer.subarray(0, readSync(from, buffer))))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
  }
  const reading = setInterval(read, 10)
  for (let patience = 200; patience > 0 && !Buffer.concat(chunks).includes('dropped'); patience--) await setTimeout(50)
  t.equal((await stop()).status, 0)
  clearInterval(reading)
  read()
  const lines = parsed(Buffer.concat(chunks).toString())
  const kept = lines.filter(({ n }) => n !== undefined)
  t.ok(
    kept.every(({ n }, index) => n === index),
    'the oldest lines, whole and in order',
  )
  t.ok(kept.length >= 900 && kept.length <= 1100, `about 1 MiB: ${kept.length} lines`)
  t.match(lines.slice(kept.length), [{ dropped: 5000 - kept.length, msg: 'log lines were dropped' }, { msg: 'ended' }])
})

t.test('a reader that reads has every line at once, and the last ones at the end', async (t) => {
  const { child, alive, stop } = start(3, 'pipe')
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await alive(2)
  t.match(parsed(text), [{ n: 0 }, { n: 1 }, { n: 2 }])
  const closed = once(child, 'close')
  const { status, ms } = await stop()
  await closed
  t.equal(status, 0)
  t.ok(ms < 900, 'without the wait for a reader that stalls')
  t.match(parsed(text).slice(3), [{ msg: 'ended' }])
})

t.test('a reader that has gone does not end the daemon', async (t) => {
  const { child, alive, stop } = start(0, 'pipe')
  child.stdout?.destroy()
  await alive(3)
  t.equal((await stop()).status, 0)
  const many = start(5000, 'pipe')
  many.child.stdout?.destroy()
  await many.alive(3)
  t.equal((await many.stop()).status, 0)
})

t.test('a log in a file is whole', async (t) => {
  const path = join(t.testdir({}), 'log')
  const fd = openSync(path, 'a')
  t.teardown(() => closeSync(fd))
  const { alive, stop } = start(100, fd)
  await alive(1)
  t.equal((await stop()).status, 0)
  t.equal(parsed(readFileSync(path, 'utf8')).length, 101)
})
