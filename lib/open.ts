import { boolean, fieldsOf } from './check.js'
import { createIpvs } from './ipvs.js'
import { openSession, openSessionHere } from './session.js'
import type { Ipvs, OpenOptions } from './handle.js'

/**
 * Opens the IPVS table of a network namespace, and makes the kernel load ip_vs if it is not there.
 *
 * Rejects with IPVS_NAMESPACE_NOT_FOUND, IPVS_UNAVAILABLE, IPVS_NOT_PERMITTED, IPVS_ADDON_UNUSABLE or IPVS_INTERRUPTED. The
 * capability is needed for the life of the handle: the kernel asks for it with every message.
 */
export async function open(options: OpenOptions = {}): Promise<Ipvs> {
  const { namespace, onCallingThread } = fieldsOf('options', options, ['namespace', 'onCallingThread'])
  const here = onCallingThread !== undefined && boolean('onCallingThread', onCallingThread)
  return createIpvs(await (here ? openSessionHere(namespace) : openSession(namespace)))
}
