/** The machine that the doctor looks at. Tests give another. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { networkInterfaces, platform, release } from 'node:os'
import type { InterfaceAddress } from './facts.js'

export interface Host {
  readonly platform: string
  readonly release: string
  /** The text of a file; undefined when it is not there or may not be read. */
  read(path: string): Promise<string | undefined>
  /** The names in a folder; none when it is not there. */
  list(path: string): Promise<readonly string[]>
  /** The number of what a path leads to, which for a namespace names it. */
  inode(path: string): Promise<number | undefined>
  /** Addresses of the interfaces that are up and have a carrier, in the process's own network namespace. */
  addresses(): readonly InterfaceAddress[]
}

export const thisHost: Host = {
  platform: platform(),
  release: release(),
  read: (path) => readFile(path, 'utf8').catch(() => undefined),
  list: (path) => readdir(path).catch(() => []),
  inode: (path) =>
    stat(path).then(
      ({ ino }) => ino,
      () => undefined,
    ),
  addresses: () =>
    Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
      addresses.map(({ address, cidr }) => ({
        address,
        prefixLength: Number(cidr?.split('/')[1] ?? Number.NaN),
        // An address with a label, as ifconfig gives it, is shown under that: lo:1.
        device: name.replace(/:.*/, ''),
      })),
    ),
}
