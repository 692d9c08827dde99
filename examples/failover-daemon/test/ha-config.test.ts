import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { stringify } from 'yaml'
import { cli } from '../src/cli.js'
import { someHost } from '../src/config-problems.js'
import type { HostFacts } from '../src/config-problems.js'
import type { HaConfig } from '../src/ha/config.js'
import { keepalivedInclude } from '../src/ha/keepalived.js'
import { ConfigError } from '../src/parse-config.js'
import { parseConfig } from './judged-config.js'

const service = (virtual: string, servers: readonly string[], more: object = {}) => ({
  virtual,
  forwarding: 'direct',
  servers,
  check: { type: 'tcp' },
  ...more,
})
const services = [
  service('192.0.2.100:80', ['192.0.2.11', '192.0.2.12']),
  service('192.0.2.100:443', ['192.0.2.11']),
  service('[2001:db8:0:2::100]:80', ['2001:db8:0:2::11']),
]
const least = { interface: 'eth0', routerId: 51 }

const parsed = (ha: object, file: object = {}, host: HostFacts = someHost) =>
  parseConfig(stringify({ services, ha, ...file }), 'f.yaml', host)

function wanted(ha: object): HaConfig {
  const config = parsed(ha).ha
  if (config === undefined) throw new Error('no ha')
  return config
}

function mistakes(ha: object, file: object = {}, host: HostFacts = someHost): readonly string[] {
  try {
    parsed(ha, file, host)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.lines.map((line) => line.replace(/^f\.yaml:\d+:\d+: /, ''))
    throw error
  }
}

t.test('two lines are enough', async (t) => {
  t.strictSame(parsed(least).ha, {
    ...least,
    priority: 120,
    vips: ['192.0.2.100', '2001:db8:0:2::100'],
    peers: [],
    advertIntervalMs: 100,
    preempt: true,
    graceMs: 10_000,
    stallMs: 3000,
    sync: { interface: 'eth0', id: 51 },
    runDirectory: '/run/ipvs-failover',
    include: '/etc/keepalived/ipvs-failover.conf',
  })
  t.equal(parseConfig(stringify({ services }), 'f.yaml').ha, undefined)
})

t.test('sync daemons: elsewhere, with a number of their own, or left alone', async (t) => {
  t.strictSame(parsed({ ...least, sync: { interface: 'eth1' } }).ha?.sync, { interface: 'eth1', id: 51 })
  t.strictSame(parsed({ ...least, sync: { id: 7 } }).ha?.sync, { interface: 'eth0', id: 7 })
  t.equal(parsed({ ...least, sync: false }).ha?.sync, undefined)
})

t.test('which address adverts carry does not depend on the order of the file', async (t) => {
  const first = (vips: readonly string[], peers: readonly string[] = []) =>
    parsed({ ...least, vips, peers }).ha?.vips[0]
  const [v4, v6] = ['192.0.2.100', '2001:db8:0:2::100']
  for (const vips of [
    [v4, v6],
    [v6, v4],
  ]) {
    t.equal(first(vips), v4)
    t.equal(first(vips, ['192.0.2.2']), v4)
    t.equal(first(vips, ['2001:db8:0:2::2']), v6, 'and is of the family of the peers')
  }
})

t.test('a server is neither a virtual address nor another director', async (t) => {
  const withServer = (address: string) => ({ services: [...services, service('192.0.2.101:80', [address])] })
  t.match(mistakes(least, withServer('192.0.2.100')), [
    /^services\[3\]\.servers\[0\]: expected a real server, which no virtual address is: .*, found "?192\.0\.2\.100/,
  ])
  t.match(mistakes(least, withServer('192.0.2.101')), [/no virtual address/], 'nor its own')
  const withPeer = { ...least, peers: ['192.0.2.2'] }
  t.match(mistakes(withPeer, withServer('192.0.2.2')), [/^services\[3\]\.servers\[0\]: expected .* no other director/])
  t.strictSame(mistakes(withPeer, withServer('192.0.2.2'), { ...someHost, backupOnly: true }), [])
  const sorry = { services: [service('192.0.2.100:80', ['192.0.2.11'], { sorry: '192.0.2.100' })] }
  t.match(mistakes(least, sorry), [/^services\[0\]\.sorry: expected a real server, which no virtual/])
  t.strictSame(mistakes(least, withServer('192.0.2.13')), [])
})

