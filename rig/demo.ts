/**
 * The demo: a director, three real servers and a client in the rig's LAN. One server dies and comes back, once without and
 * once with persistence. With --ha: two directors (demo-ha.ts). Ends with status 0 only if all of it happened.
 */
import { parseArgs } from 'node:util'
import { emulationMs, failoverYaml, openDirector, promisedMs, servers, startClient, startDaemon } from './cluster.js'
import { tableThat, writeConfig, type Client, type Daemon } from './cluster.js'
import { showTwoDirectors } from './demo-ha.js'
import { createLan, type Host, type Lan, type WebServer } from './lan.js'
import type { Ipvs, Table } from '../lib/index.js'

const check = { intervalMs: 2000, fastMs: 200, timeoutMs: 1000, fall: 3 }
const promised = promisedMs(check)
const patienceMs = 40_000
const fetchEveryMs = 250
/** Of the web servers, and of the VIP in failoverYaml(). */
const port = 80

const started = performance.now()
const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`
function say(text: string): void {
  console.log(`[${seconds(performance.now() - started).padStart(6)}] ${text}`)
}
function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`expected ${what}`)
}

function showTable(title: string, table: Table): void {
  const forward: Readonly<Record<string, string>> = { direct: 'Route', tunnel: 'Tunnel', masquerade: 'Masq' }
  say(`${title}:`)
  for (const { service, destinations } of table) {
    const persistent = service.persistence ? ` persistent ${service.persistence.timeoutSeconds}` : ''
    console.log(
      `          ${service.protocol?.toUpperCase()}  ${service.address}:${service.port} ${service.scheduler}${persistent}`,
    )
    for (const { address, port, forwarding, weight, connections } of destinations) {
      const { active, inactive } = connections
      const shown = `${address}:${port}`.padEnd(20)
      console.log(
        `            -> ${shown} ${forward[forwarding] ?? forwarding}  weight ${weight}  active ${active}  inactive ${inactive}`,
      )
    }
  }
}

interface Cluster {
  readonly lan: Lan
  readonly ipvs: Ipvs
  readonly client: Client
  readonly daemon: Daemon
  /** By the index of the real server. */
  readonly web: WebServer[]
}

/** Kills a real server, watches it leave the table and come back. */
async function failover({ lan, ipvs, client, daemon, web }: Cluster, victim: number): Promise<void> {
  const real = lan.reals[victim] as Host
  const everyone = lan.reals.map(({ ipv4 }) => ipv4)
  const from = client.entries.length
  const killed = Date.now()
  const removal = daemon.removed(real, daemon.entries.length)
  await web[victim]?.kill()
  say(`killed the web server on ${real.ipv4} (real${victim + 1})`)

  const tookMs = (await removal) - killed
  const without = await tableThat(ipvs, (table) => servers(table).length === 2, patienceMs)
  expect(!servers(without).includes(real.ipv4), `${real.ipv4} to be the one that left`)
  const gone = client.entries.length
  // The client goes on without it.
  await client.first(({ ok }) => ok, gone)
  const failed = client.entries.slice(from).filter(({ ok }) => !ok).length
  say(
    `the table changed ${seconds(tookMs)} after the kill; promised: ${seconds(promised)}, that is interval ${seconds(check.intervalMs)} + ${check.fall - 1} × ${seconds(check.fastMs)}`,
  )
  say(`the client has failed ${failed} of ${client.entries.length - from} requests since the kill`)
  showTable('the table without it', without)
  expect(
    tookMs <= promised + emulationMs,
    `the table to change within ${seconds(promised)} (and ${seconds(emulationMs)} for emulation)`,
  )

  say(`starting the web server on ${real.ipv4} again`)
  web[victim] = await lan.webServer(real, port)
  const restarted = performance.now()
  const recovered = await tableThat(ipvs, (table) => servers(table).join() === everyone.join(), patienceMs)
  say(`it was back in the table ${seconds(performance.now() - restarted)} after it answered again`)
  showTable('the recovered table', recovered)
}

async function showOneDirector(lan: Lan): Promise<void> {
  const [director] = lan.directors as [Host]
  say(
    `the LAN is up: director ${director.ipv4} with the VIP ${lan.direct.vip.ipv4}, ${lan.reals.length} real servers, a client`,
  )
  const web = await Promise.all(lan.reals.map((real) => lan.webServer(real, port)))
  say('the web servers answer; starting ipvs-failover on the director (direct routing)')
  const everyone = lan.reals.map(({ ipv4 }) => ipv4)
  const ipvs = await openDirector(director)
  try {
    const config = await writeConfig(failoverYaml(lan, check))
    const daemon = startDaemon(lan, director, config)
    showTable(
      'all three are healthy and in the table',
      await tableThat(ipvs, (table) => servers(table).join() === everyone.join(), patienceMs),
    )
    const client = startClient(lan, `http://${lan.direct.vip.ipv4}/`, fetchEveryMs)
    for (const name of ['real1', 'real2', 'real3']) await client.first(({ body }) => body === name)
    say(`the client fetches http://${lan.direct.vip.ipv4}/ every ${fetchEveryMs} ms, and all three have answered it`)
    await failover({ lan, ipvs, client, daemon, web }, 1)
    await daemon.first(({ server, to }) => server === `${(lan.reals[1] as Host).ipv4}:${port}` && to === 'online')
    expect((await daemon.end('SIGTERM')) === 0, 'SIGTERM to end the daemon with status 0')
    expect(servers(await ipvs.table()).length === 3, 'the table to stay when the daemon ends')
    say('the daemon has ended by SIGTERM; the table stays as it is')

    say('the same with persistence: a client stays with its real server')
    const persistent = startDaemon(lan, director, await writeConfig(failoverYaml(lan, check, 300)))
    await tableThat(ipvs, (table) => table[0]?.service.persistence?.timeoutSeconds === 300, patienceMs)
    const pinned = await client.first(({ ok }) => ok, client.entries.length + 1)
    const from = client.entries.length
    await client.first(() => client.entries.length >= from + 5, from)
    const answers = new Set(client.entries.slice(from).map(({ body }) => body))
    expect(
      answers.size === 1 && answers.has(pinned.body),
      `one server for the client, found ${[...answers].join(', ')}`,
    )
    say(`the client gets all its answers from ${pinned.body}`)
    await failover({ lan, ipvs, client, daemon: persistent, web }, Number(pinned.body?.slice('real'.length)) - 1)
    const now = await client.first(({ ok }) => ok, client.entries.length)
    expect(now.body !== pinned.body, `another server than ${pinned.body} for the client`)
    say(`the client is with ${now.body} now, and stays there`)
    await persistent.end('SIGTERM')
    await client.stop()
  } finally {
    await ipvs.close()
  }
}

const { values } = parseArgs({ options: { ha: { type: 'boolean', default: false } } })
try {
  if (values.ha) {
    await showTwoDirectors(say, expect)
  } else {
    const lan = await createLan({ reals: 3 })
    await showOneDirector(lan).finally(() => lan.close())
  }
  say('all of it happened')
} catch (error) {
  say(`the demo failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
