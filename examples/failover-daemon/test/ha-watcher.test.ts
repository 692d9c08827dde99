import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { until } from './until.js'

const stallMs = 500

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
    // One that nobody has waited for yet is a zombie.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** A daemon, its watcher and the file. */
async function started(t: Test, before?: string) {
  const folder = mkdtempSync(join(tmpdir(), 'watcher-'))
  const path = join(folder, 'standing')
  if (before !== undefined) writeFileSync(path, before)
  const daemon = spawn(process.execPath, ['examples/failover-daemon/test/watched-program.mjs', path, String(stallMs)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.teardown(async () => {
    if (isAlive(daemon.pid ?? 0)) daemon.kill('SIGKILL')
    if (watcher !== undefined) await until(() => !isAlive(watcher))
    rmSync(folder, { recursive: true })
  })
  const lines: string[] = []
  createInterface(daemon.stdout).on('line', (line) => lines.push(line))
  await until(() => lines.length > 0)
  const watcher = Number(lines[0]?.replace('pid ', ''))
  const file = () => (existsSync(path) ? readFileSync(path, 'utf8') : undefined)
  const tell = async (value: string) => {
    daemon.stdin.write(`${value}\n`)
    if (value !== '') await until(() => file() === `${value}\n`)
  }
  return { daemon, watcher, path, file, lines, tell }
}

t.test('the file has what the daemon tells, as soon as it is told', async (t) => {
  const { file, tell } = await started(t)
  t.equal(file(), undefined, 'nothing yet')
  for (const value of ['-2', '0', '-1']) {
    await tell(value)
    t.equal(file(), `${value}\n`)
  }
})

t.test('a daemon that is stopped is sick within stall, and what it was when it goes on', async (t) => {
  const { daemon, file, tell } = await started(t)
  await tell('0')
  daemon.kill('SIGSTOP')
  const tookMs = await until(() => file() === '-2\n')
  t.ok(tookMs > stallMs / 2 && tookMs < stallMs * 2, `${Math.round(tookMs)} ms`)
  daemon.kill('SIGCONT')
  await until(() => file() === '0\n')
})

t.test('a daemon that starts, and has no opinion, changes nothing; one that is stopped then is sick', async (t) => {
  const { daemon, file } = await started(t, '0\n')
  await sleep(3 * stallMs)
  t.equal(file(), '0\n')
  daemon.kill('SIGSTOP')
  await until(() => file() === '-2\n')
  daemon.kill('SIGCONT')
})

for (const signal of ['SIGKILL', 'SIGTERM'] as const)
  t.test(`a daemon that ends by ${signal} leaves the file, and its watcher ends`, async (t) => {
    const { daemon, watcher, file, tell } = await started(t)
    await tell('0')
    daemon.kill(signal)
    await until(() => !isAlive(watcher))
    t.equal(file(), '0\n')
  })

t.test('a daemon that is killed in a handover does not leave keepalived in FAULT', async (t) => {
  const { daemon, watcher, file, tell } = await started(t)
  await tell('-6')
  daemon.kill('SIGKILL')
  await until(() => !isAlive(watcher))
  t.equal(file(), '-1\n')
})

t.test('signals for all of a group end no watcher before its daemon', async (t) => {
  const { watcher, file, tell } = await started(t)
  await tell('0')
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(watcher, signal)
  await tell('-1')
  t.equal(file(), '-1\n')
})

t.test('a file that somebody removes or changes is written again', async (t) => {
  const { path, file, tell } = await started(t)
  await tell('-2')
  rmSync(path)
  await until(() => file() === '-2\n')
  writeFileSync(path, '')
  await until(() => file() === '-2\n')
})

t.test('a watcher that is killed is replaced, and told of', async (t) => {
  const { watcher, file, lines, path, tell } = await started(t)
  await tell('0')
  process.kill(watcher, 'SIGKILL')
  await until(() => lines.includes('problem the watcher has ended: SIGKILL'))
  rmSync(path)
  await until(() => file() === '0\n')
  await until(() => lines.at(-1) === 'problem undefined')
})

t.test('what cannot be written is said', async (t) => {
  const { path, lines, tell } = await started(t)
  await tell('0')
  rmSync(dirname(path), { recursive: true })
  await until(() => lines.some((line) => line.startsWith('problem the track file cannot be written: ENOENT')))
  mkdirSync(dirname(path))
  await until(() => lines.at(-1) === 'problem undefined')
})
