/** notifySystemd() against a socket of another program. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { notifySystemd } from '../lib/system/index.js'

const folder = await mkdtemp(join(tmpdir(), 'ipvs-notify-'))
t.teardown(() => rm(folder, { recursive: true }))
t.afterEach(() => delete process.env['NOTIFY_SOCKET'])

/** A service manager: prints each datagram in hexadecimal once it is told to. */
const manager = `
import socket, sys
listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listening.bind(sys.argv[1].replace("@", "\\0", 1))
print("ready", flush=True)
for line in sys.stdin:
    print(listening.recv(65536).hex(), flush=True)
`

/** Starts one that listens there, and gives back how to read the next datagram. */
async function listen(t: Test, name: string): Promise<() => Promise<string>> {
  const child = spawn('python3', ['-c', manager, name], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => child.kill())
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  await lines.next()
  process.env['NOTIFY_SOCKET'] = name
  return async () => {
    child.stdin.write('\n')
    return Buffer.from(String((await lines.next()).value), 'hex').toString()
  }
}

const names = { path: join(folder, 'notify'), abstract: `@ipvs-notify-${process.pid}` }
for (const [kind, name] of Object.entries(names)) {
  t.test(`a state arrives byte by byte at a socket that is ${kind}`, async (t) => {
    const received = await listen(t, name)
    for (const state of ['READY=1', 'STATUS=2 von 3 Servern, schön\nWATCHDOG=1', `X=${'y'.repeat(4094)}`]) {
      t.equal(notifySystemd(state), true)
      t.equal(await received(), state)
    }
  })
}

t.test('a manager that has fallen behind holds up nothing', async (t) => {
  const received = await listen(t, join(folder, 'full'))
  const fill = () => {
    for (let i = 0; i < 100_000; i++) notifySystemd('WATCHDOG=1')
  }
  t.throws(fill, { code: 'EAGAIN', syscall: 'notifySystemd', message: /NOTIFY_SOCKET/ })
  t.equal(await received(), 'WATCHDOG=1')
  t.equal(notifySystemd('READY=1'), true, 'goes on once there is room')
})

t.test('without a service manager it is false', async (t) => {
  t.equal(notifySystemd('READY=1'), false)
  process.env['NOTIFY_SOCKET'] = ''
  t.equal(notifySystemd('READY=1'), false)
})

t.test('a manager that is not there is an error', async (t) => {
  process.env['NOTIFY_SOCKET'] = join(folder, 'nosuch')
  t.throws(() => notifySystemd('READY=1'), { code: 'ENOENT', message: /nosuch/ })
  process.env['NOTIFY_SOCKET'] = '@nosuch-ipvs-notify'
  t.throws(() => notifySystemd('READY=1'), { code: 'ECONNREFUSED' })
})

t.test('what is no place for a socket is refused', async (t) => {
  for (const wrong of ['notify', './notify', '@', '/', 'vsock:2:1', `/${'x'.repeat(107)}`, `@${'x'.repeat(107)}`]) {
    process.env['NOTIFY_SOCKET'] = wrong
    t.throws(() => notifySystemd('READY=1'), { code: 'ERR_INVALID_ARG_VALUE', message: /^\$NOTIFY_SOCKET: expected/ })
  }
})

t.test('what is no state is refused, under a service manager or not', async (t) => {
  for (const wrong of ['', 'READY', 'ready=1', 'READY=1\0', `X=${'y'.repeat(4095)}`, 1, undefined]) {
    t.throws(() => notifySystemd(wrong as string), { name: 'TypeError', message: /^state: expected/ })
  }
})
