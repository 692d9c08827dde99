import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { cli } from '../src/cli.js'

const servers = (forwarding: string, address: string) =>
  `forwarding: ${forwarding}\n    servers: ['${address}']\n    check: { type: tcp }\n`
const direct = `services:
  - virtual: 192.0.2.100:80
    ${servers('direct', '192.0.2.11')}  - virtual: 192.0.2.100:443
    ${servers('direct', '192.0.2.11')}  - virtual: '[2001:db8::100]:80'
    ${servers('direct', '2001:db8::11')}  - virtual: 192.0.2.101:80
    ${servers('masquerade', '192.0.2.11')}`
const tunnel = `  - virtual: 192.0.2.102:80\n    ${servers('tunnel', '192.0.2.11')}`

async function script(directory: string, yaml: string): Promise<string> {
  const file = join(directory, 'failover.yaml')
  let text = ''
  const stdout = { write: (part: string) => (text += part) }
  const status = await cli(['real-server-script', '-c', file], { stdout, stderr: stdout })
  if (status !== 0) throw new Error(`${text}\nof\n${yaml}`)
  return text
}

const skipShell = spawnSync('shellcheck', ['--version']).status === 0 ? false : 'shellcheck is not installed'
t.test('shellcheck and dash have nothing to say about it', { skip: skipShell }, async (t) => {
  const yaml = direct + tunnel
  const text = await script(t.testdir({ 'failover.yaml': yaml }), yaml)
  t.match(text, /ip link set dev tunl0 up/)
  t.match(text, /ipv4\/conf\/tunl0\/rp_filter 0/)
  t.notMatch(text, /192\.0\.2\.101/, 'masquerading needs no address there')
  const checked = spawnSync('shellcheck', ['-s', 'sh', '-'], { input: text, encoding: 'utf8' })
  t.match(checked, { status: 0, stdout: '' })
  t.equal(spawnSync('dash', ['-n'], { input: text }).status, 0)
})

const namespaces = spawnSync('unshare', ['-n', 'ip', 'link', 'set', 'lo', 'up']).status === 0
const skip = namespaces ? false : 'needs root and network namespaces'
t.test('run twice it leaves what it left once; --remove undoes it', { skip }, async (t) => {
  const directory = t.testdir({ 'failover.yaml': direct })
  const text = await script(directory, direct)
  const state = (name: string) =>
    `ip -j addr show dev lo >${name}.addr; cat /proc/sys/net/ipv4/conf/all/arp_* /proc/sys/net/ipv4/conf/lo/arp_* >${name}.arp`
  const program = ['set -e', 'ip link set lo up', state('before'), 'dash -s <script', state('once')]
  program.push('dash -s <script', state('twice'), 'dash -s -- --remove <script', state('after'))
  program.push('dash -s -- --remove <script')
  writeFileSync(join(directory, 'script'), text)
  const ran = spawnSync('unshare', ['-n', 'sh', '-c', program.join('\n')], { cwd: directory, encoding: 'utf8' })
  t.match(ran, { status: 0, stderr: '' })
  const read = (name: string) => readFileSync(join(directory, name), 'utf8')
  const addresses = (name: string) =>
    (JSON.parse(read(`${name}.addr`)) as { addr_info: { local: string; prefixlen: number }[] }[])
      .flatMap(({ addr_info }) => addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`))
      .sort()
  t.strictSame(addresses('once'), ['127.0.0.1/8', '192.0.2.100/32', '2001:db8::100/128', '::1/128'])
  t.strictSame(addresses('twice'), addresses('once'))
  t.equal(read('twice.arp'), read('once.arp'))
  t.not(read('once.arp'), read('before.arp'))
  t.strictSame(addresses('after'), addresses('before'))
  t.equal(read('after.arp'), read('before.arp'))
})
