/**
 * Two directors of the rig's LAN with one set of virtual addresses, as rig/member.ts makes them; real servers that keep connections open,
 * and a client that does. What they run is made by bundlePair() of rig/bundle.mjs.
 */
import { join } from 'node:path'
import { journalOf, openDirector, tableThat } from './cluster.js'
import { faultsOf, type Faults } from './faults.js'
import { holdConnections, type HeldConnections } from './held.js'
import { createLan, type Host, type Lan } from './lan.js'
import { configureMember, type Member, type MemberOptions } from './member.js'
import { startProbe, type Probe } from './probe.js'

const port = 80
const realServers = 2
/** An emulated, busy machine starts a daemon in half a minute. */
const patienceMs = 120_000
/** Of the checks, which are not what is tried: seldom. */
const check = '{ type: tcp, interval: 2s, fastInterval: 200ms, timeout: 1s }'

export interface PairOptions extends Pick<MemberOptions, 'advertMs' | 'graceMs' | 'unicast'> {
  /** More of the configuration. */
  readonly yaml?: string
}

export interface Pair {
  readonly lan: Lan
  readonly faults: Faults
  /** The first one is preferred, and has the virtual addresses at first. */
  readonly members: readonly [Member, Member]
  /** IPv4 and IPv6. */
  readonly vips: readonly [string, string]
  /** Opens so many connections to each virtual address, and sends some bytes on each: the kernel tells the other director of them. */
  hold(count: number): Promise<readonly HeldConnections[]>
  /** Asks at each virtual address, so often. Resolves when both have answered. */
  probe(everyMs: number): Promise<Probe>
  /** Resolves when a director's table is whole. */
  ready(member: Member): Promise<void>
  /** Resolves when a director has the virtual addresses, or lost them, after that time: with the time. */
  moved(member: Member, has: boolean, since: number): Promise<number>
  close(): Promise<void>
}

export async function startPair(options: PairOptions): Promise<Pair> {
  const lan = await createLan({ reals: realServers, directors: 2, vip: 'none' })
  try {
    return await furnish(lan, options)
  } catch (error) {
    await lan.close()
    throw error
  }
}

async function furnish(lan: Lan, options: PairOptions): Promise<Pair> {
  const vips = [lan.direct.vip.ipv4, lan.direct.vip.ipv6] as const
  await Promise.all(lan.reals.map((real) => serve(lan, real)))
  const yaml = `${options.yaml ?? ''}services:\n${service(vips[0], lan, 'ipv4')}${service(`[${vips[1]}]`, lan, 'ipv6')}`
  const [first, second] = lan.directors as [Host, Host]
  const configure = (host: Host, priority: number) => configureMember(lan, host, { ...options, priority, yaml })
  const members = await Promise.all([configure(first, 150), configure(second, 120)])

  async function ready({ host }: Member): Promise<void> {
    const ipvs = await openDirector(host)
    try {
      const whole = `${realServers},${realServers}`
      await tableThat(
        ipvs,
        (table) => table.map(({ destinations }) => destinations.length).join() === whole,
        patienceMs,
      )
    } finally {
      await ipvs.close()
    }
  }
  async function moved(member: Member, has: boolean, since: number): Promise<number> {
    const event = await member
      .vips()
      .first((event) => event?.address === vips[0] && event.has === has && event.at >= since)
    return event?.at ?? NaN
  }
  // The first one is to have the addresses before the second one may.
  for (const member of members) {
    await member.watch()
    member.startDaemon()
  }
  members[0].startKeepalived()
  await Promise.all([...members.map(ready), moved(members[0], true, 0)])
  members[1].startKeepalived()
  await members[1].daemon().first(({ msg }) => msg === 'director is backup')

  return {
    lan,
    faults: faultsOf(lan, { vip: 'none' }),
    members,
    vips,
    ready,
    moved,
    async hold(count) {
      const held = await Promise.all(vips.map((vip) => holdConnections(lan, vip, port, count)))
      for (const connections of held) await connections.exchange()
      return held
    },
    async probe(everyMs) {
      const probe = startProbe(lan, vips, port, everyMs)
      for (const vip of vips) await probe.first(({ to, tookMs }) => to === vip && tookMs !== undefined)
      return probe
    },
    close: () => lan.close(),
  }
}

/** A real server; resolves when it listens. */
async function serve(lan: Lan, { namespace }: Host): Promise<void> {
  const program = join(import.meta.dirname, '..', '.bundle/echo-server')
  // As many connections as there are descriptors.
  const command = ['--nofile=8192', program, namespace.slice(lan.name.length + 1), String(port)]
  const child = lan.spawn(namespace, 'prlimit', command, { stdio: ['ignore', 'pipe', 'inherit'] })
  await journalOf(child, (line) => line).first((line) => line === 'listening')
}

const service = (virtual: string, { reals }: Lan, family: 'ipv4' | 'ipv6') => `  - virtual: "${virtual}:${port}"
    scheduler: rr
    forwarding: direct
    servers: [${reals.map((real) => `"${real[family]}"`).join(', ')}]
    check: ${check}
`
