/** ipvsadm's words: which options there are, and which belong to which command. */

/** An option as popt reads it. `takes`: nothing, a text, or a text unless the next word begins with a dash. */
export interface OptionWord {
  readonly long: string
  readonly short?: string
  readonly takes?: 'text' | 'optional'
}

export const commandWords = [
  { long: 'add-service', short: 'A' },
  { long: 'edit-service', short: 'E' },
  { long: 'delete-service', short: 'D' },
  { long: 'clear', short: 'C' },
  { long: 'list', short: 'L' },
  { long: 'list', short: 'l' },
  { long: 'zero', short: 'Z' },
  { long: 'add-server', short: 'a' },
  { long: 'edit-server', short: 'e' },
  { long: 'delete-server', short: 'd' },
  { long: 'set' },
  { long: 'help', short: 'h' },
  { long: 'version', short: 'v' },
  { long: 'restore', short: 'R' },
  { long: 'save', short: 'S' },
  { long: 'start-daemon', takes: 'text' },
  { long: 'stop-daemon', takes: 'text' },
] as const

export const optionWords = [
  { long: 'tcp-service', short: 't', takes: 'text' },
  { long: 'udp-service', short: 'u', takes: 'text' },
  { long: 'sctp-service', takes: 'text' },
  { long: 'fwmark-service', short: 'f', takes: 'text' },
  { long: 'scheduler', short: 's', takes: 'text' },
  { long: 'persistent', short: 'p', takes: 'optional' },
  { long: 'netmask', short: 'M', takes: 'text' },
  { long: 'real-server', short: 'r', takes: 'text' },
  { long: 'masquerading', short: 'm' },
  { long: 'ipip', short: 'i' },
  { long: 'gatewaying', short: 'g' },
  { long: 'weight', short: 'w', takes: 'text' },
  { long: 'u-threshold', short: 'x', takes: 'text' },
  { long: 'l-threshold', short: 'y', takes: 'text' },
  { long: 'numeric', short: 'n' },
  { long: 'connection', short: 'c' },
  { long: 'mcast-interface', takes: 'text' },
  { long: 'syncid', takes: 'text' },
  { long: 'timeout' },
  { long: 'daemon' },
  { long: 'stats' },
  { long: 'rate' },
  { long: 'thresholds' },
  { long: 'persistent-conn' },
  { long: 'nosort' },
  { long: 'sort' },
  { long: 'exact', short: 'X' },
  { long: 'ipv6', short: '6' },
  { long: 'ops', short: 'o' },
  { long: 'pe', takes: 'text' },
  { long: 'sched-flags', short: 'b', takes: 'text' },
  { long: 'mcast-group', takes: 'text' },
  { long: 'mcast-port', takes: 'text' },
  { long: 'mcast-ttl', takes: 'text' },
  { long: 'sync-maxlen', takes: 'text' },
  { long: 'tun-info' },
  { long: 'tun-type', takes: 'text' },
  { long: 'tun-port', takes: 'text' },
  { long: 'tun-nocsum' },
  { long: 'tun-csum' },
  { long: 'tun-remcsum' },
  // Ours, with --restore alone.
  { long: 'atomic' },
] as const

export type CommandWord = (typeof commandWords)[number]['long']
export type OptionName = (typeof optionNames)[number]

/** What an option is called in messages, in the order in which they are checked. */
export const optionNames = [
  'numeric',
  'connection',
  'service-address',
  'scheduler',
  'persistent',
  'netmask',
  'real-server',
  'forwarding-method',
  'weight',
  'u-threshold',
  'l-threshold',
  'mcast-interface',
  'timeout',
  'daemon',
  'stats',
  'rate',
  'thresholds',
  'persistent-conn',
  'nosort',
  'syncid',
  'exact',
  'ops',
  'pe',
  'sched-flags',
  'mcast-group',
  'mcast-port',
  'mcast-ttl',
  'sync-maxlen',
  'tun-info',
  'tun-type',
  'tun-port',
  'tun-nocsum',
  'tun-csum',
  'tun-remcsum',
  'atomic',
] as const

/** Which options a command must have, may have, and of which it may have one at most. Any other is illegal with it. */
export interface Legal {
  readonly needs?: readonly OptionName[]
  readonly takes?: readonly OptionName[]
  readonly takesOneOf?: readonly OptionName[]
}

const serviceSettings: Legal = {
  needs: ['service-address'],
  takes: ['scheduler', 'persistent', 'netmask', 'ops', 'pe', 'sched-flags'],
}
const serverSettings: Legal = {
  needs: ['service-address', 'real-server'],
  takes: [
    ...(['forwarding-method', 'weight', 'u-threshold', 'l-threshold'] as const),
    ...(['tun-type', 'tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum'] as const),
  ],
}

export const legalOptions: Readonly<Record<CommandWord, Legal>> = {
  'add-service': serviceSettings,
  'edit-service': serviceSettings,
  'delete-service': { needs: ['service-address'] },
  clear: {},
  list: {
    takes: ['numeric', 'stats', 'rate', 'thresholds', 'persistent-conn', 'nosort', 'syncid', 'exact', 'tun-info'],
    takesOneOf: ['connection', 'service-address', 'timeout', 'daemon'],
  },
  'add-server': serverSettings,
  'edit-server': serverSettings,
  'delete-server': { needs: ['service-address', 'real-server'] },
  set: {},
  'start-daemon': { takes: ['mcast-interface', 'syncid', 'mcast-group', 'mcast-port', 'mcast-ttl', 'sync-maxlen'] },
  'stop-daemon': { takes: ['syncid'] },
  restore: { takes: ['atomic'] },
  save: { takes: ['numeric'] },
  zero: { takes: ['service-address'] },
  help: {},
  version: {},
}

/** What goes with which tunnel. */
export const legalTunnelOptions = {
  ipip: {},
  gue: { needs: ['tun-port'], takesOneOf: ['tun-nocsum', 'tun-csum', 'tun-remcsum'] },
  gre: { takesOneOf: ['tun-nocsum', 'tun-csum'] },
} as const

/** What a command is called in messages. */
export function commandName(command: CommandWord): string {
  return command === 'clear' ? 'flush' : command
}
