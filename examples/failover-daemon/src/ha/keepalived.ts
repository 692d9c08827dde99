/**
 * What keepalived is told, and why so. Tried with Debian's keepalived 2.2.7 between two network namespaces, adverts every 100 ms:
 *
 * - The value of the track file times its weight is added to the priority. A standing is a band of 50 (standing.ts), and so a
 *   comparison of priorities compares fitness first. A master whose band falls stays until somebody better has taken over, as if it had
 *   crashed, and answers on. `nopreempt` and `preempt_delay` would keep a sick master.
 * - `-6`, a sum below -253, is FAULT: the master says so (an advert of priority 0) and lets go; the other one has the VIPs after its
 *   skew, 140 ms later. Any other value ends FAULT. A link that is down is FAULT by itself.
 * - The file may be written in place or replaced by rename(2). **One that is missing, empty or no number counts as 0**, as the best
 *   there is. Hence rename(2), `init_file`, and a run directory that outlives the daemon; where that is missing at the start, keepalived
 *   forgets the track file altogether (systemd/keepalived.conf).
 * - The FIFO gets a line for each change, `INSTANCE "ipvs_failover" MASTER 150`, with the priority that is announced; FAULT, and STOP at
 *   the end, carry the last one. What nobody reads waits there. keepalived makes a FIFO that is missing, for root alone.
 * - Adverts of a master with other addresses in `virtual_ipaddress` are dropped, and there are two masters: one address is there, all
 *   others are excluded (HaConfig.vips). It is of the family of the peers; keepalived refuses anything else.
 * - keepalived deprecates a VIP of IPv6 by itself (`preferred_lft 0`), and adds it without DAD.
 */
import { isIPv4 } from 'node:net'
import { join } from 'node:path'
import type { HaConfig } from './config.js'

/** The name of the VRRP instance. */
export const instance = 'ipvs_failover'

/**
 * A director takes the VIPs when it has not heard so many adverts, and its skew. keepalived's own 3 make two masters of one that is late by
 * 0.2 s, or of a link that loses packets: at 30 %, every four seconds. With 5 it is once in forty, and with adverts every 100 ms a crash still
 * costs less than a second.
 */
export const missedAdverts = 5

export const fifoPath = ({ runDirectory }: HaConfig): string => join(runDirectory, 'vrrp.fifo')
export const standingPath = ({ runDirectory }: HaConfig): string => join(runDirectory, 'standing')

/** A file of keepalived's configuration: all of it, or what its `include` names. */
export function keepalivedInclude(ha: HaConfig): string {
  const [first, ...others] = ha.vips
  return `# Written by \`ipvs-failover keepalived\` from ha: of its configuration. Write it anew, and reload keepalived, when that changes.
${[
  block('global_defs', [`vrrp_notify_fifo ${fifoPath(ha)}`, 'fifo_write_vrrp_states_on_reload']),
  block(`track_file ${instance}`, [`file ${standingPath(ha)}`, 'weight 50', 'init_file -2']),
  block(`vrrp_instance ${instance}`, [
    'state BACKUP',
    'version 3',
    `interface ${ha.interface}`,
    `virtual_router_id ${ha.routerId}`,
    `priority ${ha.priority}`,
    `advert_int ${ha.advertIntervalMs / 1000}`,
    `down_timer_adverts ${missedAdverts}`,
    // After two were masters, who remains is to hear of the other one and tells the neighbours where the VIPs are.
    'higher_prio_send_advert',
    'garp_lower_prio_delay 1',
    'garp_master_delay 1',
    ...(ha.peers.length > 0 ? [block('unicast_peer', ha.peers)] : []),
    block('virtual_ipaddress', [vip(first)]),
    ...(others.length > 0 ? [block('virtual_ipaddress_excluded', others.map(vip))] : []),
    block('track_file', [instance]),
  ]),
].join('\n')}
`
}

const block = (name: string, lines: readonly string[]): string =>
  `${name} {\n${lines.map((line) => line.replace(/^/gm, '  ')).join('\n')}\n}`

const vip = (address: string): string => `${address}/${isIPv4(address) ? 32 : 128}`
