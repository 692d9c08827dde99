import { constants } from 'node:os'
import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { notOpened, parseConnection, readConnections } from '../lib/connections.js'
import type { Connection } from '../lib/index.js'
import { createTestKernel } from '../lib/testing/index.js'

// As Linux 6.1 printed them.
t.test('an IPv4 connection', async (t) => {
  t.same(parseConnection('TCP C0000201 CBF2 C000020A 0050 C0000201 2382 SYN_RECV         58'), {
    protocol: 'tcp',
    state: 'SYN_RECV',
    expiresSeconds: 58,
    client: { address: '192.0.2.1', port: 52210 },
    virtual: { address: '192.0.2.10', port: 80 },
    destination: { address: '192.0.2.1', port: 9090 },
    template: false,
  })
})

t.test('an IPv6 connection', async (t) => {
  const line =
    'UDP 2001:0db8:0000:0000:0000:0000:0000:0001 D431 2001:0db8:0000:0000:0000:0000:0000:0010 0035 ' +
    '2001:0db8:0000:0000:0000:0000:0000:0001 2382 UDP             300'
  t.match(parseConnection(line), {
    protocol: 'udp',
    client: { address: '2001:db8::1', port: 54321 },
    virtual: { address: '2001:db8::10', port: 53 },
    destination: { address: '2001:db8::1', port: 9090 },
    template: false,
  })
})

t.test('a persistence template', async (t) => {
  const [new6, old6] = ['ASSURED', 'NONE'].map((state) =>
    parseConnection(`TCP C0000201 0000 C000020A 0050 C0000201 2382 ${state}            297`),
  )
  t.match(new6, { template: true, client: { port: 0 } })
  t.match(old6, { template: true })
})

t.test('the template of a firewall mark, whose virtual address is the mark', async (t) => {
  const found = parseConnection('IP  C0000200 0000 00000007 0000 C0000201 0000 NONE            297')
  t.match(found, { protocol: 'ip', virtual: { address: '0.0.0.7', port: 0 }, template: true })
})

t.test("FTP's data connection that has no client port yet is no template", async (t) => {
  t.equal(parseConnection('TCP C0000201 0000 C000020A 0014 C0000201 0014 LISTEN           58').template, false)
})

t.test('what a persistence engine knows the client by', async (t) => {
  const line = 'UDP C0000200 0000 C000020A 13C4 C0000201 13C4 NONE             57 sip 3c26700ea0d1 and more'
  t.same(parseConnection(line).engine, { name: 'sip', data: '3c26700ea0d1 and more' })
})

t.test('a line that is none is refused, with the line', async (t) => {
  const good = 'TCP C0000201 CBF2 C000020A 0050 C0000201 2382 SYN_RECV         58'
  for (const line of [
    '',
    'TCP',
    good.replace('C000020A', 'C00002'),
    good.replace('CBF2', '52210'),
    good.slice(0, 40),
    good.replace('58', 'soon'),
  ]) {
    t.throws(() => parseConnection(line), { code: 'IPVS_REJECTED', message: new RegExp(`found '${line}'`) })
  }
})

t.test('an in-memory kernel has no connections', async (t) => {
  for await (const connection of createTestKernel().open().connections()) t.fail(JSON.stringify(connection))
})

const title = 'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n'
const entry = (port: number) =>
  `TCP C0000201 ${port.toString(16).padStart(4, '0').toUpperCase()} C000020A 0050 C0000201 2382 ESTABLISHED     900                 \n`

/** A file as the kernel prints it, of as many connections, from client ports 1, 2 and so on. */
async function tableOf(t: Test, connections: number): Promise<FileHandle> {
  const path = join(
    t.testdir({ ip_vs_conn: title + Array.from({ length: connections }, (_, i) => entry(i + 1)).join('') }),
    'ip_vs_conn',
  )
  return open(path)
}

const isClosed = (file: FileHandle) => file.fd === -1

async function portsOf(connections: AsyncIterable<Connection>): Promise<readonly number[]> {
  const ports: number[] = []
  for await (const { client } of connections) ports.push(client.port)
  return ports
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)

t.test('every entry once and in order, also those that lie across two reads; the file is closed', async (t) => {
  const file = await tableOf(t, 500)
  t.same(await portsOf(readConnections(file, Infinity, undefined)), upTo(500))
  t.ok(isClosed(file))
})

t.test('the limit ends the stream after so many, and the file is closed', async (t) => {
  for (const limit of [0, 1, 7, 100, 500, 501]) {
    const file = await tableOf(t, 500)
    t.same(await portsOf(readConnections(file, limit, undefined)), upTo(Math.min(limit, 500)))
    t.ok(isClosed(file))
  }
})

t.test('whoever leaves the loop leaves no open file', async (t) => {
  const file = await tableOf(t, 3)
  for await (const { client } of readConnections(file, Infinity, undefined)) if (client.port === 2) break
  t.ok(isClosed(file))
})

t.test('an abort ends the stream before the next entry, with the reason, and the file is closed', async (t) => {
  const file = await tableOf(t, 3)
  const controller = new AbortController()
  const reason = new Error('enough')
  const connections = readConnections(file, Infinity, controller.signal)
  t.match(await connections.next(), { value: { client: { port: 1 } } })
  controller.abort(reason)
  t.equal(await connections.next().catch((error: unknown) => error), reason)
  t.ok(isClosed(file))
})

t.test('a table that cannot be opened is not taken for one that is missing', async (t) => {
  const cause = (code: 'ENOENT' | 'EMFILE') => Object.assign(new Error(code), { code, errno: -constants.errno[code] })
  t.match(notOpened(cause('ENOENT')), {
    code: 'IPVS_UNAVAILABLE',
    operation: 'connections',
    message: /load the module/,
  })
  t.match(notOpened(cause('EMFILE')), { code: 'IPVS_REJECTED', errnoName: 'EMFILE', message: /open files.*EMFILE/ })
})
