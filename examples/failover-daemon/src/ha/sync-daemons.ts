/** The sync daemons of the kernel, which tell one director of the connections of the other: what is to run, and how to get there. Pure. */
import type { SyncDaemon } from 'ipvs'
import type { SyncConfig } from './config.js'
import type { Role } from './role.js'

/** Who has the VIPs sends; all others receive. */
export const wantedDaemon = ({ interface: device, id }: SyncConfig, role: Role): SyncDaemon => ({
  role: role === 'master' ? 'master' : 'backup',
  interface: device,
  syncId: id,
})

export type SyncStep = { readonly start: SyncDaemon } | { readonly stop: SyncDaemon['role'] }

/**
 * What is to be done, in order. The kernel runs one daemon of each role at most, so another one in the place of ours has to go; one in the
 * other place goes if it is what the other role had been given, and else belongs to somebody. Ours starts before that one ends: nothing is missed.
 */
export function syncSteps(wanted: SyncDaemon, running: readonly SyncDaemon[]): readonly SyncStep[] {
  const isOurs = (daemon: SyncDaemon) => daemon.interface === wanted.interface && daemon.syncId === wanted.syncId
  const inPlace = running.find(({ role }) => role === wanted.role)
  const other = running.find(({ role }) => role !== wanted.role)
  return [
    ...(inPlace !== undefined && !isOurs(inPlace) ? [{ stop: inPlace.role }] : []),
    ...(inPlace === undefined || !isOurs(inPlace) ? [{ start: wanted }] : []),
    ...(other !== undefined && isOurs(other) ? [{ stop: other.role }] : []),
  ]
}
