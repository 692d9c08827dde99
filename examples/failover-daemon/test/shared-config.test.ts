/** Services that etcd carries, beside those of the file. */
import t from 'tap'
import type { Carried } from '../src/etcd/carried.js'
import { startOf } from '../src/etcd/shared.js'
import { someHost } from '../src/config-problems.js'
import { serviceName } from '../src/names.js'
import { described } from '../src/options/described.js'
import type { Described } from '../src/options/described.js'
import { ConfigError, parseConfig as parseAny } from '../src/parse-config.js'
import { parseConfig } from './judged-config.js'

const file = 'config: etcd://192.0.2.9/ipvs\n'
const web = `virtual: 192.0.2.100:80
forwarding: direct
servers: [192.0.2.11, 192.0.2.12]
check:
  type: http
`
const named = (texts: Record<string, string>): readonly Carried[] =>
  Object.entries(texts).map(([name, text]) => ({ key: `/ipvs/services/${name}`, text }))
const parse = (texts: Record<string, string>, local = file) => parseConfig(local, 'f.yaml', someHost, named(texts))
/** The error lines. */
function errors(texts: Record<string, string>, local = file): readonly string[] {
  try {
    parse(texts, local)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.lines
    throw error
  }
}

t.test('services of the file and of etcd, YAML or JSON', async (t) => {
  const json = JSON.stringify({
    virtual: '192.0.2.100:81',
    forwarding: 'direct',
    servers: ['192.0.2.11'],
    check: { type: 'tcp' },
  })
  const local = `${file}services:\n  - ${web.replace(':80', ':82').replaceAll('\n', '\n    ')}\n`
  const { services, etcd } = parse({ a: web, b: json }, local)
  t.strictSame(
    services.map(({ spec }) => serviceName(spec)),
    ['tcp 192.0.2.100:82', 'tcp 192.0.2.100:80', 'tcp 192.0.2.100:81'],
  )
  t.match(etcd, { endpoints: [{ host: '192.0.2.9', port: 2379 }], prefix: '/ipvs' })
})

t.test('a mistake is told by key, line and column, and hides no other', async (t) => {
  t.strictSame(
    errors({
      a: web.replace('direct', 'drect'),
      b: web.replace('http', 'htp').replace('.100', '.101'),
      c: ': no: yaml',
      d: '[]',
      'e f': web,
    }),
    [
      'etcd:/ipvs/services/a:2:13: forwarding: expected direct, tunnel or masquerade, found "drect"',
      'etcd:/ipvs/services/b:5:9: check.type: expected tcp, tls, http, http2, sendExpect, smtp, udp, dns, icmp, script or mon, found "htp"',
      'etcd:/ipvs/services/d:1:1: file: expected a mapping with virtual, forwarding, servers and check, found an empty list',
      'etcd:/ipvs/services/c:1:3: yaml: expected well-formed YAML, found: Nested mappings are not allowed in compact mappings',
      'etcd:/ipvs/services/e f:1:1: key: expected a name of A-Z, a-z, 0-9, ., _ and -, found "e f"',
    ],
  )
})

t.test('a service that is there twice is refused, with both places', async (t) => {
  const local = `${file}services:\n  - ${web.replaceAll('\n', '\n    ')}\n`
  t.strictSame(errors({ a: web }, local), [
    'etcd:/ipvs/services/a:1:10: virtual: expected each service once, found tcp 192.0.2.100:80 again, first at f.yaml:3:14',
  ])
  t.strictSame(errors({ a: web, b: web }), [
    'etcd:/ipvs/services/b:1:10: virtual: expected each service once, found tcp 192.0.2.100:80 again, first at etcd:/ipvs/services/a:1:10',
  ])
})

t.test('programs and files of this host are not for etcd to name, and are not looked at', async (t) => {
  const program = 'a check that runs no program, as programs are named by files of the director alone'
  const none = 'none, as files are named by files of the director alone'
  // A FIFO would hold up whoever reads it.
  const tls = '  type: https\n  tls: { ca: /dev/stdin, cert: /dev/stdin, key: /dev/stdin }\n'
  t.strictSame(
    errors({
      a: web.replace('http', 'script\n  command: [/bin/true]'),
      b: web.replace('http', 'mon\n  monitor: http.monitor'),
      c: web.replace('  type: http\n', tls),
      d: web.replace('192.0.2.11', '{ file: /etc/shadow }'),
    }),
    [
      `etcd:/ipvs/services/a:5:9: check.type: expected ${program}, found "script"`,
      `etcd:/ipvs/services/b:5:9: check.type: expected ${program}, found "mon"`,
      `etcd:/ipvs/services/c:6:10: check.tls.ca: expected ${none}, found "/dev/stdin"`,
      `etcd:/ipvs/services/c:6:26: check.tls.cert: expected ${none}, found "/dev/stdin"`,
      `etcd:/ipvs/services/c:6:44: check.tls.key: expected ${none}, found "/dev/stdin"`,
      `etcd:/ipvs/services/d:3:13: servers[0].file: expected ${none}, found "/etc/shadow"`,
    ],
  )
})

