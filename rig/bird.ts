/** Debian's bird in network namespaces: beside a director, or as the router that balances between directors. */
import { once } from 'node:events'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { writeFile } from 'node:fs/promises'
import { journalOf } from './cluster.js'
import type { Lan } from './lan.js'

const cache =
  process.env['NODE_IPVS_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'ipvs-rig')

export interface Bird {
  readonly pid: number
  readonly controlSocket: string
  /** The file of its configuration. */
  readonly file: string
  /** Ends it by SIGKILL: routes that it gave to the kernel stay. */
  kill(): Promise<void>
}

/** Starts a bird with that configuration; resolves when it takes commands. Its files are in `folder`, called NAME.*. */
export async function startBird(
  lan: Pick<Lan, 'spawn'>,
  namespace: string,
  folder: string,
  name: string,
  configuration: string,
): Promise<Bird> {
  const [file, controlSocket] = [join(folder, `${name}.conf`), join(folder, `${name}.ctl`)]
  await writeFile(file, `log stderr all;\n${configuration}`)
  const unpacked = join(cache, 'bird', 'usr')
  const words = [join(unpacked, 'sbin/bird'), '-f', '-c', file, '-s', controlSocket, '-P', join(folder, `${name}.pid`)]
  const child = lan.spawn(namespace, 'sh', ['-c', 'exec "$@" 2>&1', 'sh', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, LD_LIBRARY_PATH: join(unpacked, 'lib/x86_64-linux-gnu') },
  })
  const log = journalOf(child, (line) => line)
  await log.first((line) => line.includes('<INFO> Started'))
  return {
    pid: child.pid ?? 0,
    controlSocket,
    file,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    },
  }
}
