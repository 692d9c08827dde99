/** The files of /proc and /lib/modules, as data. A line that is not understood is left out. */
import { endianness } from 'node:os'
import { formatAddress } from '../../address.js'
import { AF_INET, AF_INET6 } from '../../records.js'
import { prefixOf } from './prefix.js'
import type { InterfaceAddress, Route } from './facts.js'

/** Names of IPVS's modules in modules.dep, modules.builtin or /proc/modules, each once. */
export function parseModules(text: string): string[] {
  // kernel/net/netfilter/ipvs/ip_vs_rr.ko.xz: kernel/… · kernel/…/ip_vs_rr.ko · ip_vs_rr 16384 1 - Live …
  return [...new Set(Array.from(text.matchAll(/^(?:\S*\/)?(ip_vs(?:_\w+)?)(?:\.ko(?:\.\w+)?:?)?(?=\s|$)/gm), secondOf))]
}

const secondOf = ([, second = '']: RegExpMatchArray) => second

/** CapEff of /proc/self/status. */
export function parseCapabilities(text: string): bigint | undefined {
  const [, hex] = /^CapEff:\s*([0-9a-f]+)$/m.exec(text) ?? []
  return hex === undefined ? undefined : BigInt(`0x${hex}`)
}

/** Names in /proc/net/dev. */
export function parseDevices(text: string): string[] {
  return Array.from(text.matchAll(/^\s*(\S+):/gm), secondOf)
}

/** `Ip: Forwarding` of /proc/net/snmp: 1 is yes, 2 no. */
export function parseForwarding(text: string): boolean | undefined {
  const [, value] = /^Ip: Forwarding\b.*\nIp: ([12]) /m.exec(text) ?? []
  return value === undefined ? undefined : value === '1'
}

/** The local routes of /proc/net/fib_trie, of all tables: with them an address is this host's own. */
export function parseFibTrie(text: string): Route[] {
  const prefixes = new Set<string>()
  let address = ''
  for (const line of text.split('\n')) {
    const [, leaf] = /^ *\|-- ([0-9.]+)$/.exec(line) ?? []
    const [, length] = /^ *(\/[0-9]+) \S+ LOCAL\b/.exec(line) ?? []
    if (leaf !== undefined) address = leaf
    if (length !== undefined) prefixes.add(address + length)
  }
  return Array.from(prefixes, (prefix) => ({ prefix, kind: 'local' }))
}

const RTF_GATEWAY = 0x2
const RTF_REJECT = 0x200
const RTF_ANYCAST = 0x100000
const RTF_LOCAL = 0x80000000

/** /proc/net/route: the main table, the best route of a prefix first. */
export function parseRoutes(text: string): Route[] {
  return text.split('\n').flatMap((line) => {
    const [device = '', destination = '', , flags = '', , , , mask = ''] = line.trim().split(/\s+/)
    const bits = parseInt(flags, 16)
    if (!/^[0-9A-F]{8}$/.test(destination) || (bits & RTF_REJECT) !== 0) return []
    const length = hostOrder(mask).reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
    const address = { family: AF_INET, address: hostOrder(destination) }
    return [{ prefix: prefixOf(address, length), kind: kindOf(bits), device }]
  })
}

/** The kernel prints an address as a number of the machine. */
function hostOrder(hex: string): Uint8Array {
  const bytes = Buffer.from(hex, 'hex')
  return endianness() === 'LE' ? bytes.reverse() : bytes
}

/** /proc/net/ipv6_route: all tables, the best route of a prefix first. */
export function parseRoutes6(text: string): Route[] {
  const routes = text.split('\n').flatMap((line) => {
    const [destination = '', length = '', , , , metric = '', , , flags = '', device = ''] = line.trim().split(/\s+/)
    const bits = parseInt(flags, 16)
    if (!/^[0-9a-f]{32}$/.test(destination) || (bits & (RTF_REJECT | RTF_ANYCAST)) !== 0) return []
    const address = { family: AF_INET6, address: Buffer.from(destination, 'hex') }
    const prefix = prefixOf(address, parseInt(length, 16))
    return [{ metric: parseInt(metric, 16), route: { prefix, kind: kindOf(bits), device } }]
  })
  return routes.sort((a, b) => a.metric - b.metric).map(({ route }) => route)
}

function kindOf(flags: number): Route['kind'] {
  if ((flags & RTF_LOCAL) !== 0) return 'local'
  return (flags & RTF_GATEWAY) === 0 ? 'link' : 'gateway'
}

const IFA_F_DADFAILED = 0x08
const IFA_F_DEPRECATED = 0x20

/** /proc/net/if_inet6 */
export function parseInet6(text: string): InterfaceAddress[] {
  return text.split('\n').flatMap((line) => {
    const [hex = '', , length = '', , flags = '', device = ''] = line.trim().split(/\s+/)
    if (!/^[0-9a-f]{32}$/.test(hex)) return []
    const bits = parseInt(flags, 16)
    return [
      {
        address: formatAddress({ family: AF_INET6, address: Buffer.from(hex, 'hex') }),
        prefixLength: parseInt(length, 16),
        device,
        isDeprecated: (bits & IFA_F_DEPRECATED) !== 0,
        isDuplicate: (bits & IFA_F_DADFAILED) !== 0,
      },
    ]
  })
}
