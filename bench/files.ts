/** Files that a run writes, in the form that the lint wants. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export function writeFormatted(root: string, path: string, text: string): void {
  writeFileSync(join(root, path), text)
  execFileSync(join(root, 'node_modules/.bin/prettier'), ['--log-level', 'warn', '--write', path], { cwd: root })
}
