/** The director's network: its addresses, the routes to real servers, what they answer. */
import { addressFindings } from './addresses.js'
import { findingsOf, someOf, type Finding } from './finding.js'
import { forwardingFindings } from './forwarding.js'
import type { DirectorFacts, NetworkFacts } from './facts.js'
import type { Routing } from './prefix.js'
import type { Destination, Table } from '../../types.js'

const say = findingsOf('network')

export function networkFindings(director: DirectorFacts, network: NetworkFacts, routing: Routing): Finding[] {
  const servers = distinct(director.table).filter(({ address }) => !routing.isLocal(address))
  return [
    ...loopbackFindings(network),
    ...addressFindings(director, network, routing),
    ...routeFindings(servers, routing),
    ...forwardingFindings(servers, network, routing),
  ]
}

/** Each real server and forwarding once. */
function distinct(table: Table): readonly Destination[] {
  const servers = table.flatMap(({ destinations }) => destinations)
  return [...new Map(servers.map((server) => [`${server.forwarding} ${server.address}`, server])).values()]
}

/** Linux 6.1 and 6.12: where no IPv4 address is, every IPv4 real server is refused. */
function loopbackFindings({ routes }: NetworkFacts): Finding[] {
  if (routes.some(({ kind, prefix }) => kind === 'local' && !prefix.includes(':'))) return []
  return [say('fail', 'lo', 'is down and there is no IPv4 address: IPv4 real servers are refused', 'ip link set lo up')]
}

/** Of the main table: rules of `ip rule` may know more. */
function routeFindings(servers: readonly Destination[], { outward }: Routing): Finding[] {
  const words = (some: readonly Destination[]) => someOf(some.map(({ address }) => address))
  const lost = servers.filter(({ address }) => !outward(address))
  const far = servers.filter(
    ({ forwarding, address }) => forwarding === 'direct' && outward(address)?.kind === 'gateway',
  )
  const findings = []
  if (lost.length > 0) findings.push(say('warn', 'routes', `of the main table lead nowhere for ${words(lost)}`))
  if (far.length > 0) {
    const text = `lead through a router to ${words(far)}, and direct routing sends to that router instead: use tunnels`
    findings.push(say('warn', 'routes', text))
  }
  return findings
}
