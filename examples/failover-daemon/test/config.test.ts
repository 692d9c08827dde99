import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import type { ProgramCheck } from 'ipvs/health'
import t from 'tap'
import { someHost } from '../src/config-problems.js'
import { hasModule } from '../src/kernel-modules.js'
import { ConfigError } from '../src/parse-config.js'
import { parseConfig } from './judged-config.js'

const thisHost = {
  ...someHost,
  programProblem: (check: ProgramCheck) => check.problem(),
  hasScheduler: (name: string) => name === 'ours',
}

/** Parses a file of one service in which one line is replaced; gives the error lines. */
function errors(text: string): string {
  try {
    parseConfig(text, 'f.yaml', thisHost)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return ''
}

const base = `services:
  - virtual: 192.0.2.100:80
    scheduler: wlc
    forwarding: direct
    servers:
      - 192.0.2.11
      - { address: 192.0.2.12, weight: 2 }
    check:
      type: http
      interval: 2s
`
const changed = (from: string, to: string) => {
  if (!base.includes(from)) throw new Error(`no ${from} in the base`)
  return errors(base.replace(from, to))
}

t.test('the example is accepted', async (t) => {
  const file = 'examples/failover-daemon/failover.yaml'
  const config = parseConfig(readFileSync(file, 'utf8'), 'failover.yaml')
  t.match(config, { reconcileMs: 5000, services: [{ servers: { length: 3 } }, { servers: { length: 2 } }] })
})

t.test('defaults, units and shared parts', async (t) => {
  const config = parseConfig(base, 'f.yaml')
  t.strictSame(JSON.parse(JSON.stringify(config)), {
    services: [
      {
        spec: { protocol: 'tcp', address: '192.0.2.100', port: 80, scheduler: 'wlc' },
        forwarding: 'direct',
        sources: [
          { kind: 'address', address: '192.0.2.11', port: 80, weight: 1 },
          { kind: 'address', address: '192.0.2.12', port: 80, weight: 2 },
        ],
        about: {},
        complete: true,
        policy: {
          onFailure: 'remove',
          drainTimeoutMs: 300_000,
          quorum: { up: 1, hysteresis: 0 },
          maxEjected: 1,
          whenAllDown: 'keep',
          slowStartMs: 0,
          weightFromCheck: false,
          flapping: { changes: 6, withinMs: 300_000, holdMs: 120_000 },
          agree: 'own',
        },
        servers: [
          { address: '192.0.2.11', port: 80, forwarding: 'direct', weight: 1 },
          { address: '192.0.2.12', port: 80, forwarding: 'direct', weight: 2 },
        ],
        check: {
          type: 'http',
          path: '/',
          intervalMs: 2000,
          timeoutMs: 1000,
          rise: 2,
          fall: 3,
          tripwire: true,
        },
      },
    ],
    reconcileMs: 5000,
    guard: { share: 0.5, holdMs: 10_000 },
    resolveIntervalMs: 30_000,
    reloadOnChange: false,
    page: { listen: { address: '127.0.0.1', port: 9780 }, hosts: [], behindProxy: false },
    alerts: [],
    hooks: [],
    bird: { include: '/run/bird/ipvs-failover.conf', controlSocket: '/run/bird/bird.ctl' },
  })
  const shared = `services:
  - { virtual: 192.0.2.100:80, forwarding: masquerade, servers: [192.0.2.11:8080], check: &check { type: tcp, interval: 1.5s } }
  - { virtual: "[2001:DB8:0::0:1]:53", protocol: udp, forwarding: tunnel, persistence: 5m, servers: [192.0.2.11, 2001:db8::2], check: *check }
`
  const [first, second] = parseConfig(shared, 'f.yaml').services
  t.equal(first?.servers[0]?.port, 8080)
  t.match(second, { spec: { address: '2001:db8::1', protocol: 'udp', persistence: { timeoutSeconds: 300 } } })
  t.match(second?.check, { type: 'tcp', intervalMs: 1500 })
  t.strictSame(
    second?.servers.map(({ address, port }) => [address, port]),
    [
      ['192.0.2.11', 53],
      ['2001:db8::2', 53],
    ],
  )
})

t.test('a service may be announced, and bird be elsewhere', async (t) => {
  const config = parseConfig(`bird: { controlSocket: /tmp/bird.ctl }\n${base}    announce: bird\n`, 'f.yaml')
  t.match(config, { services: [{ announce: 'bird' }] })
  t.strictSame(config.bird, { include: '/run/bird/ipvs-failover.conf', controlSocket: '/tmp/bird.ctl' })
  t.match(changed('scheduler: wlc', 'announce: frr'), /^f\.yaml:3:15: .*announce: expected bird, found "frr"$/)
  t.match(errors(`bird: { include: ../x }\n${base}`), /^f\.yaml:1:18: bird\.include: expected an absolute path, found/)
})

t.test('behind mh a server that fails keeps its place, and its clients find another one', async (t) => {
  const service = (to: string) => parseConfig(base.replace('scheduler: wlc', to), 'f.yaml').services[0]
  t.match(service('scheduler: mh'), { spec: { schedulerFlags: ['flag-1'] }, policy: { onFailure: 'quiesce' } })
  t.match(service('scheduler: mh\n    persistence: 5m'), { policy: { onFailure: 'remove' } })
  t.match(service('scheduler: mh\n    schedulerFlags: [mh-port, mh-fallback]')?.spec, {
    schedulerFlags: ['flag-1', 'flag-2'],
  })
  t.equal(service('scheduler: sh')?.spec.schedulerFlags, undefined)
})

t.test('a wrong field is named with its place, what belongs there and what is there', async (t) => {
  const cases: readonly (readonly [from: string, to: string, error: RegExp])[] = [
    [
      '192.0.2.100:80',
      '192.0.2.100',
      /^f\.yaml:2:14: services\[0\]\.virtual: expected an address and a port .*, found "192\.0\.2\.100"$/,
    ],
    ['192.0.2.100:80', '192.0.2.100:65536', /^f\.yaml:2:14: services\[0\]\.virtual: expected/],
    ['192.0.2.100:80', '0.0.0.0:80', /^f\.yaml:2:14: .*virtual/],
    ['192.0.2.100:80', '224.0.0.1:80', /^f\.yaml:2:14: .*virtual/],
    ['192.0.2.100:80', '"[::ffff:192.0.2.1]:80"', /^f\.yaml:2:14: .*virtual/],
    ['192.0.2.100:80', '"[fe80::1%eth0]:80"', /^f\.yaml:2:14: .*virtual/],
    ['192.0.2.100:80', '192.0.2.100:0', /^f\.yaml:2:14: .*virtual: expected persistence with port 0/],
    ['192.0.2.100:80', '[2001:db8::1]:80', /^f\.yaml:2:27: yaml: .*needs quotes: "\[2001:db8::1\]:80"/],
    [
      'scheduler: wlc',
      'schedular: wlc',
      /^f\.yaml:3:5: services\[0\]\.schedular: .*did you mean scheduler\?\), found an unknown key$/,
    ],
    ['scheduler: wlc', '__proto__: 1', /^f\.yaml:3:5: services\[0\]\.__proto__: .*found an unknown key$/],
    ['scheduler: wlc', '<<: { a: 1 }', /^f\.yaml:3:5: services\[0\]\.<<: .*found an unknown key$/],
    ['scheduler: wlc', 'scheduler: ../x', /^f\.yaml:3:16: .*scheduler: expected .*found "\.\.\/x"$/],
    [
      'scheduler: wlc',
      'scheduler: wcl',
      /^f\.yaml:3:16: .*scheduler: expected rr, wrr, lc, wlc, .* or another whose module ip_vs_NAME this kernel has, found "wcl"$/,
    ],
    ['scheduler: wlc', 'scheduler: "w\\u202elc"', /found "w\\u\{202e\}lc"$/],
    ['scheduler: wlc', 'protocol: icmp', /^f\.yaml:3:15: .*protocol: expected tcp or udp, found "icmp"$/],
    ['scheduler: wlc', 'persistence: 300', /^f\.yaml:3:18: .*persistence: expected .*, found 300$/],
    ['scheduler: wlc', 'persistence: 0s', /^f\.yaml:3:18: .*found "0s"$/],
    [
      'scheduler: wlc',
      'persistence: { prefixLength: 33 }',
      /^f\.yaml:3:34: .*persistence\.prefixLength: expected at most 32/,
    ],
    ['scheduler: wlc', 'scheduler: wlc\n    scheduler: rr', /^f\.yaml:4:5: yaml: .*unique/],
    [
      '    forwarding: direct\n',
      '',
      /^f\.yaml:2:5: services\[0\]\.forwarding: expected direct, tunnel or masquerade, found nothing$/,
    ],
    [
      'forwarding: direct',
      'forwarding: dr',
      /^f\.yaml:4:17: .*forwarding: expected direct, tunnel or masquerade, found "dr"$/,
    ],
    ['- 192.0.2.11', '- 010.0.0.1', /^f\.yaml:6:9: services\[0\]\.servers\[0\]: expected an address/],
    ['- 192.0.2.11', '- 256.1.1.1', /^f\.yaml:6:9: services\[0\]\.servers\[0\]: expected an address/],
    ['- 192.0.2.11', '- web_1.example.com/', /^f\.yaml:6:9: services\[0\]\.servers\[0\]: expected an address/],
    ['- 192.0.2.11', '- { name: a, file: /b }', /^f\.yaml:6:9: .*\[0\]: expected one of address, name and file/],
    ['- 192.0.2.11', '- { file: nodes }', /^f\.yaml:6:17: .*\.file: expected an absolute path, found "nodes"$/],
    ['- 192.0.2.11', '- { weight: 1 }', /^f\.yaml:6:9: .*\[0\]: expected one of address, name and file/],
    [
      'scheduler: wlc',
      'quorum: 0',
      /^f\.yaml:3:13: .*quorum\.up: expected a number of servers from 1 to 65535, found 0/,
    ],
    [
      'scheduler: wlc',
      'maxEjected: 0.5',
      /^f\.yaml:3:17: .*maxEjected: expected a share .* such as 50%, .* found 0\.5$/,
    ],
    [
      'scheduler: wlc',
      'scheduler: mh\n    schedulerFlags: [mh-prot]',
      /^f\.yaml:4:22: .*schedulerFlags\[0\]: expected mh-fallback, mh-port, sh-fallback or sh-port, found "mh-prot"$/,
    ],
    [
      'scheduler: wlc',
      'scheduler: mh\n    schedulerFlags: [sh-port, mh-fallback]',
      /^f\.yaml:4:22: .*schedulerFlags\[0\]: expected a flag of mh: mh-fallback, mh-port, found "sh-port"$/,
    ],
    [
      'scheduler: wlc',
      'scheduler: wlc\n    schedulerFlags: [mh-port]',
      /^f\.yaml:4:22: .*schedulerFlags\[0\]: expected no flag, as wlc has none, found "mh-port"$/,
    ],
    [
      'scheduler: wlc',
      'scheduler: mh\n    schedulerFlags: [mh-port]',
      /^f\.yaml:4:21: .*schedulerFlags: expected mh-fallback among them, or onFailure: remove: .*, found/,
    ],
    ['scheduler: wlc', 'whenAllDown: sorry', /^f\.yaml:2:5: .*sorry: expected the server that takes over/],
    [
      'scheduler: wlc',
      'sorry: 192.0.2.9\n    whenAllDown: keep',
      /^f\.yaml:3:12: .*sorry: expected whenAllDown: sorry with it, found whenAllDown: keep$/,
    ],
    ['scheduler: wlc', 'sorry: 192.0.2.9:81', /^f\.yaml:3:12: .*sorry\.port: expected port 80 .*, found port 81$/],
    ['scheduler: wlc', 'flapping: 3', /^f\.yaml:3:15: .*flapping: expected true, false, or a mapping/],
    ['scheduler: wlc', 'slowStart: 2h', /^f\.yaml:3:16: .*slowStart: expected a duration .* to 1h, found "2h"$/],
    [
      'scheduler: wlc',
      'persistence: 5m\n    onFailure: quiesce',
      /^f\.yaml:4:16: .*onFailure: expected remove, as the service is persistent and net\.ipv4\.vs\.expire_quiescent_template/,
    ],
    [
      '- 192.0.2.11',
      '- 192.0.2.11:8080',
      /^f\.yaml:6:9: services\[0\]\.servers\[0\]\.port: expected port 80 .*direct forwarding.*, found port 8080$/,
    ],
    [
      '- 192.0.2.11',
      '- 2001:db8::1',
      /^f\.yaml:6:9: services\[0\]\.servers\[0\]: expected an IPv4 address.*found 2001:db8::1$/,
    ],
    [
      '- 192.0.2.11',
      '- 192.0.2.12',
      /^f\.yaml:7:9: services\[0\]\.servers\[1\]: expected each server once, found .* again, first at f\.yaml:6:9$/,
    ],
    [
      'weight: 2',
      'weight: -1',
      /^f\.yaml:7:40: services\[0\]\.servers\[1\]\.weight: expected a weight from 0 to 2147483647, found -1$/,
    ],
    ['weight: 2', 'weight: 1.5', /^f\.yaml:7:40: .*found 1\.5$/],
    ['weight: 2', 'port: 0x1f90', /^f\.yaml:7:38: .*found port 8080$/],
    [
      'type: http',
      'type: https',
      /^f\.yaml:9:13: .*check\.type: expected http, with tls: true beside it, found "https"$/,
    ],
    [
      'type: http',
      'type: ping',
      /^f\.yaml:9:13: services\[0\]\.check\.type: expected tcp, tls, http, .* or mon, found "ping"$/,
    ],
    ['type: http', 'type: tcp\n      path: /', /^f\.yaml:10:7: services\[0\]\.check\.path: .*found an unknown key$/],
    ['type: http', 'type: http\n      path: "/a\\r\\nHost: b"', /^f\.yaml:10:13: .*check\.path: expected .*found "/],
    [
      'interval: 2s',
      'interval: 2',
      /^f\.yaml:10:17: services\[0\]\.check\.interval: expected a duration with a unit.*, found 2$/,
    ],
    ['interval: 2s', 'interval: 2 sec', /^f\.yaml:10:17: .*found "2 sec"$/],
    ['interval: 2s', 'interval: -1s', /^f\.yaml:10:17: .*found "-1s"$/],
    ['interval: 2s', 'intervall: 2s', /^f\.yaml:10:7: services\[0\]\.check\.intervall: .*did you mean interval\?/],
    [
      'interval: 2s',
      'timeout: 2s',
      /^f\.yaml:10:16: services\[0\]\.check\.timeout: expected less than the interval, 2s, found 2s$/,
    ],
    [
      'interval: 2s',
      'interval: 1s',
      /^f\.yaml:9:7: services\[0\]\.check\.timeout: expected less than the interval, 1s, found 1s$/,
    ],
    [
      'interval: 2s',
      'fastInterval: 3s',
      /^f\.yaml:10:21: services\[0\]\.check\.fastInterval: expected at most the interval, 2s/,
    ],
    [
      'type: http',
      'type: udp',
      /^f\.yaml:9:7: services\[0\]\.check\.send: expected text to send, of 1 to 1400 characters/,
    ],
    [
      'type: http',
      'type: sendExpect',
      /^f\.yaml:9:7: services\[0\]\.check\.expect: expected text to find in the answer/,
    ],
    [
      'type: http',
      'type: http2\n      method: PUT',
      /:10:15: .*check\.method: expected GET, HEAD, OPTIONS or POST, found "PUT"$/,
    ],
    ['type: http', 'type: http\n      send: x', /:10:13: .*check\.send: expected left out with GET, found "x"$/],
    [
      'type: http',
      'type: http\n      method: HEAD\n      body: x',
      /:11:13: .*check\.body: expected left out with HEAD/,
    ],
    [
      'type: http',
      'type: http\n      headers: { a: 1 }',
      /:10:16: .*check\.headers: expected a mapping of headers to texts/,
    ],
    [
      'type: http',
      'type: http\n      headers: { Host: a }',
      /:10:16: .*check\.headers: expected another header than host/,
    ],
    [
      'type: http',
      'type: http\n      headers: { a: "x\\r\\nb: y" }',
      /:10:16: .*check\.headers: expected at most 4096/,
    ],
    [
      'type: http',
      'type: http\n      body: { matches: "(" }',
      /:10:\d+: .*check\.body.*: expected .*a regular expression/,
    ],
    [
      'interval: 2s',
      'interval: 2s\n      jitter: 3s',
      /:11:15: .*check\.jitter: expected at most the interval, 2s, found "?3s"?$/,
    ],
    ['type: http', 'type: smtp\n      hello: a b', /^f\.yaml:10:14: services\[0\]\.check\.hello: .*found "a b"$/],
    [
      'type: http',
      'type: dns\n      record: ANY',
      /^f\.yaml:10:15: .*\.record: expected A, NS, .* or SRV, found "ANY"$/,
    ],
    ['type: http', 'type: icmp\n      port: 80', /^f\.yaml:10:7: services\[0\]\.check\.port: .*found an unknown key$/],
    ['type: http', 'type: dns\n      codes: []', /^f\.yaml:10:14: .*\.codes: expected a list of at least one code/],
    ['type: http', 'type: dns\n      name: a..b', /^f\.yaml:10:13: .*\.name: expected a domain name, found "a\.\.b"$/],
    ['type: http', 'type: http\n      tls: 1', /^f\.yaml:10:12: .*\.tls: expected true, or a mapping with servername/],
    [
      'type: http',
      'type: tls\n      tls: { ca: /nowhere/ca.pem }',
      /^f\.yaml:10:18: .*\.tls\.ca: expected a readable file of PEM, found "\/nowhere\/ca\.pem"$/,
    ],
    [
      'type: http',
      'type: tls\n      tls: { servername: 192.0.2.1 }',
      /^f\.yaml:10:12: .*\.tls: expected a host name, and certificates with their key.*, found '192\.0\.2\.1'$/,
    ],
    [
      'services:',
      'stateDirectory: var\nservices:',
      /^f\.yaml:1:17: stateDirectory: expected an absolute path, found "var"$/,
    ],
    [
      'services:',
      'service:',
      /^f\.yaml:1:1: services: expected a list of at least one service, found nothing\nf\.yaml:1:1: service: .*did you mean services/,
    ],
  ]
  for (const [from, to, error] of cases) t.match(changed(from, to), error, to)
})

t.test('a scheduler that Linux does not ship is taken where the kernel has its module', async (t) => {
  t.equal(changed('scheduler: wlc', 'scheduler: ours'), '')
  const root = t.testdir({
    sys: { module: { ip_vs_loaded: {} } },
    lib: {
      modules: {
        [release()]: { 'modules.dep': 'kernel/net/ip_vs_there.ko.xz: kernel/net/ip_vs.ko.xz\n', 'modules.builtin': '' },
      },
    },
  })
  t.ok(hasModule('ip_vs_loaded', root))
  t.ok(hasModule('ip_vs_there', root))
  t.notOk(hasModule('ip_vs_wcl', root))
  t.notOk(hasModule('ip_vs_there', `${root}/sys`), 'a folder that a sandbox hides')
})

t.test('every mistake is listed, in the order of the file', async (t) => {
  const text = base.replace('wlc', 'W').replace('http', 'x') + base.replace('services:\n', '').replace('2s', '2')
  t.strictSame(
    errors(text)
      .split('\n')
      .map((line) => line.split(' ', 2).join(' ')),
    [
      'f.yaml:3:16: services[0].scheduler:',
      'f.yaml:9:13: services[0].check.type:',
      'f.yaml:19:17: services[1].check.interval:',
    ],
  )
})

t.test('a service twice is refused, tcp and udp of one address are two', async (t) => {
  const twice = base + base.replace('services:\n', '')
  t.equal(
    errors(twice),
    'f.yaml:11:14: services[1].virtual: expected each service once, found tcp 192.0.2.100:80 again, first at f.yaml:2:14',
  )
  t.equal(errors(base + base.replace('services:\n', '').replace('scheduler: wlc', 'protocol: udp')), '')
})

t.test('port 0 needs a port to check', async (t) => {
  const text = base.replace(':80\n', ':0\n    persistence: 300s\n')
  t.match(
    errors(text),
    /^f\.yaml:10:7: services\[0\]\.check\.port: expected the port to check, as the service has port 0, found nothing$/,
  )
  t.equal(errors(`${text}      port: 80\n`), '')
  const icmp = text.replace('type: http', 'type: icmp')
  t.equal(errors(icmp), '', 'but for a check that has none')
  t.match(errors(`${icmp}      tripwire: true\n`), /^f\.yaml:12:17: services\[0\]\.check\.tripwire: expected false/)
})

t.test('what is no configuration at all ends in an error line', async (t) => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]']
  for (const [n, name] of [...'bcdefg'].entries()) {
    const before = 'abcdefg'[n] ?? ''
    bomb.push(`${name}: &${name} [${Array(10).fill(`*${before}`).join(', ')}]`)
  }
  for (const [name, text, error] of [
    ['empty', '', /^f\.yaml:1:1: file: expected a mapping with services, found nothing/],
    ['a list', '- 1', /^f\.yaml:1:1: file: expected a mapping with services, found a list/],
    ['two documents', `${base}---\n${base}`, /^f\.yaml:11:1: yaml: .*multiple documents/],
    ['an alias without anchor', 'services: *x', /^f\.yaml:1:11: yaml: .*\*x/],
    ['a tag', 'services: !!js/function x', /^f\.yaml:1:11: yaml: .*tag/],
    ['an alias bomb', bomb.join('\n'), /^f\.yaml:1:1: yaml: .*alias count/],
    ['a loop', 'services: &s [*s]', /^f\.yaml:1:15: services\[0\]: expected a mapping/],
    ['a tab', 'services:\n\t- 1', /^f\.yaml:2:1: yaml: .*Tabs .*: use spaces$/m],
    ['too deep', '['.repeat(20_000), /^f\.yaml:1:\d+: yaml: /],
    ['too long', '#'.repeat(2 ** 20 + 1), /^f\.yaml:1:1: file: expected at most 262144 bytes, found 1048577$/],
  ] as const)
    t.match(errors(text), error, name)
})

