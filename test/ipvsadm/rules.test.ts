import { constants } from 'node:os'
import t from 'tap'
import { diff, type DesiredTable } from '../../lib/index.js'
import { createIpvs } from '../../lib/ipvs.js'
import { formatRules, parseRules, RulesError } from '../../lib/ipvsadm/index.js'
import { Command, nothingRead, type Answer, type Request } from '../../lib/records.js'
import { FakeKernel } from '../../lib/testing/fake-session.js'
import { schedulers } from '../../lib/types.js'
import { decodeRequests, encodeReplies } from '../../lib/wire.js'
import { random, seed } from '../random.js'
import { commandLine } from './generate.js'
import { makeWorld } from './world.js'

const saved = `-A -t 192.0.2.10:80 -s wlc -p 360
-a -t 192.0.2.10:80 -r 10.0.0.1:80 -g -w 5 -x 100 -y 50
-a -t 192.0.2.10:80 -r 192.168.0.3:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum
-A -u 192.0.2.10:5060 -s rr -p 60 -M 255.255.255.0 --pe sip
-A -t [2001:db8::10]:80 -s sh -p 120 -M 64 -b sh-port,flag-3
-a -t [2001:db8::10]:80 -r [2001:db8::20]:8080 -m -w 0
-A -f 8 -6 -s rr -o
`

t.test('a save file becomes the table that it makes, and the table that file again', async (t) => {
  const table = await parseRules(saved)
  t.strictSame(table[0], {
    service: {
      ...({ protocol: 'tcp', address: '192.0.2.10', port: 80, scheduler: 'wlc' } as const),
      persistence: { timeoutSeconds: 360, prefixLength: 32 },
    },
    destinations: [
      { address: '10.0.0.1', port: 80, forwarding: 'direct', weight: 5, limits: { upper: 100, lower: 50 } },
      {
        ...({ address: '192.168.0.3', port: 80, forwarding: 'tunnel', weight: 1 } as const),
        encapsulation: { type: 'gue', port: 6080, checksum: 'full' },
      },
    ],
  })
  t.match(table[3]?.service, { firewallMark: 8, family: 'ipv6', onePacket: true })
  t.equal(formatRules(table), saved)
})

t.test('what ipvsadm 1.26 saved and could not read is read', async (t) => {
  const old = '-A -u 192.0.2.10:5060 -s rr -p 60 pe sip\n-A -u 192.0.2.10:53 -s rr ops\n'
  const table = await parseRules(old)
  t.match(table, [{ service: { persistence: { engine: 'sip' } } }, { service: { onePacket: true } }])
  t.strictSame(await makeWorld().adm('-R', old), { status: 0, stdout: '', stderr: '' }, 'also by -R')
})

t.test(
  'later commands change what earlier ones made; comments, blank lines and the word ipvsadm are passed over',
  async (t) => {
    const table = await parseRules(`# by hand
    ipvsadm -A -t 192.0.2.10:80 -s rr

-A -t 192.0.2.11:80
-a -t 192.0.2.10:80 -r 10.0.0.1 -m
-a -t 192.0.2.10:80 -r 10.0.0.2 -m\r
-E -t 192.0.2.10:80 -s wrr
-e -t 192.0.2.10:80 -r 10.0.0.1 -m -w 9
-d -t 192.0.2.10:80 -r 10.0.0.2
-D -t 192.0.2.11:80`)
    t.match(table, [{ service: { scheduler: 'wrr' }, destinations: [{ address: '10.0.0.1', weight: 9 }] }])
    t.equal(table[0]?.destinations.length, 1)
    t.strictSame(await parseRules('-A -t 192.0.2.10:80\n-C\n'), [])
  },
)

t.test('a wrong line is told by its number, with what ipvsadm would say', async (t) => {
  for (const [text, line, message, status] of [
    ['\n-A -t 192.0.2.10:80\n-A -t 192.0.2.10:80\n', 3, 'Service already exists', 255],
    ['-a -t 192.0.2.10:80 -r 10.0.0.1', 1, 'Service not defined', 255],
    ['-A -t 192.0.2.10:80\n-a -t 192.0.2.10:80 -r 10.0.0.1 -x 5 -y 10', 2, 'Numerical result out of range', 255],
    ['-A -t 192.0.2.10:80\n-a -t 192.0.2.10:80 -r 224.0.0.1', 2, 'Invalid operation', 255],
    ['-A -t 192.0.2.10', 1, 'Zero port specified', 2],
    ['-A -t 192.0.2.10:80 -q', 1, '-q: unknown option', 255],
    ['words', 1, 'Try `ipvsadm -h', 255],
    ['-L -n', 1, "the 'list' command does not change the table, leave it out", 255],
    ['--set 1 2 3', 1, "the 'set' command does not change the table, leave it out", 255],
  ] as const) {
    const error: unknown = await parseRules(text).catch((error: unknown) => error)
    t.ok(error instanceof RulesError, text)
    t.match(error, { line, status, message: new RegExp(`^line ${line}: `) })
    t.match((error as RulesError).message, message)
  }
})

