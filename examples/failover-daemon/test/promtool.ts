/** Debian's promtool, where `rig/setup test` has unpacked it. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { unpacked } from '../../../test/unpacked.js'

const program = join(unpacked('promtool'), 'usr/bin/promtool')

/** For the options of a test. */
export const needsPromtool = existsSync(program) ? {} : { skip: 'needs promtool, which rig/setup test unpacks' }

/** Its exit status and all that it says. */
export function promtool(
  args: readonly string[],
  input = '',
): { readonly status: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { input, encoding: 'utf8' })
  return { status, text: stdout + stderr }
}
