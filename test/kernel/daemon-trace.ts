/** What the daemon in the rig did: its messages to IPVS, as strace saw them, and the table, as the kernel shows it. */
import { readFile } from 'node:fs/promises'
import type { Host } from '../../rig/lan.js'
import { run } from './namespace.js'

/** Runs a command under strace, as a process that signals reach; these system calls of it are written to the file. */
export const traced = (file: string, calls = 'execve,sendto'): readonly string[] => [
  'strace',
  '--seccomp-bpf',
  '-D',
  '-f',
  '-qq',
  '-xx',
  '-s',
  '64',
  '-e',
  `trace=${calls}`,
  '-o',
  file,
]

/** IPVS_CMD_NEW_, SET_ and DEL_ of services and destinations, and FLUSH. */
const writing = [1, 2, 3, 5, 6, 7, 17]
/** IPVS_CMD_GET_DEST: a table that is read asks for the destinations of each service. */
const reading = 8

/** The generic netlink command of every IPVS message sent. strace shows the header in words, the payload in hexadecimal. */
export async function commandsSent(file: string): Promise<readonly number[]> {
  const trace = await readFile(file, 'utf8')
  return [...trace.matchAll(/nlmsg_type=(?!nlctrl|GENL_ID_CTRL)[^}]*\}, "\\x([0-9a-f]{2})/g)].map(([, command]) =>
    parseInt(command ?? '', 16),
  )
}

/** Those of them that write. */
export const writesSent = async (file: string): Promise<readonly number[]> =>
  (await commandsSent(file)).filter((command) => writing.includes(command))

/** Resolves when the trace has so many reads of destinations, one for each service and round, beyond what it had. */
export async function readsSent(file: string, more: number, patienceMs: number): Promise<void> {
  const reads = async () => (await commandsSent(file)).filter((command) => command === reading).length
  const wanted = (await reads()) + more
  const deadline = Date.now() + patienceMs
  while ((await reads()) < wanted) {
    if (Date.now() > deadline) throw new Error(`expected ${more} more reads of the table in ${patienceMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

export const executions = async (file: string): Promise<number> =>
  (await readFile(file, 'utf8')).match(/execve\(/g)?.length ?? 0

/** /proc/net/ip_vs with connections masked: they come and go by themselves. */
export async function kernelsTable(director: Host): Promise<string> {
  const { stdout } = await run('ip', ['netns', 'exec', director.namespace, 'cat', '/proc/net/ip_vs'])
  return stdout.replace(/( \d+ +)\d+ +\d+ *$/gm, '$1- -')
}