t.test('formatRules() refuses what ipvsadm has no option for, and names it', async (t) => {
  const service = { protocol: 'tcp', address: '192.0.2.10', port: 80, scheduler: 'rr' } as const
  const odd: DesiredTable = [{ service, destinations: [{ address: '10.0.0.1', port: 80, forwarding: 'bypass' }] }]
  t.throws(() => formatRules(odd), /formatRules: 10\.0\.0\.1:80 of tcp 192\.0\.2\.10:80: ipvsadm has no option/)
  t.throws(() => formatRules([{ service: { ...service, protocol: 'protocol-1' }, destinations: [] }]), RangeError)
  t.throws(() => formatRules([{ service: { ...service, port: 70000 }, destinations: [] }]), /service\.port/)
})

t.test('any table that commands make is saved and read back as it is', async (t) => {
  const next = random(seed)
  for (let run = 0; run < 30; run++) {
    const { kernel, adm } = makeWorld()
    for (let i = 0; i < 40; i++) await adm(commandLine(next, 0).join(' '))
    const table = await createIpvs(kernel.session()).table()
    const text = formatRules(table)
    t.equal((await adm('-S -n')).stdout, text, `SEED=${seed}: -S writes the same`)
    // What is saved knows no idle settings: nothing else may differ.
    const again = await parseRules(text)
    t.equal(formatRules(again), text, `SEED=${seed}`)
    t.strictSame(diff(table, again, { owned: 'everything' }).changes, [], `SEED=${seed}`)
  }
})

t.test('-R --atomic: a wrong line anywhere changes nothing', async (t) => {
  const { kernel, adm } = makeWorld()
  await adm('-R', saved)
  const { writes } = kernel
  const wrong = '-C\n-A -t 192.0.2.12:80\n-a -t 192.0.2.12:80 -r 10.0.0.1 -x 5 -y 10\n'
  const problem =
    'line 3: Numerical result out of range: -a -t 192.0.2.12:80 -r 10.0.0.1 -x 5 -y 10; nothing was changed\n'
  t.strictSame(await adm('-R --atomic', wrong), { status: 255, stdout: '', stderr: problem })
  t.match(await adm('-R --atomic', '-A -t 192.0.2.12'), { status: 2, stderr: /^line 1: Zero port/ })
  t.match(await adm('-R --atomic', '-A -t 224.0.0.1:80'), {
    status: 255,
    stderr: /224\.0\.0\.1.*the address of one host/,
  })
  t.equal(kernel.writes, writes, 'nothing was sent')
})

t.test('-R --atomic sends the difference alone: what a file has again stays untouched', async (t) => {
  const { kernel, adm } = makeWorld()
  await adm('-R', saved)
  const { writes } = kernel
  t.equal((await adm('-R --atomic', `-C\n${saved}-A -t 192.0.2.12:80 -s rr\n`)).status, 0)
  t.equal(kernel.writes, writes + 1)
  t.equal((await adm('-R --atomic', '-e -t 192.0.2.10:80 -r 10.0.0.1 -g -w 9\n')).status, 0)
  t.equal(kernel.writes, writes + 2)
  t.match((await adm('-S -n')).stdout, '-r 10.0.0.1:80 -g -w 9\n')
})

t.test('-R --atomic: what was done before a refusal by the kernel is undone', async (t) => {
  const kernel = new FakeKernel(schedulers)
  const { adm } = makeWorld(kernel)
  await adm('-R', saved)
  const before = (await adm('-S -n')).stdout
  const rules = '-A -t 192.0.2.12:80 -s rr\n-D -u 192.0.2.10:5060\n-A -t 192.0.2.13:80 -s none-such\n'
  const { status, stderr } = await adm('-R --atomic', rules)
  t.equal(status, 255)
  t.match(stderr, /none-such.*\nnothing was changed: what had been done before is undone\n$/)
  t.equal((await adm('-S -n')).stdout, before)
})

t.test('-R --atomic says so when it cannot undo', async (t) => {
  const kernel = new FakeKernel(schedulers)
  const refusing = (request: Request): Answer =>
    request.command === Command.delService ? { ...nothingRead, error: constants.errno.EBUSY } : kernel.answer(request)
  const { adm } = makeWorld(kernel, {
    request: async (batch) => encodeReplies(decodeRequests(batch).map(refusing)),
    close: async () => {},
  })
  const rules = '-A -t 192.0.2.12:80 -s rr\n-A -t 192.0.2.13:80 -s none-such\n'
  t.match(await adm('-R --atomic', rules), {
    status: 255,
    stderr: /none-such.*\nwhat had been done before could not be undone, look at the table: .*192\.0\.2\.12.*EBUSY/,
  })
})
