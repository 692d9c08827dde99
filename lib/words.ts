/** The API's words and the kernel's numbers for them. A number without a word is read, and written back, as `NAME-N`. */

import type { SyncDaemon } from './director.js'
import type { DestinationSpec, Encapsulation, Protocol, SchedulerFlag } from './types.js'

type Checksum = NonNullable<Encapsulation['checksum']>

export interface Vocabulary<W extends string = string> {
  /** All known words, for messages. */
  readonly words: readonly string[]
  word(number: number): W
  /** undefined for what is neither a known word nor of the form `NAME-N` with an N in range. */
  number(word: string): number | undefined
  /** Whether it is one of the known words. */
  knows(number: number): boolean
}

function vocabulary<U extends string, K extends string>(
  unknown: U,
  max: number,
  known: Readonly<Record<K, number>>,
): Vocabulary<K | `${U}-${number}`> {
  const words = Object.keys(known) as K[]
  const byNumber = new Map(words.map((word) => [known[word], word]))
  const byWord = new Map<string, number>(Object.entries(known))
  const numbered = new RegExp(`^${unknown}-(0|[1-9][0-9]{0,9})$`)
  return {
    words,
    word: (number) => byNumber.get(number) ?? `${unknown}-${number}`,
    number(word) {
      const found = byWord.get(word)
      if (found !== undefined) return found
      const digits = numbered.exec(word)?.[1]
      return digits !== undefined && Number(digits) <= max ? Number(digits) : undefined
    },
    knows: (number) => byNumber.has(number),
  }
}

/** IPPROTO_*, as far as IPVS balances them. */
export const protocols: Vocabulary<Protocol> = vocabulary('protocol', 0xffff, { tcp: 6, udp: 17, sctp: 132 })

/** IP_VS_CONN_F_FWD_MASK: the kernel keeps three bits and takes 5 to 7 too. */
export const forwardings: Vocabulary<DestinationSpec['forwarding']> = vocabulary('method', 7, {
  masquerade: 0,
  local: 1,
  tunnel: 2,
  direct: 3,
  bypass: 4,
})

/** IP_VS_CONN_F_TUNNEL_TYPE_* */
export const tunnelTypes: Vocabulary<Encapsulation['type']> = vocabulary('type', 0xff, { ipip: 0, gue: 1, gre: 2 })

/** IP_VS_TUNNEL_ENCAP_FLAG_*, as one choice. */
export const checksums: Vocabulary<Checksum> = vocabulary('flags', 0xffff, { none: 0, full: 1, remote: 2 })

/** IP_VS_STATE_MASTER, IP_VS_STATE_BACKUP. */
export const daemonRoles: Vocabulary<SyncDaemon['role'] | `role-${number}`> = vocabulary('role', 0xffffffff, {
  master: 1,
  backup: 2,
})

/** The number of a bit of the service's flags: IP_VS_SVC_F_SCHED1 to 3, and what newer kernels may bring. */
export const schedulerFlags: Vocabulary<SchedulerFlag> = vocabulary('bit', 31, {
  'flag-1': 3,
  'flag-2': 4,
  'flag-3': 5,
})
