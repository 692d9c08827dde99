/** Judges a host as a real server for direct routing and tunnels: it takes packets to the address, and is silent about it. */
import { arpFindings } from './arp.js'
import { notLinux } from './diagnose.js'
import { findingsOf, type Finding } from './finding.js'
import { isQuiet } from './interfaces.js'
import { canonical, fullLength, isIPv6, makeRouting, type Routing } from './prefix.js'
import { tunnelFindings } from './tunnels.js'
import type { InterfaceAddress, NetworkFacts } from './facts.js'

const say = findingsOf('real server')

export function diagnoseRealServer(
  addresses: readonly string[],
  platform: string,
  network: NetworkFacts | undefined,
): readonly Finding[] {
  if (platform !== 'linux') return [notLinux(platform)]
  if (!network) return [say('fail', 'network', 'cannot be looked at: there is no /proc here that shows it; mount it')]
  const routing = makeRouting(network.routes)
  const wanted = [...new Set(addresses.map(canonical))]
  return [
    ...wanted.flatMap((address) => judge(address, network, routing)),
    ...arpFindings(
      wanted.filter((address) => !isIPv6(address)),
      network,
    ),
    ...tunnelFindings(network),
  ]
}

function judge(address: string, network: NetworkFacts, routing: Routing): Finding[] {
  const full = fullLength(address)
  const right = `ip address add ${address}/${full} dev lo`
  const places = network.addresses.filter((one) => one.address === address)
  if (places.some(({ isDuplicate }) => isDuplicate === true)) {
    return [say('fail', address, 'is not used, because another host has it and this one asked', right)]
  }
  if (!routing.isLocal(address)) {
    return [say('fail', address, 'is not on this host, so that packets to it are not taken', right)]
  }
  const move = ({ prefixLength, device }: InterfaceAddress) =>
    `ip address del ${address}/${prefixLength} dev ${device} && ${right}`
  const loud = places.find(({ device }) => !isQuiet(network, device))
  if (loud) {
    const who = isIPv6(address) ? 'neighbour discovery' : 'ARP'
    return [
      say(
        'fail',
        address,
        `is on ${loud.device}, where ${who} tells neighbours to send here, past the director`,
        move(loud),
      ),
    ]
  }
  const wide = places.find(({ prefixLength }) => prefixLength < full)
  if (wide) {
    const { device, prefixLength } = wide
    // Linux 6.1: every IPv4 address of a prefix on lo is this host; elsewhere, and for IPv6, it is one more route.
    if (device === 'lo' && !isIPv6(address)) {
      return [
        say('fail', address, `is on lo with /${prefixLength}, which makes that whole network this host`, move(wide)),
      ]
    }
    return [say('warn', address, `is on ${device} with /${prefixLength}, a second route to that network`, move(wide))]
  }
  return [
    say(
      'ok',
      address,
      `is ${places[0] ? `on ${places[0].device}` : 'here by a local route, or an interface that is down'}`,
    ),
  ]
}
