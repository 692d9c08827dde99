/** Finds out what there is to know. Judges nothing. */
import { IpvsError } from '../../errors.js'
import { readNetwork } from './read-network.js'
import { parseCapabilities, parseModules } from './parse.js'
import type { DirectorFacts, Facts, ModuleFacts, ProcessFacts, Refusal } from './facts.js'
import type { Host } from './host.js'
import type { Ipvs } from '../../handle.js'
import type { Io } from '../command.js'

export async function readFacts(io: Io, host: Host, asked: string | undefined): Promise<Facts> {
  const { platform, release } = host
  const namespace = asked !== undefined && (await isOwn(host, asked)) ? undefined : asked
  const [process, modules] = await Promise.all([readProcess(host), readModules(host)])
  const known = { platform, release, namespace, process, modules }
  const ipvs = await open(io, asked)
  if (!('close' in ipvs)) return { ...known, director: ipvs }
  try {
    const [director, network] = await Promise.all([
      readDirector(ipvs, io.signal),
      namespace === undefined ? readNetwork(host) : readElsewhere(host, namespace),
    ])
    return { ...known, director, network }
  } finally {
    await ipvs.close()
  }
}

async function open(io: Io, namespace: string | undefined): Promise<Ipvs | Refusal> {
  try {
    return await io.open(namespace)
  } catch (error) {
    if (IpvsError.is(error)) return { code: error.code, message: error.message }
    throw error
  }
}

async function readDirector(ipvs: Ipvs, signal: AbortSignal): Promise<DirectorFacts> {
  const [info, table, daemons, sysctls] = await Promise.all([
    ipvs.info({ signal }),
    ipvs.table({ signal }),
    ipvs.syncDaemons({ signal }),
    ipvs.sysctls({ signal }).catch((error: unknown) => {
      if (IpvsError.is(error, 'IPVS_UNAVAILABLE')) return undefined
      throw error
    }),
  ])
  return { info, table, daemons, sysctls }
}

/** Linux: PROC_USER_INIT_INO. */
const firstUserNamespace = 0xeffffffd

async function readProcess(host: Host): Promise<ProcessFacts> {
  const [status, user] = await Promise.all([host.read('/proc/self/status'), host.inode('/proc/self/ns/user')])
  return {
    capabilities: status === undefined ? undefined : parseCapabilities(status),
    isInitialUser: user === undefined ? undefined : user === firstUserNamespace,
  }
}

async function readModules(host: Host): Promise<ModuleFacts> {
  const folder = `/lib/modules/${host.release}`
  const [loaded = '', ...shipped] = await Promise.all(
    ['/proc/modules', `${folder}/modules.dep`, `${folder}/modules.builtin`].map((path) => host.read(path)),
  )
  const texts = shipped.filter((text) => text !== undefined)
  return {
    loaded: parseModules(loaded),
    shipped: texts.length === 0 ? undefined : [...new Set(texts.flatMap(parseModules))],
  }
}

/** Where a network namespace can be seen: as `ip netns` names it, unless it is a path. */
export function namespacePath(namespace: string): string {
  return namespace.startsWith('/') ? namespace : `/run/netns/${namespace}`
}

/** Whether it is the one that the process is in. */
export async function isOwn(host: Host, namespace: string): Promise<boolean> {
  const [wanted, own] = await Promise.all([host.inode(namespacePath(namespace)), host.inode('/proc/self/ns/net')])
  return wanted !== undefined && wanted === own
}

/** The handle's private thread is in that namespace, and the files of a task are those of its own. */
async function readElsewhere(host: Host, namespace: string) {
  const wanted = await host.inode(namespacePath(namespace))
  if (wanted === undefined) return undefined
  for (const id of await host.list('/proc/self/task')) {
    if ((await host.inode(`/proc/self/task/${id}/ns/net`)) === wanted)
      return readNetwork(host, `/proc/self/task/${id}/net`)
  }
  return undefined
}
