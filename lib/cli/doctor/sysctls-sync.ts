/** Settings that matter where directors take over from each other. */
import { advise, hasTcp, type Rule } from './rule.js'

/** Linux 6.1: with it a backup daemon makes the director idle, also while a master runs. Without it, see ipvs-sysctl.rst. */
const backupOnly: Rule = ({ value, runs, isLocal, servers }) => {
  if (!runs.backup) return undefined
  if (value('backup_only') === 1) {
    if (!runs.master) return advise('info', 'backup_only', 1, 'nothing is forwarded while the backup daemon runs')
    return advise(
      'fail',
      'backup_only',
      1,
      'nothing is forwarded while a backup daemon runs, and the master runs too',
      0,
    )
  }
  const isRealServer = servers.some(({ address, forwarding }) => forwarding !== 'masquerade' && isLocal(address))
  if (value('backup_only') !== 0 || runs.master || !isRealServer) return undefined
  const text = 'this host is a backup and a real server, and what the master sends it is balanced once more, in circles'
  return advise('warn', 'backup_only', 0, text, 1)
}

const version: Rule = ({ value, runs, table }) => {
  const isIPv6 = table.some(({ service }) => service.family === 'ipv6' || service.address?.includes(':') === true)
  if (value('sync_version') !== 0 || !runs.master || !isIPv6) return undefined
  return advise('warn', 'sync_version', 0, 'connections of IPv6 are not sent to the backup', 1)
}

/** Linux 6.1: so many packets of a connection pass before the master tells the backup of it. */
const threshold: Rule = ({ value, runs }) => {
  const packets = value('sync_threshold') ?? 0
  if (!runs.master || packets <= usualThreshold) return undefined
  const text = `a connection is not told to the backup before its packet ${packets}, and lost if that takes over earlier`
  return advise('warn', 'sync_threshold', packets, text, `${usualThreshold} 50`)
}
const usualThreshold = 3

/** From where the server of a flow that nobody knows is found again: of the same client the same. */
const repeatable = ['mh', 'sh']

/** Linux 6.1: without it only a first packet makes a connection. */
const sloppy: Rule = (situation) => {
  const { value, runs, table } = situation
  if (value('sloppy_tcp') !== 0 || !hasTcp(situation)) return undefined
  const isPersistent = table.some(({ service }) => service.persistence)
  if (value('sync_persist_mode') === 1 && isPersistent && (runs.master || runs.backup)) {
    const text = 'a backup resets persistent connections that it takes over, since sync_persist_mode=1 sends it none'
    return advise('warn', 'sloppy_tcp', 0, text, 1)
  }
  const usual = 'a connection that moves here from another director is reset'
  if (table.some(({ service }) => service.scheduler === 'mh')) {
    return advise('info', 'sloppy_tcp', 0, `${usual}, though mh would find its server`, 1)
  }
  const isFound = isPersistent || table.some(({ service }) => repeatable.includes(service.scheduler))
  if (!isFound || !(runs.master || runs.backup)) return undefined
  const text = `${usual} if it was not synchronized yet, though its server would be found`
  return advise('info', 'sloppy_tcp', 0, text, 1)
}

export const syncRules: readonly Rule[] = [backupOnly, version, threshold, sloppy]
