/** What masqueraded real servers answer goes back through the director. */
import { effective, setConf } from './interfaces.js'
import { findingsOf, type Finding } from './finding.js'
import { isIPv6, type Routing } from './prefix.js'
import type { NetworkFacts } from './facts.js'
import type { Destination, Family } from '../../types.js'

const say = findingsOf('network')

const names = {
  ipv4: { word: 'IPv4', sysctl: 'net.ipv4.ip_forward' },
  ipv6: { word: 'IPv6', sysctl: 'net.ipv6.conf.all.forwarding' },
} as const

export function forwardingFindings(
  servers: readonly Destination[],
  network: NetworkFacts,
  routing: Routing,
): Finding[] {
  const masqueraded = servers.filter(({ forwarding }) => forwarding === 'masquerade')
  const of4 = masqueraded.filter(({ address }) => !isIPv6(address))
  const of6 = masqueraded.filter(({ address }) => isIPv6(address))
  return [
    ...(of4.length > 0 ? [forwardingOf('ipv4', network)] : []),
    ...(of6.length > 0 ? [forwardingOf('ipv6', network)] : []),
    ...redirectFindings(of4, network, routing),
    ...redirectFindings6(of6, network, routing),
  ]
}

/** Linux 6.1 and 6.12: nothing else needs it. Requests are sent anew whatever the method. */
function forwardingOf(family: Family, { forwarding }: NetworkFacts): Finding {
  const { word, sysctl } = names[family]
  const isOn = forwarding[family]
  if (isOn === true) return say('ok', 'forwarding', `of ${word} is on, which masquerading needs`)
  if (isOn === false) {
    return say(
      'fail',
      'forwarding',
      `of ${word} is off: answers of masqueraded servers are dropped`,
      `sysctl -w ${sysctl}=1`,
    )
  }
  return say('info', 'forwarding', `of ${word} is not seen from here, and masquerading needs it`, `sysctl ${sysctl}`)
}

/** Linux 6.1: a real server that is told of the router behind the director sends to that, and its connections hang. */
function redirectFindings(servers: readonly Destination[], network: NetworkFacts, routing: Routing): Finding[] {
  const { interfaces = [] } = network
  const shared = sharedDevices(servers, '0.0.0.0/0', network, routing)
  return interfaces
    .filter((one) => shared.has(one.name) && effective(network, one, 'send_redirects') > 0)
    .map(({ name }) => {
      const text = `is on for ${name}: if clients come by it, too, masqueraded servers are told to answer past this host`
      return say('warn', 'send_redirects', text, setConf(['all', name], 'send_redirects', 0))
    })
}

/** The same, but the kernel has no setting to keep from sending them. */
function redirectFindings6(servers: readonly Destination[], network: NetworkFacts, routing: Routing): Finding[] {
  const [device] = sharedDevices(servers, '::/0', network, routing)
  if (device === undefined) return []
  const text =
    `of IPv6 are sent always: if clients come by ${device}, too, masqueraded servers answer past this host, but for ` +
    'net.ipv6.conf.INTERFACE.accept_redirects=0 on each'
  return [say('info', 'redirects', text)]
}

/** Interfaces to real servers by which clients may come, too: that of the default route; without one, any. */
function sharedDevices(
  servers: readonly Destination[],
  everything: string,
  { routes, interfaces }: NetworkFacts,
  { outward }: Routing,
): ReadonlySet<string> {
  if (!interfaces) return new Set()
  const defaults = routes.filter(({ prefix }) => prefix === everything).map(({ device }) => device)
  const links = servers.map(({ address }) => outward(address)).filter((route) => route?.kind === 'link')
  const devices = links.flatMap((route) => route?.device ?? [])
  return new Set(devices.filter((device) => defaults.length === 0 || defaults.includes(device)))
}
