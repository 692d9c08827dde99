/** Runs `ipvs-failover import`, and holds what it writes against the daemon's own parser. */
import { cli } from '../src/cli.js'
import { parseConfig } from './judged-config.js'

/** Tests run in the root of the repository. */
export const fixtures = 'examples/failover-daemon/test/import'

export async function importing(...args: string[]) {
  let [stdout, stderr] = ['', '']
  const status = await cli(['import', ...args], {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  })
  return { status, stdout, stderr }
}

export const seedArguments = [
  ...['--mon', `${fixtures}/seed/mon.cf`, '--lvs-init', `${fixtures}/seed/lvs-init`],
  ...['--nodes', `${fixtures}/seed/cluster`],
]

/** The configuration that the daemon reads from it. Throws ConfigError where it reads none. */
export const parsed = (yaml: string) => parseConfig(yaml, 'imported.yaml')
