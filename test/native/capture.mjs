// Writes test/native/corpus anew: what the kernels of the rig answer. Run it when native/ asks for something new:
//   node test/native/capture.mjs
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const corpus = join(import.meta.dirname, 'corpus')

/** @param {string} command @param {string[]} args */
const run = (command, args) =>
  execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

run('make', ['-s', '-C', 'test/native', 'capture'])
rmSync(corpus, { recursive: true, force: true })
mkdirSync(corpus)
for (const kernel of ['6.1', '6.12']) {
  const recording = [
    'modprobe ip_vs',
    'ip link set lo up',
    'ip link add eth0 type dummy',
    'ip address add 2001:db8:1::1/64 dev eth0 nodad',
    'ip address add 198.51.100.1/24 dev eth0',
    'ip link set eth0 up multicast on',
    '.bundle/native/capture',
  ].join(' && ')
  const lines = run('rig/vm', ['--kernel', kernel, '--', 'sh', '-c', recording]).trim().split('\n')
  for (const line of lines) {
    const [name, hex] = line.split(' ')
    writeFileSync(join(corpus, `${name}-linux-${kernel}`), Buffer.from(hex, 'hex'))
  }
  console.log(`${lines.length} replies of Linux ${kernel}`)
}