t.test('no other option of a service names a file or a program', async (t) => {
  const fields = (path: string, { properties = {}, oneOf = [], anyOf = [], items, ...field }: Described): string[] => [
    ...(/file|path|program|folder|PEM/i.test(String(field.value)) ? [`${path}: ${field.value}`] : []),
    ...Object.entries(properties).flatMap(([name, inner]) => fields(`${path}.${name}`, inner)),
    ...[...oneOf, ...anyOf].flatMap((inner) => fields(path, inner)),
    ...(items ? fields(`${path}[]`, items) : []),
  ]
  const service = described().properties?.['services']?.items
  if (service === undefined) throw new Error('expected services')
  const programs = ['command', 'monitor', 'args', 'directories', 'user']
  const others = fields('', service).filter((line) => !programs.some((name) => line.includes(`check.${name}`)))
  t.strictSame(
    [...new Set(others)],
    [
      '.servers[].file: an absolute path',
      '.check.path: a path of printable ASCII that begins with /',
      '.check.tls.ca: a readable file of PEM',
      '.check.tls.cert: a readable file of PEM',
      '.check.tls.key: a readable file of PEM',
    ].sort((a, b) => others.indexOf(a) - others.indexOf(b)),
  )
})

t.test('as much as a file may have, and no more', async (t) => {
  const long = `${web}# ${'x'.repeat(1 << 17)}\n`
  t.strictSame(errors({ a: long }), [])
  t.match(errors({ a: long, b: long }), [/^etcd:1:1: services: expected at most 262144 bytes in all, found 2\d{5}$/])
})

t.test('where etcd is', async (t) => {
  const etcd = (text: string) => parseConfig(`config: ${text}\n`, 'f.yaml').etcd
  t.match(etcd('etcd://a.example,"[2001:db8::9]:23"/x/y'.replaceAll('"', '')), {
    endpoints: [
      { host: 'a.example', port: 2379 },
      { host: '2001:db8::9', port: 23 },
    ],
    prefix: '/x/y',
  })
  t.match(etcd('etcd://a'), { prefix: '/ipvs', tls: undefined })
  t.match(etcd('{ endpoints: [a], tls: true }'), { tls: {} })
  const wrong = (text: string) => errors({}, text).join('\n')
  t.match(wrong('config: https://a/\n'), /^f\.yaml:1:9: config: expected a URL such as etcd:\/\/.*, found "https/)
  t.match(wrong('config: etcd://a/x/\n'), /config\.prefix: expected a key that begins with \//)
  t.match(wrong('config: { endpoints: [] }\n'), /config\.endpoints: expected a list of at least one host/)
  t.match(
    wrong('config: { endpoints: [a], tls: { cert: /nowhere } }\n'),
    /config\.tls\.cert: expected a readable file of PEM/,
  )
  t.match(wrong('reconcile: 1s\n'), /services: expected a list of at least one service, found nothing/)
  t.match(wrong('config: etcd://a\ndirector: "a/b"\n'), /director: expected a name of 1 to 63/)
  const majority = `services:\n  - ${web.replaceAll('\n', '\n    ')}agree: majority\n`
  t.match(wrong(majority), /services\[0\]\.agree: expected own, or `config:`/)
  t.strictSame(wrong(`${file}${majority}`), '')
})

t.test('what the daemon begins with', async (t) => {
  const of = (...names: string[]) =>
    named(Object.fromEntries(names.map((name, i) => [name, web.replace(':80', `:${80 + i}`)])))
  const start = (now: readonly Carried[] | string, before?: readonly Carried[]) => {
    const parse = (carried: readonly Carried[]) => parseAny(file, 'f.yaml', someHost, carried)
    const { first, carried, seen, refused, trouble } = startOf(now, before, parse, 'etcd:/ipvs/services/')
    return { services: first.services.length, carried, seen, refused, trouble }
  }
  const none = { refused: undefined, trouble: undefined }
  const [one, four, wrong] = [of('a'), of('a', 'b', 'c', 'd'), named({ a: 'wrong' })]
  t.strictSame(start(four), { services: 4, carried: four, seen: four, ...none })
  t.strictSame(start(four, one), { services: 4, carried: four, seen: four, ...none }, 'what etcd has')
  t.strictSame(start('refused', four), {
    services: 4,
    carried: four,
    seen: four,
    refused: undefined,
    trouble: 'refused',
  })
  t.match(start(wrong, four), { services: 4, carried: four, seen: wrong, refused: /etcd:\/ipvs\/services\/a:1:1/ })
  t.match(start(one, four), {
    services: 4,
    carried: four,
    seen: one,
    refused: /found 3 gone; if that is meant, force it/,
  })
  t.match(start([], one), { services: 1, carried: one, seen: [], refused: /found 1 gone/ }, 'emptied')
  t.match(start(four, wrong), { services: 4 }, 'what was good once may be so no more')
  t.throws(() => start('refused'), { message: /etcd:\/ipvs\/services\/: expected an answer of etcd.*: refused/ })
  t.throws(() => start('refused', wrong), { message: /expected an answer of etcd/ })
  t.throws(() => start(wrong), { name: 'ConfigError' })
  t.match(start([]), { services: 0, refused: undefined }, 'run wants more')
})
