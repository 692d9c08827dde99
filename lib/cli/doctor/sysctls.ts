/** net.ipv4.vs.*: what matters to the table that there is, on this kernel. */
import { isBefore } from './release.js'
import { advise, hasTcp, say, type Rule, type Situation } from './rule.js'
import { syncRules } from './sysctls-sync.js'
import type { DirectorFacts } from './facts.js'
import type { Finding } from './finding.js'
import type { Routing } from './prefix.js'
import type { Destination } from '../../types.js'

export function sysctlFindings(release: string, director: DirectorFacts, { isLocal }: Routing): Finding[] {
  const { sysctls = {}, table, daemons } = director
  if (Object.keys(sysctls).length === 0) {
    const why = 'Linux 6.1 hides them in a network namespace that a user namespace owns'
    return [say('info', 'net.ipv4.vs', `shows no settings here: ${why}`)]
  }
  const situation: Situation = {
    release,
    table,
    servers: table.flatMap(({ destinations }) => destinations),
    runs: {
      master: daemons.some(({ role }) => role === 'master'),
      backup: daemons.some(({ role }) => role === 'backup'),
    },
    value: (name) => (sysctls[name] === undefined ? undefined : Number.parseInt(sysctls[name])),
    isLocal,
  }
  const findings = [...rules, ...syncRules].flatMap((rule) => rule(situation) ?? [])
  return findings.length > 0 ? findings : [say('ok', 'net.ipv4.vs', 'suits this table')]
}

const estimation: Rule = ({ value, table }) => {
  if (value('run_estimation') !== 0 || table.length === 0) return undefined
  return advise('warn', 'run_estimation', 0, 'counters and rates stand still', 1)
}

/**
 * A first packet on a known connection ends that and is scheduled anew. Before 5.9 it was dropped once where the old one was
 * tracked. Since 5.16, with expire_nodest_conn=1, a server of weight 0 is left whatever the mode.
 */
const reuse: Rule = (situation) => {
  const { value, release, servers } = situation
  const mode = value('conn_reuse_mode')
  if (mode === undefined || !hasTcp(situation)) return undefined
  const again = 'a client that uses a port again'
  if (isBefore(release, 5, 9)) {
    if (mode === 0 || value('conntrack') !== 1) return undefined
    return advise('warn', 'conn_reuse_mode', mode, `${again} waits a second, before Linux 5.9 with conntrack=1`, 0)
  }
  if (mode !== 0) return undefined
  if (isBefore(release, 5, 16) && servers.some(({ weight }) => weight === 0)) {
    return advise('warn', 'conn_reuse_mode', 0, `${again} still gets a server of weight 0, before Linux 5.16`, 1)
  }
  const text = `${again} stays with its old server; the delay that this avoided is gone since Linux 5.9`
  return advise('info', 'conn_reuse_mode', 0, text, 1)
}

/** Linux 6.1 and 6.12: a removed server's packets are dropped, and every dropped one keeps the flow. */
const nodest: Rule = (situation) => {
  const { value, table, servers } = situation
  if (value('expire_nodest_conn') !== 0 || servers.length === 0) return undefined
  const isFlow = table.some(({ service }) => service.protocol === 'udp' && service.onePacket !== true)
  if (isFlow) {
    const text = 'a UDP client that keeps its port is never moved away from a server that was removed'
    return advise('warn', 'expire_nodest_conn', 0, text, 1)
  }
  if (!hasTcp(situation)) return undefined
  // Masquerading sees both directions, and so when a connection is over.
  const isDeaf = ({ forwarding }: Destination) => forwarding !== 'masquerade' || value('conn_reuse_mode') === 0
  if (servers.some((server) => server.weight === 0 && isDeaf(server))) {
    const text = 'a client that uses a port again still gets a server of weight 0, so that a drain may not end'
    return advise('warn', 'expire_nodest_conn', 0, text, 1)
  }
  return advise(
    'info',
    'expire_nodest_conn',
    0,
    'connections to a server that is removed hang, rather than being reset',
    1,
  )
}

const quiescent: Rule = ({ value, table }) => {
  if (value('expire_quiescent_template') !== 0) return undefined
  const persistent = table.filter(({ service }) => service.persistence)
  if (persistent.length === 0) return undefined
  const isDrained = persistent.some(({ destinations }) => destinations.some(({ weight }) => weight === 0))
  return isDrained
    ? advise('warn', 'expire_quiescent_template', 0, 'persistent clients still get their server of weight 0', 1)
    : advise('info', 'expire_quiescent_template', 0, 'persistent clients keep a server that gets weight 0', 1)
}

/** With 0 the packets pass by connection tracking: neither `ct state` nor SNAT sees them. */
const conntrack: Rule = ({ value, servers, isLocal }) => {
  const isMasquerading = servers.some(({ forwarding, address }) => forwarding === 'masquerade' && !isLocal(address))
  if (value('conntrack') !== 0 || !isMasquerading) return undefined
  const text = 'rules of nftables and iptables with NAT or connection states miss masqueraded packets, if there are any'
  return advise('info', 'conntrack', 0, text, 1)
}

/** Modes 2 and 3 are the ones that act: 2 was switched on by the kernel, 3 by the administrator. */
const defenses: readonly Rule[] = Object.entries({
  drop_entry: 'connections are forgotten at random',
  drop_packet: 'some new connections are dropped',
  secure_tcp: 'TCP connections are watched as in an attack',
}).map(([name, effect]): Rule => ({ value }) => {
  const mode = value(name)
  if (mode === 2) return advise('warn', name, mode, `${effect}, because memory is short: give this host more`)
  return mode === 3 ? advise('warn', name, mode, `${effect}, always`, 0) : undefined
})

const rules: readonly Rule[] = [estimation, reuse, nodest, quiescent, conntrack, ...defenses]
