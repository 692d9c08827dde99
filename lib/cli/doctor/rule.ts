/** A rule looks at a sysctl, and at what it does to the table that there is. */
import { findingsOf, type Finding, type Say } from './finding.js'
import type { Destination, Table } from '../../types.js'

export const say: Say = findingsOf('sysctls')

/** What the rules ask about. */
export interface Situation {
  readonly release: string
  readonly table: Table
  readonly servers: readonly Destination[]
  readonly runs: { readonly master: boolean; readonly backup: boolean }
  /** The first number, where there are two. undefined: this kernel has none of that name, or it may not be read. */
  readonly value: (name: string) => number | undefined
  /** Whether an address is this host's own. */
  readonly isLocal: (address: string) => boolean
}

export type Rule = (situation: Situation) => Finding | undefined

/** A finding about a sysctl, and the command that sets it. */
export function advise(
  level: 'info' | 'warn' | 'fail',
  name: string,
  found: number,
  text: string,
  to?: number | string,
): Finding {
  return say(
    level,
    name,
    `is ${found}: ${text}`,
    to === undefined ? undefined : `sysctl -w net.ipv4.vs.${name}=${quoted(to)}`,
  )
}

const quoted = (value: number | string) => (typeof value === 'number' ? value : `'${value}'`)

/** Services of TCP; a firewall mark may be any protocol. */
export function hasTcp({ table }: Situation): boolean {
  return table.some(({ service }) => service.protocol === undefined || service.protocol === 'tcp')
}
