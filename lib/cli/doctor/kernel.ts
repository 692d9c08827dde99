/** The kernel module, the capabilities, the schedulers, the size of the connection table. */
import { schedulers } from '../../types.js'
import { findingsOf, type Finding } from './finding.js'
import { isBefore } from './release.js'
import type { DirectorFacts, Facts } from './facts.js'

const say = findingsOf('kernel')

export function kernelFindings(facts: Facts): Finding[] {
  const capabilities = capabilityFindings(facts)
  return [...moduleFindings(facts, capabilities), ...capabilities, ...schedulerFindings(facts), ...sizeFindings(facts)]
}

function moduleFindings({ director, modules, release }: Facts, capabilities: readonly Finding[]): Finding[] {
  if ('info' in director) {
    const { version, connectionTableSize } = director.info
    return [say('ok', 'ip_vs', `answers: version ${version}, ${connectionTableSize} buckets for connections`)]
  }
  if (director.code === 'IPVS_UNAVAILABLE') {
    if (!modules.shipped) {
      const where = `there is no /lib/modules/${release} to tell whether the kernel has it`
      return [
        say('fail', 'ip_vs', `is not loaded, and ${where}: in a container, load it on the host`, 'modprobe ip_vs'),
      ]
    }
    if (modules.shipped.includes('ip_vs')) {
      return [say('fail', 'ip_vs', 'is not loaded, and the kernel did not load it when asked', 'modprobe ip_vs')]
    }
    return [say('fail', 'ip_vs', `is not a part of this kernel, ${release}: start one with CONFIG_IP_VS`)]
  }
  if (director.code === 'IPVS_NAMESPACE_NOT_FOUND') return [say('fail', 'namespace', `is wrong; ${director.message}`)]
  const isExplained = director.code === 'IPVS_NOT_PERMITTED' && capabilities.some(({ level }) => level === 'fail')
  return isExplained ? [] : [say('fail', 'ip_vs', `cannot be asked; ${director.message}`)]
}

const CAP_NET_ADMIN = 12n
const CAP_SYS_ADMIN = 21n

function capabilityFindings({ process, director, namespace }: Facts): Finding[] {
  const { capabilities, isInitialUser } = process
  const lacks = (bit: bigint) => capabilities !== undefined && ((capabilities >> bit) & 1n) === 0n
  const findings = []
  if ('info' in director) return [say('ok', 'CAP_NET_ADMIN', 'is there')]
  if (lacks(CAP_NET_ADMIN)) {
    const how = 'run as root, or give it to the service by AmbientCapabilities=CAP_NET_ADMIN'
    findings.push(say('fail', 'CAP_NET_ADMIN', `is missing, without which IPVS answers nothing: ${how}`))
  } else if (isInitialUser === false) {
    const how = 'run outside of that, which is often a rootless container'
    findings.push(
      say('fail', 'CAP_NET_ADMIN', `is there in a user namespace only, and IPVS wants it in the first: ${how}`),
    )
  } else if (capabilities === undefined) {
    findings.push(say('info', 'CAP_NET_ADMIN', 'may be there or not: /proc/self/status does not tell'))
  } else {
    findings.push(say('ok', 'CAP_NET_ADMIN', 'is there'))
  }
  if (namespace !== undefined && lacks(CAP_SYS_ADMIN)) {
    findings.push(say('fail', 'CAP_SYS_ADMIN', `is missing, without which ${namespace} cannot be entered: run as root`))
  }
  return findings
}

function schedulerFindings({ modules, release }: Facts): Finding[] {
  const namesIn = (names: readonly string[]) => schedulers.filter((name) => names.includes(`ip_vs_${name}`))
  if (!modules.shipped) {
    const loaded = namesIn(modules.loaded)
    const now = loaded.length === 0 ? 'none is loaded' : `loaded: ${loaded.join(', ')}`
    return [say('info', 'schedulers', `are not known, without /lib/modules/${release}; ${now}`)]
  }
  const known = [...modules.shipped, ...modules.loaded]
  const missing = schedulers.filter((name) => !namesIn(known).includes(name))
  // Without any, the module itself is missing, too.
  if (missing.length === schedulers.length) return []
  const here = `are here: ${namesIn(known).join(', ')}`
  if (missing.length === 0) return [say('ok', 'schedulers', here)]
  return [say('info', 'schedulers', `${here}; this kernel is without ${missing.join(', ')}`)]
}

/** Entries in a bucket from which on the search for one is felt. */
const crowded = 8
/** Most bits that every kernel takes. */
const mostBits = 20

function sizeFindings({ director, release }: Facts): Finding[] {
  if (!('info' in director)) return []
  const size = director.info.connectionTableSize
  const count = connectionsOf(director)
  // Linux 7 makes it larger by itself.
  if (size === 0 || count <= size * crowded || !isBefore(release, 7, 0)) return []
  const bits = Math.min(mostBits, Math.ceil(Math.log2(count)))
  const text = `${count} in ${size} buckets: a larger table is faster, from the next loading of ip_vs on`
  return [say('info', 'connections', text, `echo 'options ip_vs conn_tab_bits=${bits}' >/etc/modprobe.d/ip_vs.conf`)]
}

function connectionsOf({ table }: DirectorFacts): number {
  return table
    .flatMap(({ destinations }) => destinations)
    .reduce((sum, { connections: { active, inactive, persistent } }) => sum + active + inactive + persistent, 0)
}
