/** Virtual addresses on a director: packets to them must reach it, and be its own. */
import { answers, effective, isQuiet } from './interfaces.js'
import { findingsOf, someOf, type Finding } from './finding.js'
import { canonical, fullLength, isIPv6, type Routing } from './prefix.js'
import type { DirectorFacts, InterfaceAddress, NetworkFacts } from './facts.js'
import type { Table } from '../../types.js'

const say = findingsOf('network')

export function addressFindings(director: DirectorFacts, network: NetworkFacts, routing: Routing): Finding[] {
  const addresses = virtualAddresses(director.table)
  const tunnelled = virtualAddresses(director.table.filter(({ destinations }) => destinations.some(isTunnel6)))
  const judged = addresses.map((address) => ({
    address,
    findings: judge(address, tunnelled.includes(address), director, network, routing),
  }))
  const good = judged.filter(({ findings }) => findings.length === 0).map(({ address }) => address)
  return [
    ...(good.length > 0 ? [say('ok', 'addresses', `are on this host: ${someOf(good)}`)] : []),
    ...judged.flatMap(({ findings }) => findings),
  ]
}

/** Each once; firewall marks have none. */
function virtualAddresses(table: Table): readonly string[] {
  return [...new Set(table.flatMap(({ service }) => (service.address === undefined ? [] : canonical(service.address))))]
}

function isTunnel6({ forwarding, address }: Table[number]['destinations'][number]): boolean {
  return forwarding === 'tunnel' && isIPv6(address)
}

function judge(
  address: string,
  isTunnelled: boolean,
  { daemons }: DirectorFacts,
  network: NetworkFacts,
  routing: Routing,
): Finding[] {
  const places = network.addresses.filter((one) => one.address === address)
  const found = places.find(({ device }) => !isQuiet(network, device)) ?? places[0]
  if (found?.isDuplicate === true) {
    return [say('fail', address, `is not used, because another host on ${found.device} has it: take it away there`)]
  }
  if (routing.isLocal(address)) {
    const silence = silenceFindings(address, found, network, routing)
    return silence.length > 0 || !isTunnelled || !found ? silence : sourceFindings(found)
  }
  if (daemons.length > 0 && daemons.every(({ role }) => role === 'backup')) {
    return [say('info', address, 'is not on this host, which is right for a director that stands by')]
  }
  const text = 'is not on this host, and so IPVS gets no packets to it: right only while another director has it'
  return [say('fail', address, text, adding(address, network, routing))]
}

/** Whether neighbours are told of the address: IPv6 by the interface that has it, IPv4 by all of them but for arp_ignore. */
function silenceFindings(
  address: string,
  found: InterfaceAddress | undefined,
  network: NetworkFacts,
  routing: Routing,
): Finding[] {
  if (found ? !isQuiet(network, found.device) : !isIPv6(address)) return []
  if (!isIPv6(address) && !ignoresARP(network)) return []
  const why = isIPv6(address) ? 'neighbour discovery does not answer for it' : 'arp_ignore keeps it from being told'
  const text = `is ${found ? `on ${found.device}` : 'here by a local route'}, and ${why}: only a router's route leads here`
  const removal = found ? [`ip address del ${address}/${found.prefixLength} dev ${found.device}`] : []
  return [say('warn', address, text, [...removal, adding(address, network, routing)].join(' && '))]
}

function ignoresARP(network: NetworkFacts): boolean {
  const asked = (network.interfaces ?? []).filter(answers)
  return asked.length > 0 && asked.every((one) => effective(network, one, 'arp_ignore') > 0)
}

/**
 * Linux 6.1: the kernel may choose it as the source of what it tunnels, and a real server drops what comes from its own. It keeps the
 * source that it chose until routes change: `ip address change` alone does not help.
 */
function sourceFindings({ address, prefixLength, device, isDeprecated }: InterfaceAddress): Finding[] {
  if (isDeprecated === true) return []
  const text =
    'may become the source of packets in tunnels, and real servers drop those, since the address is theirs, too'
  const place = `${address}/${prefixLength} dev ${device}`
  return [say('warn', address, text, `ip address del ${place} && ip address add ${place} preferred_lft 0`)]
}

/** Where its neighbours are. */
function adding(address: string, { interfaces = [] }: NetworkFacts, routing: Routing): string {
  const candidates = interfaces.filter(answers)
  const device = routing.outward(address)?.device ?? (candidates.length === 1 ? candidates[0]?.name : undefined)
  const deprecated = isIPv6(address) ? ' preferred_lft 0' : ''
  return `ip address add ${address}/${fullLength(address)} dev ${device ?? 'INTERFACE'}${deprecated}`
}
