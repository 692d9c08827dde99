/** `ipvs plan`, `ipvs apply` and `ipvs drain` on a real kernel, with what Debian's ipvsadm makes and saves. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { cli } from '../../lib/cli/cli.js'
import { toJSON, type DesiredTable } from '../../lib/index.js'
import { makeWorld, type World } from '../cli/io.js'
import { rows } from './interop-rows.js'
import { ipvsadm, list, shown } from './ipvsadm.js'
import { makeNamespace, openIn, run } from './namespace.js'

/** A world whose kernel is this one, in the namespace that is asked for. */
function worldIn(t: Test, stdin = ''): World {
  const world = makeWorld({ stdin })
  const open = async (namespace: string | undefined) => {
    if (namespace === undefined) throw new Error('expected --namespace')
    return openIn(t, namespace)
  }
  return { ...world, io: { ...world.io, open } }
}

async function ipvs(t: Test, stdin: string, ...args: readonly string[]) {
  const world = worldIn(t, stdin)
  const status = await cli(args, world.io)
  return { status, stdout: world.stdout(), stderr: world.stderr() }
}

const hasTwos = await run('modprobe', ['-n', '-q', 'ip_vs_twos']).then(
  () => true,
  () => false,
)
const { services, destinations } = rows(hasTwos)
const commands = (wanted: typeof services) => [
  ...wanted.map(({ service, options }) => `-A ${service} ${options}`),
  ...destinations.map(({ service, server, options }) => `-a ${service} -r ${server} ${options}`),
]
const nothing = { status: 0, stdout: 'nothing to do\n', stderr: '' }

t.test('a table that ipvsadm made with every option: what list prints leaves nothing to do', async (t) => {
  const namespace = await makeNamespace(t)
  await ipvsadm(namespace, commands(services))
  const { stdout } = await ipvs(t, '', 'list', '--json', '-N', namespace)
  t.equal((JSON.parse(stdout) as DesiredTable).length, services.length)
  t.same(await ipvs(t, stdout, 'plan', '-', '-N', namespace), nothing)
  t.same(await ipvs(t, stdout, 'plan', '-', '-N', namespace, '--prune'), nothing)
})

/** What the library makes, too; and what ipvsadm can read again: it saves the last firewall mark as -1. */
const creatable = services.filter(({ refused, name }) => !refused && !name.startsWith('the last firewall mark'))
const count = creatable.length + destinations.length

for (const [kind, save] of [
  ['JSON', async (t: Test, namespace: string) => (await ipvs(t, '', 'list', '--json', '-N', namespace)).stdout],
  ['a save file of ipvsadm', async (_t: Test, namespace: string) => list(namespace, '-S', '-n')],
] as const) {
  t.test(`from ${kind}: planned, applied, and then nothing is left to do`, async (t) => {
    const [theirs, ours] = [await makeNamespace(t), await makeNamespace(t)]
    await ipvsadm(theirs, commands(creatable))
    const file = join(t.testdir({}), 'table')
    writeFileSync(file, await save(t, theirs))

    const planned = await ipvs(t, '', 'plan', file, '-N', ours)
    t.match(planned, { status: 2, stderr: '' })
    t.match(planned.stdout, new RegExp(`\n${count} to add, 0 to change, 0 to remove\n$`))
    const applied = await ipvs(t, '', 'apply', file, '-N', ours)
    t.same(applied, { ...planned, status: 0, stdout: `${planned.stdout}done: ${count} added, 0 changed, 0 removed\n` })
    t.same(await ipvs(t, '', 'apply', file, '-N', ours), nothing)

    if (kind === 'JSON') t.same(await shown(ours), await shown(theirs), 'ipvsadm shows both alike')
    const saved = async (namespace: string) => (await list(namespace, '-S', '-n')).split('\n').sort()
    t.same(await saved(ours), await saved(theirs), 'ipvsadm saves both alike')
  })
}

t.test('a change by another program is shown with what it was, and undone', async (t) => {
  const namespace = await makeNamespace(t)
  const web = '-t 192.0.2.1:80'
  await ipvsadm(namespace, [`-A ${web} -s rr -p 300 -M 255.255.255.0`, `-a ${web} -r 10.0.0.1 -g -w 1 -x 9 -y 3`])
  const { stdout: json } = await ipvs(t, '', 'list', '--json', '-N', namespace)
  await ipvsadm(namespace, [
    `-E ${web} -s sh -b sh-port`,
    `-e ${web} -r 10.0.0.1 -i --tun-type gue --tun-port 6080 -w 5`,
    '-A -f 7 -s wlc',
    '-a -f 7 -r 10.0.0.2 -m',
  ])
  const { status, stdout } = await ipvs(t, json, 'apply', '-', '-N', namespace)
  t.equal(status, 0)
  t.equal(
    stdout,
    `~ tcp/192.0.2.1:80  scheduler sh -> rr, flags flag-2 -> none, persistence none -> 300 s, netmask none -> /24
  ~ 10.0.0.1:80  forwarding tunnel gue port 6080 -> direct, weight 5 -> 1, limits none -> 3 to 9

foreign, which --prune would remove:
  mark/7, 1 server

0 to add, 2 to change, 0 to remove; 1 foreign service left alone
done: 0 added, 2 changed, 0 removed
`,
  )
  t.match(await list(namespace, '-S', '-n'), '-A -f 7 -s wlc\n')
  t.match(
    (await ipvs(t, json, 'apply', '-', '--prune', '-N', namespace)).stdout,
    /done: 0 added, 0 changed, 2 removed\n$/,
  )
  t.same(await ipvs(t, json, 'plan', '-', '--prune', '-N', namespace), nothing)
  t.equal((await list(namespace, '-S', '-n')).split('\n').length, 3)
})

