/** What of keepalived.conf has no place in the configuration, and why. */
import { isChecker } from './keepalived-checks.js'
import type { Block } from './keepalived-tree.js'
import type { Notes } from './model.js'

/** Read elsewhere. */
const READ = ['virtual_server_group', 'global_defs']
/** What keepalived itself does. */
const KEPT = /^(vrrp_|static_|track_|garp_|bfd_instance|linkbeat|interface_up_down_delays)/

/** A block beside the virtual servers. */
export function noteTop({ place, keyword, words, children }: Block, notes: Notes): void {
  const what = [keyword, ...words.slice(0, 1)].join(' ')
  if (keyword === 'global_defs') {
    const mail = ['notification_email', 'notification_email_from', 'smtp_server']
    const others = children.map(({ keyword }) => keyword).filter((word) => !mail.includes(word))
    if (others.length > 0)
      notes.add(
        place,
        `global_defs ${others.join(', ')}`,
        "these are keepalived's own settings",
        'leave them with keepalived',
      )
  } else if (KEPT.test(keyword))
    notes.add(
      place,
      what,
      "VRRP and the VIP's move are keepalived's",
      'leave it in a keepalived.conf without virtual_server',
    )
  else if (keyword === 'SSL')
    notes.add(place, what, 'certificates are named with each check', 'set check.tls: ca, cert and key')
  else if (!READ.includes(keyword))
    notes.add(place, what, 'it is no part of the load balancer', 'leave it with keepalived')
}

const LOST: Readonly<Record<string, readonly [why: string, instead: string]>> = {
  ops: ['there is no one-packet scheduling', 'do without'],
  'flag-1': ['flags of schedulers are not carried over', 'add schedulerFlags by the name'],
  'flag-2': ['flags of schedulers are not carried over', 'add schedulerFlags by the name'],
  'flag-3': ['flags of schedulers are not carried over', 'add schedulerFlags by the name'],
  'sh-port': ['flags of schedulers are not carried over', 'add schedulerFlags: [sh-port]'],
  'sh-fallback': ['flags of schedulers are not carried over', 'add schedulerFlags: [sh-fallback]'],
  'mh-port': ['flags of schedulers are not carried over', 'add schedulerFlags: [mh-port]'],
  'mh-fallback': ['flags of schedulers are not carried over', 'add schedulerFlags: [mh-fallback]'],
  persistence_engine: ['there are no persistence engines', 'do without'],
  ha_suspend: ['a service is checked whether its address is here or not', 'let VRRP start and stop the daemon'],
  alpha: ['a server of unknown health stays as the kernel has it', 'nothing is to be done'],
  omega: ['the end of the daemon leaves the table as it is', 'run what is to be run at the end by the service manager'],
  snmp_name: ['there is no SNMP', 'do without'],
  ip_family: ['it is for services of firewall marks', 'nothing is to be done'],
  warmup: ['first checks are made within a second of the start', 'nothing is to be done'],
  sorry_server_inhibit: ['a sorry server leaves the table when it is not needed', 'nothing is to be done'],
  uthreshold: ['servers have no thresholds', 'set them by ipvsadm -x, or do without'],
  lthreshold: ['servers have no thresholds', 'set them by ipvsadm -y, or do without'],
}

const SERVICE_WORDS =
  /^(lb_algo|lvs_sched|lb_kind|lvs_method|persistence_timeout|persistence_granularity|protocol|virtualhost|delay_loop|connect_timeout|retry|delay_before_retry|quorum|hysteresis|quorum_up|quorum_down|sorry_server|sorry_server_lvs_method|inhibit_on_failure|real_server|smtp_alert|weight|notify_up|notify_down)$/

/** Settings of a virtual_server or a real_server. */
export function noteSettings(block: Block, notes: Notes): void {
  for (const { keyword, words, place } of block.children) {
    const known = Object.hasOwn(LOST, keyword) ? LOST[keyword] : undefined
    if (known !== undefined) notes.add(place, [keyword, ...words].join(' '), ...known)
    else if (!SERVICE_WORDS.test(keyword) && !isChecker(keyword))
      notes.add(place, [keyword, ...words].join(' '), 'keepalived 2.2.7 knows no such keyword', 'see what was meant')
  }
}
