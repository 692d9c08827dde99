/**
 * Three directors behind a router that shares flows out among them (ECMP, by BGP of bird): a flow that another director gets keeps its real
 * server, with net.ipv4.vs.sloppy_tcp=1, and is reset without.
 */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { ask } from '../../examples/failover-daemon/src/control/client.js'
import { startBird, type Bird } from '../../rig/bird.js'
import { openDirector, startDaemon, writeConfig, type Daemon } from '../../rig/cluster.js'
import { holdConnections } from '../../rig/held.js'
import { createLan, type Host } from '../../rig/lan.js'
import type { Ipvs } from '../../lib/index.js'
import { run } from '../kernel/namespace.js'

t.setTimeout(900_000)
// An emulated machine starts a node in seconds, and one more for each that starts beside it.
const patienceMs = 180_000
const port = 7000
const held = 1000

const lan = await createLan({ directors: 3, reals: 4, vip: 'every', router: true })
t.teardown(() => lan.close())
const router = lan.router as Host
const outside = { ...lan, client: lan.outer as Host }
const vip = lan.direct.vip.ipv4
const folder = await mkdtemp(join(tmpdir(), 'ecmp-'))
const [first, ...later] = lan.reals as [Host, ...Host[]]

/** Until it is so; nobody tells of routes or tables. */
async function until(what: string, isSo: () => Promise<boolean>): Promise<number> {
  const started = performance.now()
  while (!(await isSo())) {
    if (performance.now() - started > patienceMs) throw new Error(`not within ${patienceMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return Math.round(performance.now() - started)
}

/** The directors that the router knows for the virtual address. */
async function hops(): Promise<readonly string[]> {
  const { stdout } = await run('ip', ['-n', router.namespace, 'route', 'show', vip])
  return [...stdout.matchAll(/via (\S+)/g)].map(([, address = '']) => address).sort()
}
const hopsAre = (...directors: readonly { readonly host: Host }[]) => {
  const expected = directors
    .map(({ host }) => host.ipv4)
    .sort()
    .join()
  return until(`the router sends to ${expected}`, async () => (await hops()).join() === expected)
}

const sysctl = (host: Host, name: string, value: number) =>
  run('ip', ['netns', 'exec', host.namespace, 'sysctl', '-qw', `net.ipv4.vs.${name}=${value}`])

interface Director {
  readonly host: Host
  readonly ipvs: Ipvs
  readonly daemon: Daemon
  readonly bird: Bird
  readonly socket: string
  readonly config: string
}

const yaml = (socket: string, include: string, bird: string, servers: readonly Host[]) => `controlSocket: ${socket}
page: false
reconcile: 1s
bird: { include: ${include}, controlSocket: ${bird} }
services:
  - virtual: ${vip}:${port}
    scheduler: mh
    schedulerFlags: [mh-port, mh-fallback]
    forwarding: direct
    announce: bird
    servers: [${servers.map(({ ipv4 }) => ipv4).join(', ')}]
    check: { type: tcp, interval: 1s, timeout: 900ms, rise: 1 }
`

async function startDirector(host: Host, number: number): Promise<Director> {
  const name = `director${number}`
  const [socket, include] = [join(folder, `${name}.sock`), join(folder, `${name}-announced.conf`)]
  const bird = await startBird(
    lan,
    host.namespace,
    folder,
    name,
    `router id ${host.ipv4};
protocol device {}
include "${include}*";
protocol bgp uplink {
  local ${host.ipv4} as 65001;
  neighbor ${router.ipv4} as 65000;
  connect delay time 1; connect retry time 1; error wait time 1, 2;
  ipv4 { import none; export where proto = "ipvs_failover4"; };
}
`,
  )
  const config = await writeConfig(yaml(socket, include, bird.controlSocket, later))
  const ipvs = await openDirector(host)
  t.teardown(() => ipvs.close())
  await sysctl(host, 'sloppy_tcp', 1)
  const daemon = startDaemon(lan, host, config)
  return { host, ipvs, daemon, bird, socket, config }
}

/** Gives a command to a director's daemon, which takes it. */
async function done({ socket }: Director, request: Parameters<typeof ask>[1]): Promise<void> {
  const answer = await ask(socket, request)
  if (!answer.ok) throw new Error(`${request.command} was refused: ${JSON.stringify(answer)}`)
}

/** All of a director's servers get nothing new: it has no quorum any more; or get it back. */
async function order(director: Director, command: 'drain' | 'enable', servers: readonly Host[] = later): Promise<void> {
  for (const { ipv4 } of servers) {
    await done(director, { command, server: ipv4, service: undefined })
  }
}

await startBird(
  lan,
  router.namespace,
  folder,
  'router',
  `router id ${router.ipv4};
protocol device {}
protocol kernel { merge paths on; ipv4 { import none; export all; }; }
${lan.directors
  .map(
    (host, i) => `protocol bgp director${i + 1} {
  local ${router.ipv4} as 65000;
  neighbor ${host.ipv4} as 65001;
  connect delay time 1; connect retry time 1; error wait time 1, 2; hold time 3;
  ipv4 { import all; export none; };
}`,
  )
  .join('\n')}
`,
)
await Promise.all(lan.reals.map((real) => lan.echoServer(real, port)))
const directors = await Promise.all(lan.directors.map((host, i) => startDirector(host, i + 1)))
const [one, two, three] = directors as [Director, Director, Director]
await hopsAre(one, two, three)

t.test('the tables of all directors are in one order', async (t) => {
  const order = async ({ ipvs }: Director) => (await ipvs.table())[0]?.destinations.map(({ address }) => address)
  const expected = later.map(({ ipv4 }) => ipv4).reverse()
  for (const director of directors) t.same(await order(director), expected)
})

t.test('with sloppy_tcp, flows that move to other directors keep their real servers', async (t) => {
  const connections = await holdConnections(outside, vip, port, held)
  const shares = await Promise.all(directors.map(({ ipvs }) => counted(ipvs)))
  t.ok(
    shares.every((share) => share > held / 6),
    `the router shares them out: ${shares.join(', ')}`,
  )

  await order(one, 'drain')
  t.comment(`withdrawn within ${await hopsAre(two, three)} ms`)
  t.match(await connections.exchange(), { answered: held, lost: 0, servers: connections.servers }, 'one was withdrawn')

  two.daemon.end('SIGKILL').catch(() => {})
  t.match(await connections.exchange(), { lost: 0 }, 'a daemon was killed')
  t.same(
    await hops(),
    [two, three].map(({ host }) => host.ipv4),
    'which changes nothing',
  )

  await two.bird.kill()
  t.comment(`gone within ${await hopsAre(three)} ms`)
  t.match(await connections.exchange(), { answered: held, lost: 0, servers: connections.servers }, 'one has died')

  await order(one, 'enable')
  await hopsAre(one, three)
  t.match(await connections.exchange(), { answered: held, lost: 0, servers: connections.servers }, 'one is back')

  for (const director of [one, three]) {
    const text = await readFile(director.config, 'utf8')
    await writeFile(director.config, text.replace('servers: [', `servers: [${first.ipv4}, `))
    await done(director, { command: 'reload', force: false })
  }
  for (const { ipvs } of [one, three])
    await until(
      'the new server is up',
      async () => (await ipvs.table())[0]?.destinations.every(({ weight }) => weight > 0) === true,
    )
  const after = await connections.exchange()
  t.equal(after.lost, 0, 'a server joins before the others, which are inserted anew')
  t.same(after.servers, connections.servers)
  await connections.stop()
})

t.test('without it, they are reset', async (t) => {
  for (const { host } of directors) await sysctl(host, 'sloppy_tcp', 0)
  const connections = await holdConnections(outside, vip, port, held)
  await order(one, 'drain', lan.reals)
  await hopsAre(three)
  const { lost, answered } = await connections.exchange()
  t.ok(lost > held / 4, `${lost} of ${held} were lost`)
  t.ok(answered > held / 4, `${answered} were with the other director`)
  await connections.stop()
})

async function counted(ipvs: Ipvs): Promise<number> {
  const [entry] = await ipvs.table()
  return (entry?.destinations ?? []).reduce((sum, { connections }) => sum + connections.active, 0)
}
