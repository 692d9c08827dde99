/** `ipvs-failover keepalived`: what keepalived is to do for `ha:`. */
import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { keepalivedInclude } from '../ha/keepalived.js'
import { localConfig } from './check-config.js'
import { Exit, statuses } from './exit.js'
import type { Output } from './exit.js'

export function keepalived(file: string, output: string | undefined, { stdout }: Output): void {
  const { ha } = localConfig(file)
  if (ha === undefined) throw new Exit(`${file}: ha: expected, as keepalived is for nothing else`, statuses.wrong)
  const text = keepalivedInclude(ha)
  if (output === undefined) stdout.write(text)
  else replace(output, text)
}

/** All of it or nothing. Everybody may read it: the daemon compares it with its own file. */
function replace(path: string, text: string): void {
  const next = `${path}.new`
  try {
    rmSync(next, { force: true })
    writeFileSync(next, text, { flag: 'wx', flush: true })
    chmodSync(next, 0o644)
    renameSync(next, path)
  } catch (error) {
    throw new Exit(`ipvs-failover: ${error instanceof Error ? error.message : String(error)}`, statuses.failed)
  }
}
