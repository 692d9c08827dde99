/** ARP on a real server: it neither answers for the virtual address nor asks in its name. */
import { answers, effective, setConf } from './interfaces.js'
import { findingsOf, type Finding } from './finding.js'
import type { NetworkFacts, NetworkInterface } from './facts.js'

const say = findingsOf('real server')

/** Linux 6.1: 3 is silent only about addresses of scope host, 4 to 7 are the same as 0. */
const silent = [1, 2, 8]
const careful = 2

export function arpFindings(addresses: readonly string[], network: NetworkFacts): Finding[] {
  const asked = (network.interfaces ?? []).filter(answers)
  if (addresses.length === 0 || asked.length === 0) return []
  return [
    ...judge(
      'arp_ignore',
      asked,
      network,
      (value) => silent.includes(value),
      1,
      'this host answers ARP for the address',
    ),
    ...judge(
      'arp_announce',
      asked,
      network,
      (value) => value === careful,
      careful,
      'this host asks by ARP in the name of the address, and whom it asks sends to it from then on',
    ),
  ]
}

function judge(
  setting: 'arp_ignore' | 'arp_announce',
  asked: readonly NetworkInterface[],
  network: NetworkFacts,
  isGood: (value: number) => boolean,
  wanted: number,
  harm: string,
): Finding[] {
  const valueOf = (one: NetworkInterface) => effective(network, one, setting)
  const bad = asked.filter((one) => !isGood(valueOf(one)))
  const words = (some: readonly NetworkInterface[]) => some.map((one) => `${valueOf(one)} on ${one.name}`).join(', ')
  if (bad.length === 0) return [say('ok', setting, `is ${words(asked)}`)]
  // The larger value counts: one that is too large has to go from the interface itself.
  const own = bad.filter(({ settings }) => (settings[setting] ?? 0) > wanted).map(({ name }) => name)
  return [say('fail', setting, `is ${words(bad)}: ${harm}`, setConf(['all', ...own], setting, wanted))]
}
