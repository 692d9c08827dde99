/** The part of the configuration that etcd carries: one service a key, and never what runs or reads anything on this host. Pure. */
import { ConfigError, MAX_BYTES, printable, quoted, readDocument } from '../document.js'
import type { Located, Path, Problem } from '../document.js'
import type { Snapshot } from './wire.js'

/** A value of etcd. */
export interface Carried {
  readonly key: string
  /** YAML or JSON: one item of `services:`. */
  readonly text: string
  /** What errors call the place. @default etcd and the key */
  readonly place?: string | undefined
}

/** Where the services are. */
export const servicesPrefix = (prefix: string): string => `${prefix}/services/`

export const carriedBy = ({ entries }: Snapshot): readonly Carried[] =>
  entries.map(({ key, value }) => ({ key, text: value }))

/** The same values, as few as a file may have. Throws ConfigError for more: they are read in one go, while no check goes on. */
export function bounded(carried: readonly Carried[]): readonly Carried[] {
  const bytes = carried.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)
  if (bytes <= MAX_BYTES) return carried
  throw new ConfigError([`etcd:1:1: services: expected at most ${MAX_BYTES} bytes in all, found ${bytes}`])
}

/** A value as a document. Throws ConfigError. */
export function readCarried({ key, text, place = `etcd:${printable(key)}` }: Carried): Located {
  if (/^(?:\/[A-Za-z0-9._-]+)+$/.test(key)) return readDocument(text, place)
  throw new ConfigError([
    `${place}:1:1: key: expected a name of A-Z, a-z, 0-9, ., _ and -, found ${quoted(key.slice(key.lastIndexOf('/') + 1))}`,
  ])
}

const files = ['ca', 'cert', 'key']

/** What etcd may not say of a service: whoever may write there would run and read on every director. */
export function* hostsOwn(service: unknown, path: Path): Generator<Problem> {
  const { check, servers } = fields(service)
  const { type, tls } = fields(check)
  if (type === 'script' || type === 'mon')
    yield {
      path: [...path, 'check', 'type'],
      expected: 'a check that runs no program, as programs are named by files of the director alone',
    }
  for (const name of files)
    if (name in fields(tls)) yield { path: [...path, 'check', 'tls', name], expected: noFile, atKey: true }
  for (const [index, server] of (Array.isArray(servers) ? (servers as unknown[]) : []).entries())
    if ('file' in fields(server)) yield { path: [...path, 'servers', index, 'file'], expected: noFile, atKey: true }
}

const noFile = 'none, as files are named by files of the director alone'

const fields = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