t.test('a scheduler that the kernel lacks: that service fails, the other one is applied', async (t) => {
  const namespace = await makeNamespace(t)
  const web = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const
  const direct = { address: '10.0.0.1', forwarding: 'direct' } as const
  const table: DesiredTable = [
    { service: { ...web, scheduler: 'nosuch' }, destinations: [{ ...direct, port: 80 }] },
    { service: { ...web, port: 81, scheduler: 'rr' }, destinations: [{ ...direct, port: 81 }] },
  ]
  const { status, stderr } = await ipvs(t, JSON.stringify(table, toJSON), 'apply', '-', '-N', namespace)
  t.equal(status, 1)
  t.equal(
    stderr,
    `ipvs: addService tcp 192.0.2.1:80: this kernel lacks the module ip_vs_nosuch; install it, or choose another scheduler or persistence engine (ENOENT)
ipvs: 1 of 4 changes failed, 1 not attempted, 2 done; once the cause is gone, the same command again does the rest
`,
  )
  t.equal(await list(namespace, '-S', '-n'), '-A -t 192.0.2.1:81 -s rr\n-a -t 192.0.2.1:81 -r 10.0.0.1:81 -g -w 1\n')
})

/** A real server, and a client that stays connected to the virtual service until it is told otherwise. */
const program = `
  const net = require('node:net')
  const server = net.createServer((socket) => socket.on('error', () => {}).write('hello'))
  server.listen(9090, '192.0.2.1', () => {
    const client = net.connect(80, '192.0.2.10').once('data', () => console.log('connected'))
    process.stdin.once('data', () => client.resetAndDestroy())
  })`

t.test('drain: a live connection holds it up, and its end ends it', async (t) => {
  const namespace = await makeNamespace(t)
  for (const address of ['192.0.2.1/32', '192.0.2.10/32']) {
    await run('ip', ['-n', namespace, 'address', 'add', address, 'dev', 'lo'])
  }
  await ipvsadm(namespace, ['-A -t 192.0.2.10:80 -s rr', '-a -t 192.0.2.10:80 -r 192.0.2.1:9090 -m -w 7 -x 100'])
  const peers = spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.teardown(() => peers.kill())
  t.same(await once(createInterface(peers.stdout), 'line'), ['connected'])
  const name = '192.0.2.1:9090 of tcp/192.0.2.10:80'
  const args = ['drain', '192.0.2.10:80', '192.0.2.1:9090', '-N', namespace, '--interval', '100ms']

  const early = await ipvs(t, '', ...args, '--timeout', '1s', '--remove')
  t.equal(early.status, 3)
  t.equal(early.stdout, `~ ${name}  weight 7 -> 0\n0 s: 1 active, 0 inactive, 0 persistent\n`)
  const [, command = ''] = /give it back weight 7 with `nsenter --net=\S+ ipvs adm (.*)`\n$/.exec(early.stderr) ?? []
  await ipvsadm(namespace, [command])
  t.match(await list(namespace, '-S', '-n'), '-a -t 192.0.2.10:80 -r 192.0.2.1:9090 -m -w 7\n', 'it is given back')
  t.match(await list(namespace, '-Ln', '--thresholds'), /192\.0\.2\.1:9090 +100 +0 /)

  const world = worldIn(t)
  let written = ''
  const end = cli([...args, '--timeout', '60s', '--remove'], {
    ...world.io,
    stdout: {
      write(text) {
        written += text
        // Once it has been seen alive.
        if (text.includes(' 1 active')) peers.stdin.write('end\n')
      },
    },
  })
  t.equal(await end, 0)
  t.equal(world.stderr(), '')
  const lines = written.replaceAll(/\d+(\.\d+)? s/g, 'N s').split('\n')
  t.same(lines, [
    `~ ${name}  weight 7 -> 0`,
    'N s: 1 active, 0 inactive, 0 persistent',
    'N s: 0 active, 1 inactive, 0 persistent',
    'N s: 0 active, 0 inactive, 0 persistent',
    `${name}: drained after N s; removed`,
    '',
  ])
  t.equal(await list(namespace, '-S', '-n'), '-A -t 192.0.2.10:80 -s rr\n')
})
