/** The configuration from its file. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import type { Config } from './config.js'
import { MAX_BYTES } from './document.js'
import type { Carried } from './etcd/carried.js'
import { hasModule } from './kernel-modules.js'
import { ConfigError, parseConfig } from './parse-config.js'

/** Reads and validates a file. Throws ConfigError. */
export const readConfig = (file: string): Config => configOf(readBounded(file), file)

/** The same of its text, and of what etcd carries beside it, on this host. */
export const configOf = (text: string, file: string, carried: readonly Carried[] = []): Config =>
  parseConfig(
    text,
    file,
    {
      expireQuiescentTemplate: isOn('expire_quiescent_template'),
      programProblem: (check) => check.problem(),
      hasScheduler: (name) => hasModule(`ip_vs_${name}`),
      backupOnly: isOn('backup_only'),
    },
    carried,
  )

/** The file's text; of one that is too long (or never ends), so much that parseConfig() refuses it. */
export function readBounded(file: string): string {
  try {
    const descriptor = openSync(file, 'r')
    try {
      const buffer = Buffer.alloc(MAX_BYTES + 1)
      let length = 0
      for (let read = -1; read !== 0 && length < buffer.length; length += read)
        read = readSync(descriptor, buffer, length, buffer.length - length, null)
      return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, length))
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error)
    throw new ConfigError([`${file}:1:1: file: expected a readable file in UTF-8, found: ${found}`])
  }
}

/** Whether a sysctl of IPVS is 1 in this network namespace; without the module it is not. */
function isOn(sysctl: string): boolean {
  try {
    return readFileSync(`/proc/sys/net/ipv4/vs/${sysctl}`, 'utf8').trim() === '1'
  } catch {
    return false
  }
}
