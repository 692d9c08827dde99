/** Who has the virtual addresses, and whom clients believe to have them: as the kernels tell, when it happens. */
import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { journalOf, type Journal } from './cluster.js'
import type { Host, Lan } from './lan.js'

const run = promisify(execFile)

/** A virtual address that a director got or lost, or where the client now looks for it. */
export interface VipEvent {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly address: string
  readonly has?: boolean
  /** Of the client: the link-layer address. */
  readonly link?: string
}

/** One line of `ip -o -ts monitor address neigh`; undefined if it is of something else. */
export function parseVipEvent(line: string): VipEvent | undefined {
  const [, time = '', deleted, rest = ''] = /^\[(\S+)\] (Deleted )?(.*)$/.exec(line) ?? []
  const at = Date.parse(`${time}Z`)
  const [, address] = / inet6? (\S+)\/\d+ /.exec(rest) ?? []
  if (address !== undefined) return { at, address, has: deleted === undefined }
  const [, neighbour, link] = /^(\S+) dev \S+ lladdr (\S+) /.exec(rest) ?? []
  return neighbour === undefined || link === undefined || deleted !== undefined
    ? undefined
    : { at, address: neighbour, link }
}

/** Follows a host's addresses and neighbours. Resolves when it does. */
export async function watchVip(lan: Lan, host: Host): Promise<Journal<VipEvent | undefined>> {
  // In UTC, whatever this machine's time zone.
  const child = lan.spawn(host.namespace, 'env', ['TZ=UTC', 'ip', '-o', '-ts', 'monitor', 'address', 'neigh'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const journal = journalOf(child, parseVipEvent)
  // It does not say when it has begun: what happens is told from then on.
  for (let seen = false; !seen;) {
    for (const change of ['add', 'delete'])
      await run('ip', ['-n', host.namespace, 'address', change, '127.0.0.2/8', 'dev', 'lo'])
    seen = await Promise.race([journal.first(() => true).then(() => true), sleep(100, false)])
  }
  return journal
}

/** Whether the host has that address now. */
export async function hasAddress(host: Host, address: string): Promise<boolean> {
  const { stdout } = await run('ip', ['-n', host.namespace, '-o', 'address', 'show', 'to', address])
  return stdout.trim() !== ''
}

/** The link-layer address of the host's eth0. */
export async function linkOf(host: Host): Promise<string> {
  const { stdout } = await run('ip', ['-n', host.namespace, '-j', 'link', 'show', 'eth0'])
  const [{ address }] = JSON.parse(stdout) as [{ address: string }]
  return address
}

/** Where the client looks for that address, now; undefined if it does not know. */
export async function neighbourOf(client: Host, address: string): Promise<string | undefined> {
  const { stdout } = await run('ip', ['-n', client.namespace, '-j', 'neigh', 'show', 'to', address])
  const [entry] = JSON.parse(stdout || '[]') as { lladdr?: string }[]
  return entry?.lladdr
}
