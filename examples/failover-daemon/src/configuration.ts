/** Where the daemon's configuration comes from: its file, and what etcd carries where the file says so. */
import type { Config } from './config.js'
import type { SharedConfiguration } from './etcd/shared.js'
import type { Log } from './log.js'
import { ConfigError } from './parse-config.js'
import { configOf, readBounded } from './read-config.js'

/** What cannot be had now, in words for people. */
export class Unavailable extends Error {}

export interface Configuration {
  /** To begin with. */
  readonly first: Config
  /** Reads the file anew, beside what etcd has now. Throws ConfigError. */
  read(): Config
  /** Hears that a configuration that was read holds; resolves when that is kept for the next start. */
  taken(config: Config): Promise<void>
  /** The part that etcd has. @default there is none */
  readonly shared?: SharedConfiguration | undefined
}

/** Opens it; what etcd has is waited for, but not long. Rejects with a ConfigError or Unavailable when nothing can be used. */
export async function openConfiguration(file: string, log: Log): Promise<Configuration> {
  const text = readBounded(file)
  const first = configOf(text, file)
  if (first.etcd !== undefined) {
    // Who needs no etcd need not load what asks it.
    const { openShared } = await import('./etcd/shared.js')
    return await openShared({ text, file, local: first, log })
  }
  return { first, read: () => unmoved(configOf(readBounded(file), file), first, file), taken: () => Promise.resolve() }
}

/** Refuses another etcd than at the start. */
export function unmoved(config: Config, first: Config, file: string): Config {
  if (JSON.stringify(config.etcd) === JSON.stringify(first.etcd)) return config
  throw new ConfigError([
    `${file}:1:1: config: expected the same as at the start of the daemon, found another: restart it`,
  ])
}
