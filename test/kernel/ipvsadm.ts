/** Debian's ipvsadm in a network namespace. */
import { run } from './namespace.js'

/** Carries out commands in one process, as ipvsadm-restore does. Rejects when ipvsadm says anything. */
export async function ipvsadm(namespace: string, commands: readonly string[]): Promise<void> {
  const restoring = run('ip', ['netns', 'exec', namespace, 'ipvsadm', '-R'])
  restoring.child.stdin?.end(commands.join('\n'))
  const { stderr } = await restoring
  // A refusal by the kernel stops nothing, and its status is that of the last command.
  if (stderr !== '') throw new Error(`expected no complaint by ipvsadm, found '${stderr.trim()}'`)
}

/** What `ipvsadm OPTION...` prints. */
export async function list(namespace: string, ...options: readonly string[]): Promise<string> {
  return (await run('ip', ['netns', 'exec', namespace, 'ipvsadm', ...options])).stdout
}

/**
 * All that ipvsadm shows of a table, as lines in alphabetical order: its own depends on the order of creation. A line of a
 * server names its service, too.
 */
export async function shown(namespace: string): Promise<readonly string[]> {
  const lists = [
    ['-S', '-n'],
    ['-Ln', '--thresholds'],
    ['-Ln', '--tun-info'],
  ]
  let service = ''
  const lines = []
  for (const options of lists) {
    for (const line of (await list(namespace, ...options)).split('\n')) {
      if (!line.startsWith('  ->')) service = line
      lines.push(line === service ? line : `${service}${line}`)
    }
  }
  return lines.sort()
}

/** /proc/net/ip_vs. Whole only while no other namespace has services: by then the kernel loses count between two reads. */
export async function kernelsList(namespace: string): Promise<string> {
  return (await run('ip', ['netns', 'exec', namespace, 'cat', '/proc/net/ip_vs'])).stdout
}