t.test('a hostile file is refused in time', async (t) => {
  const hostile = {
    'many aliases': `a: &a 1\nservices: [${'*a, '.repeat(20_000)}]\n`,
    'many unknown keys': Array.from({ length: 20_000 }, (_, i) => `key${i}: 1`).join('\n'),
    'many duplicate keys': 'key: 1\n'.repeat(20_000),
    'deep lists': '['.repeat(100_000),
    'many anchors of one node': '&a '.repeat(40_000),
    'many aliases of much': `x: &x { ${Array.from({ length: 15_000 }, (_, i) => `key${i}: 1`).join(', ')} }\nservices: [${'*x, '.repeat(900)}]\n`,
    'many empty services': `services: [${'{}, '.repeat(60_000)}]\n`,
  }
  for (const [name, text] of Object.entries(hostile)) {
    // Processor time: other programs may be at work.
    const before = process.cpuUsage()
    t.throws(() => parseConfig(text, 'f.yaml'), { name: 'ConfigError' })
    const { user, system } = process.cpuUsage(before)
    const tookMs = (user + system) / 1000
    t.ok(tookMs < 2000, `${name}: ${tookMs.toFixed(0)} ms`)
  }
})

t.test('a program that cannot be run, or that others could change, is a mistake in the file', async (t) => {
  const check = (words: string) => changed('type: http\n      interval: 2s\n', `${words}\n`)
  t.equal(check('type: script\n      command: [/bin/true, "{address}", a b]'), '')
  t.match(
    check('type: script\n      command: [/no/check]'),
    /^f.yaml:10:16: services\[0\].check.command: expected a program that can be run .*, found \/no does not exist$/,
  )
  t.match(check('type: script\n      command: [/tmp]'), /found \/tmp is no file$/)
  t.match(check('type: script\n      command: [id]'), /command: expected the absolute path of a program, found 'id'$/)
  t.match(check('type: script\n      command: id'), /command: expected a list of a program and its words, found "id"$/)
  t.match(
    check('type: script\n      command: [/bin/true]\n      user: no-such-user'),
    /found user no-such-user is not in/,
  )
  t.match(
    check('type: script\n      command: [/bin/true, "http://{address}/"]'),
    /command: expected \{address\} and \{port\} as whole words/,
  )
  t.match(
    check('type: mon\n      monitor: no.monitor'),
    /^f.yaml:10:16: services\[0\].check.monitor: .*found no.monitor is in none of \/usr\/lib\/mon\/mon.d, \/usr\/lib\/mon\/mon-local.d$/,
  )
  t.match(check('type: mon\n      monitor: ../x'), /monitor: expected the name of a monitor, without a folder/)
})

t.test('a tripwire comes with programs where the service is one of TCP', async (t) => {
  for (const [protocol, tripwire] of [
    ['tcp', true],
    ['udp', false],
  ] as const) {
    const text = base
      .replace('scheduler: wlc', `protocol: ${protocol}`)
      .replace('type: http\n      interval: 2s', 'type: script\n      command: [/bin/true]')
    t.match(parseConfig(text, 'f.yaml').services[0]?.check, {
      tripwire,
      intervalMs: 10_000,
      fastIntervalMs: 1000,
      timeoutMs: 5000,
    })
  }
})
