/** The only way for a test to a real IPVS table: in a network namespace that it makes, and deletes at its end. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { openNativeSession } from '../../lib/native.js'
import { open, type Ipvs, type OpenOptions } from '../../lib/index.js'
import { ipvsadm } from '../../lib/ipvsadm/index.js'
import type { Session } from '../../lib/records.js'

// tap gives a program 30 s by default, which a busy emulated machine may need for a start alone.
t.setTimeout(550_000)

export const run = promisify(execFile)

let made = 0

/** A fresh network namespace with lo up (without it every destination is EINVAL); its name under /run/netns. */
export async function makeNamespace(t: Test): Promise<string> {
  const name = `test-${process.pid}-${++made}`
  await run('ip', ['netns', 'add', name])
  t.teardown(() => run('ip', ['netns', 'delete', name]))
  await run('ip', ['-n', name, 'link', 'set', 'lo', 'up'])
  return name
}

/** An interface in such a namespace, of 1500 bytes, that carries nothing anywhere; sync daemons can run on it. */
export async function addInterface(namespace: string, name: string): Promise<void> {
  // One process: in an emulated guest each takes 0.1 s.
  const ip = run('ip', ['-n', namespace, '-batch', '-'])
  ip.child.stdin?.end(
    [
      `link add ${name} type dummy`,
      // Without duplicate address detection: a tentative address carries nothing.
      `address add 2001:db8:1::1/64 dev ${name} nodad`,
      `address add 198.51.100.1/24 dev ${name}`,
      `link set ${name} up multicast on`,
    ].join('\n'),
  )
  await ip
}

/** A handle on a namespace that a test made. */
export async function openIn(t: Test, namespace: string, options: OpenOptions = {}): Promise<Ipvs> {
  const ipvs = await open({ ...options, namespace })
  t.teardown(() => ipvs.close())
  return ipvs
}

/** The seam itself on such a namespace. */
export function sessionIn(t: Test, namespace: string): Session {
  const session = openNativeSession(`/run/netns/${namespace}`)
  t.teardown(() => session.close())
  return session
}

/** What our ipvsadm does in a namespace that a test made. */
export async function ipvsadmIn(namespace: string, words: readonly string[], stdin = '') {
  let [stdout, stderr] = ['', '']
  const status = await ipvsadm(words, {
    namespace,
    stdin,
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  })
  return { status, stdout, stderr }
}
