import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'

// Tests run bundled, in the root.
const root = process.cwd()
const main = join(root, 'examples/failover-daemon/bin/ipvs-failover.js')

/** Has the daemon find an in-memory kernel where it looks for IPVS. */
const kernel = `export * from '${import.meta.resolve('ipvs')}'
import { createTestKernel } from '${import.meta.resolve('ipvs/testing')}'
export const open = async () => createTestKernel().open()
`
const hooks = `export const resolve = (name, context, next) =>
  name === 'ipvs' && context.parentURL.includes('/commands/')
    ? { url: new URL('kernel.mjs', import.meta.url).href, shortCircuit: true }
    : next(name, context)
`
const preload = `import { register } from 'node:module'
register('./hooks.mjs', import.meta.url)
`
const yaml = (folder: string) => `stateDirectory: ${folder}
controlSocket: ${folder}/run/control.sock
alerts: [{ exec: { command: ${folder}/hanging.alert, timeout: 10m } }]
services:
  - virtual: 192.0.2.100:80
    forwarding: masquerade
    servers: [127.0.0.1:9]
    check: { type: tcp, interval: 200ms, timeout: 100ms, fall: 1 }
`

t.test('an alert that hangs does not keep a daemon that was told to end', async (t) => {
  // Short, as the path of a socket has to be.
  const folder = mkdtempSync(join(tmpdir(), 'end-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const alert = join(folder, 'hanging.alert')
  const files = { 'kernel.mjs': kernel, 'hooks.mjs': hooks, 'preload.mjs': preload, 'failover.yaml': yaml(folder) }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  writeFileSync(alert, '#!/bin/sh\necho $$ >"$0.pid"\nexec sleep 60\n')
  chmodSync(alert, 0o755)
  // In a network namespace of its own: another daemon may run in this one.
  const daemon = ['--import', join(folder, 'preload.mjs'), main, 'run', '-c', join(folder, 'failover.yaml')]
  const inside = 'ip link set lo up && exec "$0" "$@"'
  const child = spawn('unshare', ['-rn', 'sh', '-c', inside, process.execPath, ...daemon], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) if (/"to":"failed"/.test(line)) break
  while (!existsSync(`${alert}.pid`) && child.exitCode === null) await sleep(20)
  child.kill('SIGTERM')
  t.strictSame(await exit, [0, null])
  const program = Number(readFileSync(`${alert}.pid`, 'utf8'))
  t.ok(process.kill(program, 'SIGKILL'), 'the program would have gone on')
})
