/** Judges what is known of a director. */
import { findingsOf, type Finding } from './finding.js'
import { kernelFindings } from './kernel.js'
import { networkFindings } from './network.js'
import { makeRouting } from './prefix.js'
import { serviceFindings } from './services.js'
import { sysctlFindings } from './sysctls.js'
import type { Facts } from './facts.js'

export function diagnose(facts: Facts): readonly Finding[] {
  const { platform, release, director, network, namespace } = facts
  if (platform !== 'linux') return [notLinux(platform)]
  const kernel = kernelFindings(facts)
  if (!('info' in director)) return kernel
  const routing = makeRouting(network?.routes ?? [])
  const findings = [
    ...serviceFindings(director.table),
    ...(network ? networkFindings(director, network, routing) : [unseen]),
    ...(network && !network.interfaces ? [elsewhere] : []),
    ...sysctlFindings(release, director, routing),
  ]
  return [...kernel, ...findings.map((finding) => inside(namespace, finding))]
}

const say = findingsOf('network')

export function notLinux(platform: string): Finding {
  return findingsOf('kernel')('fail', 'system', `is ${platform}, and IPVS is a part of Linux: run this there`)
}

const unseen = say('info', 'network', 'cannot be looked at: there is no /proc here that shows it')
const elsewhere = say('info', 'network', 'is seen in full only from inside', 'ipvs doctor')

/** What is to be done in a namespace is done from there. */
function inside(namespace: string | undefined, finding: Finding): Finding {
  if (namespace === undefined || finding.fix === undefined) return finding
  return {
    ...finding,
    fix: finding.fix
      .split(' && ')
      .map((command) => commandIn(namespace, command))
      .join(' && '),
  }
}

export function commandIn(namespace: string, command: string): string {
  return namespace.startsWith('/') ? `nsenter --net=${namespace} ${command}` : `ip netns exec ${namespace} ${command}`
}
