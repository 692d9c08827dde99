/** Which part this director plays, by what keepalived last said and by where the VIPs are. Pure. */

/** What a line of the FIFO says that keepalived is in; STOP is its end. */
export const words = ['MASTER', 'BACKUP', 'FAULT', 'STOP'] as const
export type Word = (typeof words)[number]

/** `fault`: keepalived has no link to say anything on. `unknown`: it does not run, and the VIPs are not here. */
export type Role = 'master' | 'backup' | 'fault' | 'unknown'

const roles = { MASTER: 'master', BACKUP: 'backup', FAULT: 'fault' } as const

/**
 * @param said what keepalived said last; undefined before it said anything, and when it has gone
 * @param running whether it has its end of the FIFO open
 * @param vipHere whether this host has the VIP that adverts carry
 */
export function roleOf(said: Word | undefined, running: boolean, vipHere: boolean): Role {
  if (said !== undefined && said !== 'STOP') return roles[said]
  if (vipHere) return 'master'
  return running && said !== 'STOP' ? 'backup' : 'unknown'
}
