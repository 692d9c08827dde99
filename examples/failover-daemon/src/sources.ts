/** From where servers come from, and what names and files say, to the servers of each service. Pure. */
import { isIPv6 } from 'node:net'
import type { About, Config, Server, ServiceConfig, Source } from './config.js'
import { serverName } from './names.js'
import { parseAddress, parseEndpoint } from './scalars.js'
import { parseNamed } from './servers-schema.js'

/** What names and files say at present, as far as it is known. */
export interface Known {
  /** Addresses of a host, IPv4 and IPv6, by its name. */
  readonly names: ReadonlyMap<string, readonly string[]>
  /** Lines of a node list, by its path. */
  readonly files: ReadonlyMap<string, readonly Node[]>
}

/** A node: an address, or a name. */
export interface Node {
  readonly address?: string | undefined
  readonly name?: string | undefined
  /** @default as the list is used */
  readonly port?: number | undefined
}

export const noneKnown: Known = { names: new Map(), files: new Map() }

/** More servers than this, of one name or file, are not taken. */
export const mostServers = 4096

/**
 * The lines of a node list: one address or name a line, each with or without a port; `#` begins a comment. Throws an Error that
 * names the line of a mistake, and for a list without nodes: a file that is being written looks like that.
 */
export function parseNodes(text: string): readonly Node[] {
  const nodes = text.split('\n').flatMap((line, index): readonly Node[] => {
    const word = line.replace(/#.*/, '').trim()
    if (word === '') return []
    const node = parseEndpoint(word) ?? parseNamed(word)
    if (node !== undefined) return [node]
    throw new Error(
      `line ${index + 1}: expected an address or a host's name, found ${JSON.stringify(word.slice(0, 64))}`,
    )
  })
  if (nodes.length === 0) throw new Error('expected at least one node, one a line')
  if (nodes.length > mostServers) throw new Error(`expected at most ${mostServers} nodes, found ${nodes.length}`)
  return nodes
}

/** The files and names that a configuration waits for or follows. */
export function followed(
  config: Config,
  { files }: Known,
): { readonly files: readonly string[]; readonly names: readonly string[] } {
  const sources = config.services.flatMap((service) => service.sources)
  const paths = sources.flatMap((source) => (source.kind === 'file' ? [source.path] : []))
  const named = sources.flatMap((source) => (source.kind === 'name' ? [source.name] : []))
  const listed = paths
    .flatMap((path) => files.get(path) ?? [])
    .flatMap(({ name }) => (name === undefined ? [] : [name]))
  return { files: [...new Set(paths)], names: [...new Set([...named, ...listed])] }
}

/** The configuration with the servers that are known. */
export const resolved = (config: Config, known: Known): Config => ({
  ...config,
  services: config.services.map((service) => withServers(service, known)),
})

type Unresolved = Omit<ServiceConfig, 'servers' | 'complete' | 'about'>

/** The service with the servers that are known; the first of two that are the same counts. */
export function withServers(service: Unresolved, known: Known): ServiceConfig {
  const sets = service.sources.map((source) => serversOf(service, source, known))
  const servers = new Map<string, Server>()
  const about = new Map<string, About>()
  for (const { server, ...more } of sets.flatMap(({ found }) => found)) {
    const key = serverName(server)
    if (servers.has(key)) continue
    servers.set(key, server)
    about.set(key, more)
  }
  return { ...service, servers: [...servers.values()], about, complete: sets.every(({ complete }) => complete) }
}

interface Found {
  readonly found: readonly ({ readonly server: Server } & About)[]
  readonly complete: boolean
}

function serversOf(service: Unresolved, source: Source, known: Known): Found {
  const nodes: readonly Node[] | undefined = source.kind === 'file' ? known.files.get(source.path) : [source]
  if (nodes === undefined) return { found: [], complete: false }
  const addressed = nodes.map(({ address, name, port }) => {
    const addresses = address === undefined ? known.names.get(name ?? '') : [address]
    return { name, port, addresses }
  })
  const found = addressed.flatMap(({ name, port, addresses = [] }) =>
    addresses
      .filter((address) => isUsable(service, address))
      .map((address) => ({
        server: { address, port: port ?? source.port, forwarding: service.forwarding, weight: source.weight },
        name,
        checkAddress: source.checkAddress,
      })),
  )
  return { found, complete: addressed.every(({ addresses }) => addresses !== undefined) }
}

/** Whether a service may have a server at that address. Of a host with addresses of both families, those of the service's count. */
function isUsable({ spec, forwarding }: Unresolved, address: string): boolean {
  return parseAddress(address) !== undefined && (forwarding === 'tunnel' || isIPv6(address) === isIPv6(spec.address))
}
