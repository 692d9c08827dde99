/** Flags of schedulers, by the names that ipvsadm has for them. */
import type { SchedulerFlag } from 'ipvs'

const bits = {
  'mh-fallback': 'flag-1',
  'mh-port': 'flag-2',
  'sh-fallback': 'flag-1',
  'sh-port': 'flag-2',
} as const satisfies Readonly<Record<string, SchedulerFlag>>

export type FlagName = keyof typeof bits
export const flagNames = Object.keys(bits) as readonly FlagName[]

/** Those that a scheduler has. */
export const flagsOf = (scheduler: string): readonly FlagName[] =>
  flagNames.filter((name) => name.startsWith(`${scheduler}-`))

/** What they are for mh: without it a server at weight 0 keeps its share of the clients, whose packets are dropped (Linux 6.1 ip_vs_mh.c). */
export const defaultFlags = (scheduler: string): readonly FlagName[] => (scheduler === 'mh' ? ['mh-fallback'] : [])

/** As the kernel is told; nothing for none. */
export const schedulerFlags = (names: readonly FlagName[]): readonly SchedulerFlag[] | undefined =>
  names.length === 0 ? undefined : [...new Set(names.map((name) => bits[name]))].sort()
