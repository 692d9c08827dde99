import { fieldsOf, text, wrongValue } from './check.js'
import { toIpvsError } from './errors.js'
import { createIpvs, exchange } from './ipvs.js'
import { openNativeSession } from './native.js'
import { Command, type Reply, type Request } from './records.js'
import type { Ipvs, OpenOptions } from './handle.js'

/**
 * Opens the IPVS table of a network namespace, and makes the kernel load ip_vs if it is not there.
 *
 * Rejects with IPVS_NAMESPACE_NOT_FOUND, IPVS_UNAVAILABLE, IPVS_NOT_PERMITTED or IPVS_ADDON_UNUSABLE. The capability is
 * needed for the life of the handle: the kernel asks for it with every message.
 */
export async function open(options: OpenOptions = {}): Promise<Ipvs> {
  const { namespace } = fieldsOf('options', options, ['namespace'])
  const path = namespacePath(namespace)
  const session = openNativeSession(path)
  // The thread enters the namespace and finds the family with the first request; the kernel refuses even this one without
  // the capability.
  const request: Request = { command: Command.getInfo }
  const [reply] = await exchange(session, [request])
  if (reply?.error === 0) return createIpvs(session)
  await session.close()
  const { error, stage } = reply as Reply
  throw toIpvsError({ operation: 'open', object: path }, request.command, error, stage)
}

/** As `ip netns` names them: under /run/netns, unless it is a path. */
function namespacePath(namespace: unknown): string {
  if (namespace === undefined) return ''
  const expected = 'a name under /run/netns or an absolute path'
  const name = text('namespace', namespace, expected)
  if (name.includes('\0')) throw wrongValue('namespace', expected, name)
  if (name.startsWith('/')) return name
  if (name === '' || name === '.' || name === '..' || name.includes('/')) throw wrongValue('namespace', expected, name)
  return `/run/netns/${name}`
}
