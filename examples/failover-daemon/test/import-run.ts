/** Runs `ipvs-failover import`, and holds what it writes against the daemon's own parser. */
import { parse, stringify } from 'yaml'
import { cli } from '../src/cli.js'
import { parseConfig } from '../src/parse-config.js'
import { parseEndpoint } from '../src/scalars.js'

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

/**
 * What import writes and parseConfig() does not know yet. When it does, this list becomes empty, and parsed() is
 * `parseConfig(yaml, 'imported.yaml')`.
 */
export const NOT_IN_THE_SCHEMA_YET = {
  top: ['alerts', 'nodeStates'],
  service: ['onFailure', 'quorum', 'whenAllDown', 'sorry'],
  check: ['jitter'],
  /** With the fields of their own. */
  checkTypes: { mon: ['monitor', 'args'], script: ['command', 'args'], icmp: [] as string[] },
  /** Servers by name and by file. */
  servers: ['name', 'file'],
}

interface Written {
  services: { servers: (string | { address?: string; file?: string })[]; check: Record<string, unknown> }[]
}

/** The configuration that the daemon reads from it. Throws ConfigError where it reads none. */
export function parsed(yaml: string) {
  const written = parse(yaml) as Written & Record<string, unknown>
  for (const field of NOT_IN_THE_SCHEMA_YET.top) delete written[field]
  for (const service of written.services as (Written['services'][number] & Record<string, unknown>)[]) {
    for (const field of NOT_IN_THE_SCHEMA_YET.service) delete service[field]
    for (const field of NOT_IN_THE_SCHEMA_YET.check) delete service.check[field]
    const { checkTypes } = NOT_IN_THE_SCHEMA_YET
    const type = service.check['type'] as string
    if (Object.hasOwn(checkTypes, type)) {
      for (const field of checkTypes[type as keyof typeof checkTypes]) delete service.check[field]
      service.check['type'] = 'tcp'
    }
    const known = service.servers.filter((server) =>
      typeof server === 'string' ? parseEndpoint(server) : server.address && parseEndpoint(server.address),
    )
    const stand = String(service['virtual']).startsWith('[') ? '2001:db8::ffff' : '198.51.100.1'
    service.servers = known.length > 0 ? known : [stand]
  }
  return parseConfig(stringify(written), 'imported.yaml')
}
