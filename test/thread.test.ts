/** The handle's thread is found in /proc, whichever /proc that is: connections() reads the connection table there. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

const root = join(import.meta.dirname, '..')
// One level below the root: lib/native.ts looks for the addon in the folder above its own.
const program = join(root, '.bundle', 'thread-program.mjs')
const run = promisify(execFile)

await run(process.execPath, ['rig/bundle.mjs', 'test/thread/program.ts', program], { cwd: root })

/** What the program prints in a network namespace of its own, and in these. */
async function printed(namespaces: readonly string[], prepare = ':'): Promise<string> {
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user']
  const shell = ['sh', '-euc', `${prepare}; exec "$0" "$1"`, process.execPath, program]
  const env = { PATH: process.env['PATH'] } // not tap's loader
  const { stdout } = await run('unshare', [...asRoot, '--net', ...namespaces, ...shell], { env })
  return stdout.trim()
}

t.test("in the process's own PID namespace", async (t) => {
  t.equal(await printed([]), 'ipvs')
})

t.test('in a PID namespace of its own with its own /proc', async (t) => {
  t.equal(await printed(['--pid', '--fork', '--mount-proc']), 'ipvs')
})

t.test("in a PID namespace of its own with its parent's /proc, as after nsenter --pid", async (t) => {
  t.equal(await printed(['--pid', '--fork']), 'ipvs')
})

t.test('without /proc the error says so', async (t) => {
  const message = 'connections: there is no /proc here that has this process; mount it (ENOENT)'
  t.equal(await printed(['--mount'], 'mount -t tmpfs none /proc'), message)
})
