// Where `rig/setup test` unpacks what Debian's packages hold, without installing them.
import { homedir } from 'node:os'
import { join } from 'node:path'

/** A folder like / of what was unpacked under this name. test/run.mjs tells where: in a guest, home is root's. */
export const unpacked = (name: 'etcd' | 'mon' | 'mon-modules' | 'promtool'): string =>
  join(
    process.env['NODE_IPVS_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'ipvs-rig'),
    name,
  )

/** Perl modules of theirs. */
export const perlModules: string = join(unpacked('mon-modules'), 'usr/share/perl5')