t.test('no tunnel mixes families while there are sync daemons', async (t) => {
  const mixed = { services: [service('192.0.2.100:80', ['2001:db8:0:2::11'], { forwarding: 'tunnel' })] }
  t.match(mistakes(least, mixed), [
    /^services\[0\]\.servers\[0\]: expected an address of the service's family, or ha\.sync/,
  ])
  t.strictSame(mistakes({ ...least, sync: false }, mixed), [])
})

t.test('addresses of directors and VIPs go together', async (t) => {
  t.match(mistakes({ ...least, vips: ['192.0.2.99'] }), [/^ha\.vips\[0\]: expected a virtual address of a service/])
  t.match(mistakes({ ...least, vips: ['192.0.2.100', '192.0.2.100'] }), [/^ha\.vips\[1\]: expected each address once/])
  t.match(mistakes({ ...least, peers: ['192.0.2.2', '192.0.2.2'] }), [/^ha\.peers\[1\]: expected each peer once/])
  t.match(mistakes({ ...least, peers: ['192.0.2.2', '2001:db8::2'] }), [
    /^ha\.peers\[1\]: expected peers of one family/,
  ])
  t.match(mistakes({ ...least, peers: ['192.0.2.100'] }), [/^ha\.peers\[0\]: expected another director's own address/])
  t.match(mistakes({ ...least, vips: ['192.0.2.100'], peers: ['2001:db8::2'] }), [/^ha\.peers: .*a family that one of/])
})

t.test('what is no such thing is refused, with its place', async (t) => {
  for (const [field, value] of [
    ['interface', 'eth0\n}'],
    ['interface', 'an interface'],
    ['interface', 'abcdefghijklmnop'],
    ['routerId', 0],
    ['routerId', 256],
    ['priority', 100],
    ['priority', 151],
    ['advertInterval', '15ms'],
    ['advertInterval', '2s'],
    ['stall', '100ms'],
    ['runDirectory', '/run/{x}'],
    ['runDirectory', 'run'],
    ['peers', ['director2']],
    ['nopreempt', true],
  ] as const)
    t.match(
      mistakes({ ...least, [field]: value }),
      [new RegExp(`^ha\\.${field}.*: expected `)],
      `${field}: ${value.toString()}`,
    )
})

/** Every line that an include may have; of what a file says, words of letters, digits and a few more. */
const grammar =
  /^(# Written by .*|(global_defs|(track_file|vrrp_instance) ipvs_failover| {2}(unicast_peer|virtual_ipaddress(_excluded)?|track_file)) \{|( {2})?\}| {2,4}[a-z_]+( -?[\w./-]+)?| {4}[\da-f.:]+(\/\d+)?|)$/

t.test('whatever a file says, the include has no line more than it should', async (t) => {
  const hostile = fc.string({ unit: fc.constantFrom(...'ab0.:/-_ \n\r\t{}"\'#!$@%\\\0\u2028é'), maxLength: 20 })
  const word = fc.oneof(hostile, fc.string(), fc.string({ unit: 'binary' }))
  // Mostly right, or nothing would get as far as the include.
  const some = (...right: readonly unknown[]) =>
    fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom(...right) },
      { weight: 1, arbitrary: fc.oneof(word, fc.integer()) },
    )
  const field = fc.record(
    {
      interface: some('eth0', 'a.b-c_d'),
      routerId: some(51),
      priority: some(101, 150),
      advertInterval: some('10ms', '1s'),
      runDirectory: fc.oneof(
        fc.constant('/run/x'),
        hostile.map((text) => `/${text}`),
      ),
      peers: fc.uniqueArray(some('192.0.2.2', '192.0.2.3'), { maxLength: 2 }),
      vips: fc.uniqueArray(some('192.0.2.100', '2001:db8:0:2::100'), { minLength: 1, maxLength: 2 }),
      sync: fc.oneof(fc.boolean(), fc.record({ interface: some('eth1'), id: some(1) })),
    },
    { requiredKeys: ['interface', 'routerId'] },
  )
  let taken = 0
  fc.assert(
    fc.property(field, (ha) => {
      let config
      try {
        config = parseConfig(stringify({ services, ha }), 'f.yaml').ha
      } catch (error) {
        if (error instanceof ConfigError) return
        throw error
      }
      if (config === undefined) return
      taken++
      const lines = keepalivedInclude(config).split('\n')
      const wrong = lines.filter((line) => !grammar.test(line))
      const [peers, others] = [config.peers.length, config.vips.length - 1]
      const length = 29 + (peers && peers + 2) + (others && others + 2)
      if (wrong.length > 0 || lines.length !== length)
        throw new Error(`${lines.length} of ${length} lines: ${wrong.join()}`)
    }),
    { numRuns: 200 },
  )
  t.ok(taken > 30, `${taken} of them were taken`)
})

const installed = spawnSync('keepalived', ['--version']).status === 0
const ownNamespace = spawnSync('unshare', ['-n', 'true']).status === 0

t.test('keepalived takes it', { skip: !(installed && ownNamespace) && 'needs root and keepalived' }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ha-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'keepalived.conf')
  for (const ha of [
    least,
    { ...least, peers: ['192.0.2.2', '192.0.2.3'], advertInterval: '10ms', priority: 150 },
    { ...least, peers: ['2001:db8:0:2::2'], vips: ['2001:db8:0:2::100'] },
  ]) {
    const text = keepalivedInclude(wanted({ ...ha, runDirectory: folder }))
    const judged = (config: string) => {
      writeFileSync(file, config)
      const script = 'ip link add eth0 type veth peer name eth1 && exec keepalived --config-test --use-file "$0"'
      return spawnSync('unshare', ['-n', 'sh', '-c', script, file], { encoding: 'utf8' })
    }
    t.match(judged(text), { status: 0, stderr: '' }, text)
    t.not(judged(text.replace('virtual_router_id', 'virtual_router')).stderr, '', 'and it does judge')
  }
})

