import t from 'tap'
import {
  type HttpOptions,
  type MonitorOptions,
  type Target,
  createMonitor,
  http,
  http2,
  targetKey,
  tcp,
} from '../../lib/health/index.js'

const errors = {
  type: { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' },
  value: { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' },
  range: { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' },
}
type Case = [given: unknown, error: keyof typeof errors, message: string]

function containing(text: string): RegExp {
  return new RegExp(text.replace(/[[\]().{}+*?|^$\\]/g, '\\$&'))
}

t.test('http() and http2() refuse wrong options, with field, expectation and value', async (t) => {
  const cases: Case[] = [
    [null, 'type', 'options: expected an object, found null'],
    [
      { statuses: [200] },
      'value',
      "expected one of the fields path, method, send, host, headers, status, body, tls, found 'statuses'",
    ],
    [{ path: 7 }, 'type', "options.path: expected printable ASCII that begins with '/', found 7"],
    [{ path: 'up' }, 'value', 'options.path'],
    [{ path: '/ HTTP/1.1\r\nx: y' }, 'value', 'options.path'],
    [{ path: '/ü' }, 'value', 'options.path'],
    [{ method: 'PUT' }, 'value', "options.method: expected one of GET, HEAD, OPTIONS, POST, found 'PUT'"],
    [{ send: 'x' }, 'value', "options.send: expected left out with GET, found 'x'"],
    [{ method: 'POST', send: '' }, 'value', 'options.send: expected a text or bytes, not empty'],
    [{ method: 'POST', send: 'ä'.repeat(8193) }, 'value', 'options.send: expected at most 16384 bytes'],
    [{ host: 1 }, 'type', 'options.host'],
    [{ host: 'a b' }, 'value', 'options.host'],
    [{ host: 'user@host' }, 'value', 'options.host'],
    [{ headers: 'x: y' }, 'type', 'options.headers: expected an object'],
    [{ headers: { x: 1 } }, 'type', 'options.headers["x"]: expected a string, found 1'],
    [{ headers: { Host: 'x' } }, 'value', 'options.host'],
    [{ headers: { 'a b': 'x' } }, 'value', 'options.headers["a b"]'],
    [{ headers: { a: 'x\r\ny: z' } }, 'value', 'options.headers["a"]'],
    [{ headers: { a: 'x\0' } }, 'value', 'options.headers["a"]'],
    [{ headers: { 'a:b': 'x' } }, 'value', 'options.headers["a:b"]: expected a name that is a token of HTTP'],
    [{ headers: { ':path': '/' } }, 'value', 'options.headers[":path"]'],
    [{ headers: { Upgrade: 'h2c' } }, 'value', 'options.headers["Upgrade"]: expected another header than'],
    [{ status: 200 }, 'type', 'options.status'],
    [{ status: [] }, 'value', 'options.status'],
    [{ status: ['200'] }, 'type', "options.status[0]: expected an integer from 100 to 999, found '200'"],
    [{ status: [200, 99] }, 'range', 'options.status[1]: expected an integer from 100 to 999, found 99'],
    [{ status: [200.5] }, 'range', 'options.status[0]'],
    [{ status: [[200]] }, 'value', 'options.status[0]'],
    [{ status: [[300, 200]] }, 'range', 'options.status[0][1]: expected an integer from 300 to 999, found 200'],
    [{ body: 1 }, 'type', 'options.body'],
    [{ body: '' }, 'value', 'options.body'],
    [{ body: 'x', method: 'HEAD' }, 'value', 'options.body: expected left out with HEAD'],
  ]
  for (const [given, error, message] of cases) {
    for (const check of [http, http2]) {
      t.throws(() => check(given as HttpOptions), { ...errors[error], message: containing(message) }, message)
    }
  }
})

t.test('createMonitor() refuses wrong options', async (t) => {
  const check = tcp()
  const cases: Case[] = [
    [undefined, 'type', 'options: expected an object'],
    [{ check, interval: 5 }, 'value', 'one of the fields check, intervalMs'],
    [{}, 'type', 'options.check: expected a function, found undefined'],
    [{ check, intervalMs: 0 }, 'range', 'options.intervalMs: expected a number from 1 to 86400000, found 0'],
    [{ check, intervalMs: NaN }, 'range', 'options.intervalMs'],
    [{ check, intervalMs: '5' }, 'type', 'options.intervalMs'],
    [{ check, fastIntervalMs: 2001 }, 'range', 'options.fastIntervalMs: expected a number from 1 to 2000, found 2001'],
    [{ check, timeoutMs: Infinity }, 'range', 'options.timeoutMs'],
    [{ check, jitterMs: -1 }, 'range', 'options.jitterMs'],
    [{ check, rise: 0 }, 'range', 'options.rise: expected an integer from 1 to 1000, found 0'],
    [{ check, fall: 1.5 }, 'range', 'options.fall'],
    [{ check, initial: 'up' }, 'type', 'options.initial'],
    [
      { check, initial: () => 'dead' },
      'value',
      "the result of options.initial: expected 'up', 'down' or 'unknown', found 'dead'",
    ],
  ]
  const targets = [{ address: '127.0.0.1', port: 1 }]
  for (const [given, error, message] of cases) {
    t.throws(
      () => createMonitor(targets, given as MonitorOptions<Target>),
      { ...errors[error], message: containing(message) },
      message,
    )
  }
})

t.test('createMonitor() refuses wrong targets and names a double one', async (t) => {
  const good = { address: '::1', port: 1 }
  const cases: Case[] = [
    [undefined, 'type', 'targets: expected an array'],
    [[null], 'type', 'targets[0]: expected an object, found null'],
    [[good, { port: 1 }], 'type', 'targets[1].address'],
    [
      [{ address: 'localhost', port: 1 }],
      'value',
      "targets[0].address: expected an IPv4 or IPv6 address without brackets or zone, found 'localhost'",
    ],
    [[{ address: '[::1]', port: 1 }], 'value', 'targets[0].address'],
    [[{ address: 'fe80::1%eth0', port: 1 }], 'value', 'targets[0].address'],
    [[{ address: '::1' }], 'type', 'targets[0].port'],
    [[{ address: '::1', port: 0 }], 'range', 'targets[0].port: expected an integer from 1 to 65535, found 0'],
    [
      [good, { address: '0:0::1', port: 1 }],
      'value',
      "targets[1]: expected a target that is not in the list yet, found '[::1]:1'",
    ],
  ]
  for (const [given, error, message] of cases) {
    t.throws(
      () => createMonitor(given as Target[], { check: tcp() }),
      { ...errors[error], message: containing(message) },
      message,
    )
  }
})

t.test('targetKey() is the same for every form of an address', async (t) => {
  t.equal(targetKey({ address: '192.0.2.1', port: 80 }), '192.0.2.1:80')
  t.equal(targetKey({ address: '2001:DB8:0:0:0:0:0:1', port: 80 }), '[2001:db8::1]:80')
})

t.test('the defaults fit a short interval', async (t) => {
  const monitor = createMonitor([], { check: tcp(), intervalMs: 50 })
  await monitor[Symbol.asyncDispose]()
  t.same([...monitor.states()], [])
})
