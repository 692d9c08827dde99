/** What is known of a host: plain data, read in one file and judged in others. What could not be found out is undefined. */
import type { Info, SyncDaemon } from '../../director.js'
import type { Family, Table } from '../../types.js'

/** What a director is judged by. */
export interface Facts {
  /** Node.js's word for the system: `linux`. */
  readonly platform: string
  /** Of the kernel: `6.1.0-13-amd64`. */
  readonly release: string
  /** The network namespace that was asked for, unless it is the process's own. */
  readonly namespace?: string | undefined
  readonly process: ProcessFacts
  readonly modules: ModuleFacts
  readonly director: DirectorFacts | Refusal
  readonly network?: NetworkFacts | undefined
}

export interface ProcessFacts {
  /** One bit each, as /proc/self/status shows CapEff. */
  readonly capabilities?: bigint | undefined
  /** Whether its user namespace is the first one, that of the machine. */
  readonly isInitialUser?: boolean | undefined
}

/** Kernel modules of IPVS by name: `ip_vs`, `ip_vs_rr` and so on. */
export interface ModuleFacts {
  /** What is built in or lies in /lib/modules; a container often has no such folder. */
  readonly shipped?: readonly string[] | undefined
  readonly loaded: readonly string[]
}

/** What IPVS itself tells. */
export interface DirectorFacts {
  readonly info: Info
  readonly table: Table
  readonly daemons: readonly SyncDaemon[]
  /** net.ipv4.vs.* */
  readonly sysctls?: Readonly<Record<string, string>> | undefined
}

/** Why IPVS could not be opened. */
export interface Refusal {
  readonly code: string
  readonly message: string
}

export interface NetworkFacts {
  /** The best of a prefix first; local ones before all others. */
  readonly routes: readonly Route[]
  readonly addresses: readonly InterfaceAddress[]
  readonly forwarding: Readonly<Partial<Record<Family, boolean>>>
  /** undefined: the network namespace is another than the process's own, whose /proc/sys and /sys show only itself. */
  readonly interfaces?: readonly NetworkInterface[] | undefined
  /** net.ipv4.conf.all; with `interfaces`. */
  readonly all: Settings
}

export interface Route {
  /** `192.0.2.0/24`, canonical. */
  readonly prefix: string
  /** local: packets to it are this host's own. link: the neighbour itself is asked for. gateway: another router is. */
  readonly kind: 'local' | 'link' | 'gateway'
  readonly device?: string | undefined
}

export interface InterfaceAddress {
  readonly address: string
  readonly prefixLength: number
  readonly device: string
  /** IPv6: it is not chosen as the source of packets. */
  readonly isDeprecated?: boolean
  /** IPv6: another host was found to have it, and it is not used. */
  readonly isDuplicate?: boolean
}

export interface NetworkInterface {
  readonly name: string
  /** IFF_… of the kernel. */
  readonly flags?: number | undefined
  /** ARPHRD_… of the kernel. */
  readonly type?: number | undefined
  /** Part of a bridge or a bond, which answers in its stead. */
  readonly isPort: boolean
  readonly settings: Settings
}

/** net.ipv4.conf.NAME.* */
export type Settings = Readonly<Partial<Record<(typeof settingNames)[number], number>>>
export const settingNames = ['arp_ignore', 'arp_announce', 'rp_filter', 'send_redirects'] as const
