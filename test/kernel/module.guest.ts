/** What may happen behind a handle's back: its kernel module is loaded anew, a stranger writes to its socket. */
import t from 'tap'
import { Command } from '../../lib/records.js'
import { decodeReplies, encodeRequests } from '../../lib/wire.js'
import { makeNamespace, openIn, run, sessionIn } from './namespace.js'

// Never on a host: it unloads modules.
const skip = process.env.RIG === 'guest' ? false : 'only in a throw-away guest'

const service = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const

// Generic netlink numbers families in turn: each loading gives this one a number that it did not have before.
const unload = () => run('modprobe', ['-r', 'ip_vs_rr', 'ip_vs'])
const load = () => run('modprobe', ['ip_vs'])

t.test('a handle outlives the reloading of ip_vs', { skip }, async (t) => {
  const ipvs = await openIn(t, await makeNamespace(t))
  const info = await ipvs.info()

  await unload()
  await load()
  await ipvs.addService({ ...service, scheduler: 'rr' })
  t.match(await ipvs.table(), [{ service }], 'for a command')

  await ipvs.removeService(service)
  await unload()
  await load()
  t.same(await ipvs.table(), [], 'for a dump')

  await unload()
  t.same(await ipvs.info(), info, 'and loads it itself')
})

// A refusal (NLMSG_ERROR, EPERM), and what is no message at all, to the port in the first argument.
const stranger = `
  socket(my $socket, 16, 3, 16) or die;
  for (pack("LSSLLlx16", 36, 2, 0, 0, 0, -1), "rubbish") {
    defined send($socket, $_, 0, pack("SSLL", 16, 0, $ARGV[0], 0)) or die "send: $!";
  }`

t.test("a stranger's message to a handle's socket is not taken for an answer", { skip }, async (t) => {
  const namespace = await makeNamespace(t)
  // The seam itself: above it, what is read is read anew when an answer was lost.
  const session = sessionIn(t, namespace)
  const ask = async () => decodeReplies(await session.request(encodeRequests([{ command: Command.getInfo }])), 1)
  const [answer] = await ask()
  t.match(answer, { error: 0 })

  const sockets = await run('ip', ['netns', 'exec', namespace, 'cat', '/proc/net/netlink'])
  // Of generic netlink (16), the one that is not the kernel's own (0).
  const [, port] = /^\S+ +16 +([1-9]\d*) /m.exec(sockets.stdout) ?? []
  t.ok(port, 'its port is known')
  await run('ip', ['netns', 'exec', namespace, 'perl', '-e', stranger, String(port)])
  t.same(await ask(), [answer])
})
