import { stat } from 'node:fs/promises'
import { constants } from 'node:os'
import { fieldsOf, text, wrongValue } from './check.js'
import { toIpvsError } from './errors.js'
import { openIpvs } from './ipvs.js'
import { openNativeSession } from './native.js'
import { Command, Stage } from './records.js'
import type { Ipvs, OpenOptions } from './handle.js'

/**
 * Opens the IPVS table of a network namespace, and makes the kernel load ip_vs if it is not there.
 *
 * Rejects with IPVS_NAMESPACE_NOT_FOUND, IPVS_UNAVAILABLE, IPVS_NOT_PERMITTED, IPVS_ADDON_UNUSABLE or IPVS_INTERRUPTED. The
 * capability is needed for the life of the handle: the kernel asks for it with every message.
 */
export async function open(options: OpenOptions = {}): Promise<Ipvs> {
  const { namespace } = fieldsOf('options', options, ['namespace'])
  const path = namespacePath(namespace)
  await refuseFifo(path)
  return openIpvs(openNativeSession(path), path)
}

/** open(2) of a FIFO waits for a writer, on the private thread, for ever. */
async function refuseFifo(path: string): Promise<void> {
  const found = path === '' ? undefined : await stat(path).catch(() => undefined)
  if (!found?.isFIFO()) return
  throw toIpvsError({ operation: 'open', object: path }, Command.getInfo, constants.errno.EINVAL, Stage.namespace)
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
