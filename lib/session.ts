/** How a session on the kernel begins. */
import { constants } from 'node:os'
import { text, wrongValue } from './check.js'
import { toIpvsError } from './errors.js'
import { greet } from './exchange.js'
import { openNativeSession, type NativeSession } from './native.js'
import { Command, Stage, type Session } from './records.js'

/** A session in a network namespace that has answered; undefined: the process's own namespace. */
export async function openSession(namespace: unknown): Promise<NativeSession> {
  const path = namespacePath(namespace)
  await refuseFifo(path)
  return greet(openNativeSession(path), path)
}

/** The same; what takes one message to the kernel is then carried out on the calling thread. */
export async function openSessionHere(namespace: unknown): Promise<Session> {
  const session = await openSession(namespace)
  return {
    request(batch) {
      const replies = session.requestHere(batch)
      return replies === undefined ? session.request(batch) : replies
    },
    close: () => session.close(),
  }
}

/** open(2) of a FIFO waits for a writer, on the private thread, for ever. */
async function refuseFifo(path: string): Promise<void> {
  if (path === '') return
  // A twentieth of the time in which `ipvs list` starts.
  const { stat } = await import('node:fs/promises')
  const found = await stat(path).catch(() => undefined)
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