t.test('the command prints the include, or writes it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ha-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'failover.yaml')
  const run = async (...args: readonly string[]) => {
    let [stdout, stderr] = ['', '']
    const output = {
      stdout: { write: (text: string) => (stdout += text) },
      stderr: { write: (text: string) => (stderr += text) },
    }
    return { status: await cli(['keepalived', '-c', file, ...args], output), stdout, stderr }
  }
  writeFileSync(file, stringify({ services, ha: least }))
  const text = keepalivedInclude(wanted(least))
  t.strictSame(await run(), { status: 0, stdout: text, stderr: '' })
  const path = join(folder, 'ipvs-failover.conf')
  for (const before of ['', 'something else']) {
    if (before !== '') writeFileSync(path, before)
    t.strictSame(await run('--output', path), { status: 0, stdout: '', stderr: '' })
    t.equal(readFileSync(path, 'utf8'), text)
    t.equal(statSync(path).mode & 0o777, 0o644)
  }
  t.match(await run('--output', join(folder, 'none', 'x')), { status: 1, stderr: /ENOENT/ })
  writeFileSync(file, stringify({ services }))
  t.match(await run('--output', path), { status: 2, stdout: '', stderr: /ha: expected/ })
  t.equal(readFileSync(path, 'utf8'), text, 'which changes nothing')
})
