/** Where a real server unpacks tunnels. */
import { effective, isUp, setConf } from './interfaces.js'
import { findingsOf, someOf, type Finding } from './finding.js'
import type { NetworkFacts, NetworkInterface } from './facts.js'

const say = findingsOf('real server')

/** ARPHRD_…, and what each unpacks; FOU and GUE hand on to these. */
const words: Readonly<Record<number, string>> = {
  768: 'IPv4 in IPv4',
  769: 'in IPv6',
  776: 'IPv6 in IPv4',
  778: 'GRE',
  823: 'GRE in IPv6',
}
/** Those from which IPv4 comes to a virtual address of IPv4, as a rule. */
const ofIPv4 = [768, 778]

export function tunnelFindings(network: NetworkFacts): Finding[] {
  const tunnels = (network.interfaces ?? []).filter((one) => wordOf(one) !== undefined && isUp(one))
  if (tunnels.length === 0) {
    return [say('info', 'tunnels', 'are unpacked by no interface here, which only tunnel forwarding needs')]
  }
  return [
    say('info', 'tunnels', `are unpacked by ${someOf(tunnels.map((one) => `${one.name} (${wordOf(one)})`))}`),
    ...tunnels.flatMap((one) => (drops(one, network) ? filterFinding(one, network) : [])),
  ]
}

function wordOf({ type = -1 }: NetworkInterface): string | undefined {
  return words[type]
}

function filterFinding(one: NetworkInterface, network: NetworkFacts): Finding {
  const text = `is ${effective(network, one, 'rp_filter')} for ${one.name}: what clients send through it is dropped`
  const set = [{ name: 'all', settings: network.all }, one].filter(({ settings }) => (settings.rp_filter ?? 0) > 0)
  return say(
    'fail',
    'rp_filter',
    text,
    setConf(
      set.map(({ name }) => name),
      'rp_filter',
      0,
    ),
  )
}

/**
 * Strict, the way back must be the same interface, which a tunnel never is. Linux 6.1: loose, an interface without
 * an IPv4 address drops everything as well.
 */
function drops(one: NetworkInterface, network: NetworkFacts): boolean {
  if (!ofIPv4.includes(one.type ?? -1)) return false
  const value = effective(network, one, 'rp_filter')
  const hasAddress = network.addresses.some(({ device, address }) => device === one.name && !address.includes(':'))
  return value === 1 || (value === 2 && !hasAddress)
}
