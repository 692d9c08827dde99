/** A director and a real server that are right, as facts, for tests to break. */
import { parseAddress } from '../../lib/address.js'
import { diagnose } from '../../lib/cli/doctor/diagnose.js'
import { schedulers } from '../../lib/index.js'
import { sysctlDefaults } from '../../lib/testing/sysctls.js'
import type { DestinationSpec, ServiceKey, ServiceSettings, TableEntry } from '../../lib/index.js'
import type { DirectorFacts, Facts, InterfaceAddress, NetworkFacts } from '../../lib/cli/doctor/facts.js'
import type { NetworkInterface, Route } from '../../lib/cli/doctor/facts.js'
import type { Finding } from '../../lib/cli/doctor/finding.js'

export const vip = '192.0.2.100'
export const vip6 = '2001:db8:0:2::100'
export const web = { protocol: 'tcp', address: vip, port: 80 } as const
export const web6 = { protocol: 'tcp', address: vip6, port: 80 } as const
export const dns = { protocol: 'udp', address: vip, port: 53 } as const

const nothing = { connections: 0, packetsIn: 0, packetsOut: 0, bytesIn: 0, bytesOut: 0 }
const none = { connections: 0n, packetsIn: 0n, packetsOut: 0n, bytesIn: 0n, bytesOut: 0n }
const stats = { total: none, rate: nothing }
const connections = { active: 0, inactive: 0, persistent: 0 }

/** As it is read, without traffic. */
export function entry(
  service: ServiceKey & Partial<ServiceSettings>,
  servers: readonly (DestinationSpec & { readonly connections?: typeof connections })[],
): TableEntry {
  return {
    service: { scheduler: 'rr', ...service, stats },
    destinations: servers.map((server) => ({ connections, stats, ...server, weight: server.weight ?? 1 })),
  }
}

export const direct = { address: '192.0.2.11', port: 80, forwarding: 'direct' } as const
export const tunnel = { address: '192.0.2.12', port: 80, forwarding: 'tunnel' } as const
export const tunnel6 = { address: '2001:db8:0:2::12', port: 80, forwarding: 'tunnel' } as const
export const masquerade = { address: '192.0.2.13', port: 8080, forwarding: 'masquerade' } as const
export const masquerade6 = { address: '2001:db8:0:2::13', port: 8080, forwarding: 'masquerade' } as const

export function route(kind: Route['kind'], prefix: string, device = 'eth0'): Route {
  if (!parseAddress(prefix.replace(/\/.*/, ''))) throw new TypeError(`expected a prefix, found ${prefix}`)
  return { kind, prefix, device }
}

export function address(address: string, prefixLength: number, device: string): InterfaceAddress {
  return { address, prefixLength, device }
}

export function device(name: string, more: Partial<NetworkInterface> = {}): NetworkInterface {
  // UP, BROADCAST, RUNNING, MULTICAST.
  return { name, flags: 0x1043, type: 1, isPort: false, settings: {}, ...more }
}

/** lo, dummies and tunnels. */
export const lo = device('lo', { flags: 0x49, type: 772 })
export const dummy = device('dummy0', { flags: 0xc3 })
export const tunl0 = device('tunl0', { flags: 0xc1, type: 768 })

export const network: NetworkFacts = {
  routes: [
    route('local', '127.0.0.0/8', 'lo'),
    route('local', '192.0.2.1/32'),
    route('local', `${vip}/32`),
    route('local', `${vip6}/128`),
    route('link', '192.0.2.0/24'),
    route('link', '2001:db8:0:2::/64'),
  ],
  addresses: [
    address('192.0.2.1', 24, 'eth0'),
    address(vip, 32, 'eth0'),
    address('2001:db8:0:2::1', 64, 'eth0'),
    { ...address(vip6, 128, 'eth0'), isDeprecated: true },
  ],
  forwarding: { ipv4: true, ipv6: true },
  interfaces: [lo, device('eth0')],
  all: {},
}

export const director: DirectorFacts = {
  info: { version: '1.2.1', connectionTableSize: 4096 },
  table: [entry(web, [direct, tunnel, masquerade]), entry(web6, [tunnel6, masquerade6])],
  daemons: [],
  sysctls: Object.fromEntries(sysctlDefaults.map(({ name, value }) => [name, value])),
}

export const right: Facts = {
  platform: 'linux',
  release: '6.1.0-50-amd64',
  process: { capabilities: 0x1ffffffffffn, isInitialUser: true },
  modules: { shipped: ['ip_vs', ...schedulers.map((name) => `ip_vs_${name}`)], loaded: ['ip_vs'] },
  director,
  network,
}

/** The same with another table, sysctls, daemons. */
export function withDirector(change: Partial<DirectorFacts>): Facts {
  return { ...right, director: { ...director, ...change } }
}

export function withSysctls(sysctls: Readonly<Record<string, string>>, change: Partial<DirectorFacts> = {}): Facts {
  return withDirector({ ...change, sysctls: { ...director.sysctls, ...sysctls } })
}

export function withNetwork(change: Partial<NetworkFacts>, more: Partial<DirectorFacts> = {}): Facts {
  return { ...withDirector(more), network: { ...network, ...change } }
}

/** What is found about something, `level fix` or `level`. */
export function about(facts: Facts, what: string): readonly string[] {
  return wordsOf(diagnose(facts).filter(({ about }) => about === what))
}

export function wordsOf(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ level, fix }) => (fix === undefined ? level : `${level} ${fix}`))
}

/** `about: level fix` of all that is wrong. */
export function troubles(findings: readonly Finding[]): readonly string[] {
  const wrong = findings.filter(({ level }) => level === 'warn' || level === 'fail')
  return wrong.map((finding) => `${finding.about}: ${wordsOf([finding]).join()}`)
}
