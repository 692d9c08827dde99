import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Verdict } from './check.js'

/** How far an attempt got on its way to the target. */
export interface Attempt {
  /** The target's address. */
  readonly to: string
  /** The address that the kernel sends from; undefined if it refused to send anything. */
  readonly from: string | undefined
  /** Whether the target has answered anything at all. */
  readonly answered: boolean
}

/** What this host knows of its own links and neighbours. */
export interface Surroundings {
  /** Addresses on links that are up and have a carrier; undefined if nobody knows. */
  readonly addresses: ReadonlySet<string> | undefined
  /** IPv4 neighbours that do not answer ARP. */
  readonly silent: ReadonlySet<string>
}

/**
 * A verdict in the light of them. Silence has three causes that a deadline does not tell apart: this host's own link is down, which is
 * inconclusive; the target does not even answer ARP, so that the host is dead and `unreachable`; or something swallows packets,
 * which stays a `timeout`.
 */
export function explained(verdict: Verdict, { to, from, answered }: Attempt, look: () => Surroundings): Verdict {
  if (verdict.outcome !== 'fail' || from === undefined) return verdict
  if (verdict.reason !== 'timeout' && verdict.reason !== 'unreachable') return verdict
  const { addresses, silent } = look()
  if (addresses && !addresses.has(from)) {
    return { outcome: 'inconclusive', reason: 'local', detail: `the link of ${from} is down` }
  }
  if (verdict.reason === 'timeout' && !answered && silent.has(to)) {
    return { outcome: 'fail', reason: 'unreachable', detail: 'no answer to ARP' }
  }
  return verdict
}

/** The address that the kernel would send from at present; undefined where it has no way there. Sends nothing, waits for nothing. */
export function sourceTowards(address: string): string | undefined {
  const family = isIPv6(address) ? 6 : 4
  const socket = createSocket({ type: `udp${family}`, lookup: (host, _, found) => found(null, host, family) })
  socket.on('error', () => {})
  try {
    socket.connect(anyPort, address)
    socket.remoteAddress() // throws if that was refused
    return socket.address().address
  } catch {
    return undefined
  } finally {
    socket.close()
  }
}

/** Of UDP, to which nothing is sent. */
const anyPort = 9
const memoryMs = 50

/** Looks around, at most once in 50 ms: all targets of a check may time out together. */
export function surveyor(): () => Surroundings {
  let seen: Surroundings | undefined
  let seenAt = -Infinity
  return () => {
    const now = performance.now()
    if (seen === undefined || now - seenAt > memoryMs) {
      seen = { addresses: carriedAddresses(), silent: silentNeighbours(arpTable()) }
      seenAt = now
    }
    return seen
  }
}

/** libuv leaves out what is not IFF_RUNNING, which is a link without a carrier as well as one that is set down. */
function carriedAddresses(): ReadonlySet<string> | undefined {
  try {
    return new Set(Object.values(networkInterfaces()).flatMap((found = []) => found.map(({ address }) => address)))
  } catch {
    return undefined // a sandbox without AF_NETLINK
  }
}

function arpTable(): string {
  try {
    return readFileSync('/proc/net/arp', 'latin1')
  } catch {
    return ''
  }
}

/** Those without ATF_COM (2) and ATF_PERM (4) in /proc/net/arp: asked for and not answered. It knows no IPv6. */
export function silentNeighbours(table: string): ReadonlySet<string> {
  const rows = table.matchAll(/^([\d.]+) +0x[\da-f]+ +0x([\da-f]+) /gm)
  return new Set([...rows].flatMap(([, address = '', flags = '']) => ((parseInt(flags, 16) & 6) === 0 ? address : [])))
}
