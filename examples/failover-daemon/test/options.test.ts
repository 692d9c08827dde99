import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import t from 'tap'
import { parse } from 'yaml'
import { described } from '../src/options/described.js'
import type { Described } from '../src/options/described.js'
import { jsonSchema, jsonSchemaText } from '../src/options/json-schema.js'
import { optionsPage } from '../src/options/page.js'
import { editorTakes, parseConfig } from './judged-config.js'

const folder = 'examples/failover-daemon'
const read = (name: string) => readFileSync(`${folder}/${name}`, 'utf8')

t.test('the page of options and the JSON Schema are what the schema makes: npm run options', async (t) => {
  t.equal(read('docs/options.md'), optionsPage())
  t.equal(read('failover.schema.json'), jsonSchemaText())
})

/** Every option, by path. */
function options(field: Described, path = ''): readonly (readonly [path: string, field: Described])[] {
  const { properties = {}, items, anyOf = [], oneOf = [] } = field
  return [
    ...Object.entries(properties).flatMap(([name, inner]): ReturnType<typeof options> => [
      [`${path}.${name}`, inner],
      ...options(inner, `${path}.${name}`),
    ]),
    ...(items === undefined ? [] : options(items, `${path}[]`)),
    ...[...anyOf, ...oneOf].flatMap((inner) => options(inner, path)),
  ]
}

t.test('every option says what it means, and shows what to write', async (t) => {
  const all = options(described())
  t.ok(all.length > 100, `${all.length} options`)
  for (const [path, field] of all) {
    t.match(field.description, /^\S.*[.…]$/, `${path} has a sentence`)
    const { default: otherwise, example, enum: known, const: only, type, properties, oneOf } = field
    const shows = [otherwise, example, known, only, properties, oneOf ?? field.items?.properties]
    t.ok(type === 'boolean' || shows.some((value) => value !== undefined), `${path} has a default or an example`)
  }
})

t.test('every default and example is one', async (t) => {
  const ajv = new Ajv({ keywords: ['patternErrorMessage'] })
  let count = 0
  const judge = (schema: Record<string, unknown>, path: string) => {
    const { default: otherwise, examples = [] } = schema as { default?: unknown; examples?: unknown[] }
    const values = otherwise === undefined ? examples : [otherwise, ...examples]
    for (const value of values) t.ok(ajv.validate(schema, value), `${path}: ${JSON.stringify(value)}`)
    count += values.length
    for (const [key, inner] of Object.entries(schema))
      if (typeof inner === 'object' && inner !== null && key !== 'default' && key !== 'examples')
        judge(inner as Record<string, unknown>, `${path}/${key}`)
  }
  judge(jsonSchema(), '')
  t.ok(count > 100, `${count} values`)
})

t.test('examples on the page are what YAML reads as such', async (t) => {
  const shown = [...optionsPage().matchAll(/Example: `(.*)` \|$/gm)].map(([, text = '']) => text)
  const values = new Set(options(described()).map(([, { example }]) => JSON.stringify(example)))
  for (const text of shown) t.ok(values.has(JSON.stringify(parse(text))), text)
  t.ok(shown.length > 40)
})

t.test('the example configuration names its JSON Schema, which takes it', async (t) => {
  const text = read('failover.yaml')
  t.match(text, /^# yaml-language-server: \$schema=failover\.schema\.json\n/)
  t.ok(editorTakes(parse(text)))
})

/** Every way to write a field that is not its mapping. */
const right = `
reconcile: 1.5m
guard: { share: 5%, hold: 0s }
resolveInterval: 1h
reloadOnChange: true
stateDirectory: /var/lib/x
controlSocket: /run/x/control.sock
nodeStates: /cluster/online
alerts:
  - { mail: { to: [root, ops@example.net], server: 'smtps://u@m.example.net:465', digest: 0s }, period: '', numalerts: 1 }
  - { exec: { command: /bin/true, args: [a] }, alertafter: 3, alertevery: 1h strict, events: [guard] }
  - { webhook: { url: 'https://h.example.net/x' }, alertafter: 3 10m, period: 'wd {Mon-Fri} hr {9am-5pm}' }
  - { syslog: {}, alertafter: '10m', alertevery: 1h, services: [192.0.2.1:80] }
hooks:
  - { on: up, command: [/bin/true, '{address}'], user: nobody, timeout: 1s }
  - { on: [failed, offline], command: [/bin/true] }
services:
  - virtual: '[2001:db8::1]:80'
    forwarding: tunnel
    persistence: { timeout: 1h, prefixLength: 64 }
    servers: [192.0.2.2, '2001:db8::2', '[2001:db8::3]', web1, 'web2.example.net.:80', { name: web3, port: 80, weight: 0 }]
    quorum: 2
    sorry: { address: '2001:db8::9', weight: 3 }
    maxEjected: 50%
    drainTimeout: 0s
    flapping: false
    check: { type: http, status: [200, 300-399], body: { matches: '^a', ignoreCase: true }, tls: { verify: false } }
  - virtual: 192.0.2.1:0
    protocol: udp
    forwarding: masquerade
    persistence: 10s
    servers: [{ file: /nodes }, 192.0.2.2]
    sorry: 192.0.2.3
    check: { type: dns, port: 53, name: example.net, codes: [NOERROR, NXDOMAIN] }
  - virtual: 192.0.2.2:25
    forwarding: masquerade
    servers: [192.0.2.2:2525, '192.0.2.3:00025']
    flapping: { changes: 3 }
    check: { type: sendExpect, send: "\\0\\r", expect: x, tls: true }
`

t.test('what can be written in other ways may be', async (t) => {
  t.match(parseConfig(right, 'f.yaml'), { services: { length: 3 }, alerts: { length: 4 }, hooks: { length: 2 } })
})

t.test('both refuse what is wrong with alerts and hooks', async (t) => {
  const wrong = [
    ['syslog: {}', 'syslog: {}, exec: { command: /bin/true }'],
    ['syslog: {}, ', ''],
    ['to: [root, ops@example.net]', 'to: []'],
    ['to: [root, ops@example.net]', 'to: [a b]'],
    ['command: /bin/true, args', 'command: true, args'],
    ['command: /bin/true, args: [a]', 'command: /bin/true, args: [1]'],
    ["url: 'https://h.example.net/x'", 'url: ftp://h.example.net/x'],
    ['alertafter: 3 10m', 'alertafter: 0'],
    ['alertafter: 3 10m', 'alertafter: x'],
    ['alertevery: 1h strict', 'alertevery: 1h strct'],
    ['events: [guard]', 'events: [fire]'],
    ['on: up', 'on: down'],
    ['on: up', 'on: []'],
    ['on: up, ', ''],
    ["'{address}'", "'{adress}'"],
    ['share: 5%', 'share: 0%'],
    ['quorum: 2', 'quorum: 0'],
    ['maxEjected: 50%', 'maxEjected: 101%'],
    ['2525', '65536'],
    ['weight: 0', 'weight: 2147483648'],
    ['servers: [192.0.2.2, ', 'servers: [192.0.2.256, '],
    ['name: web3', 'name: web3, file: /x'],
    ['status: [200', 'status: [99'],
    ['user: nobody', 'user: 0'],
    ['reloadOnChange: true', 'reloadOnChange: yes'],
  ] as const
  for (const [from, to] of wrong) {
    t.ok(right.includes(from), from)
    t.throws(() => parseConfig(right.replace(from, to), 'f.yaml'), { name: 'ConfigError' }, to || `no ${from}`)
  }
})
