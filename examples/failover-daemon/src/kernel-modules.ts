/** What this kernel can load. */
import { existsSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'

/**
 * Whether the running kernel has a module: loaded, built in, or in its folder, where a sandbox does not hide that. `root` is the
 * folder of the system's files.
 */
export function hasModule(name: string, root = '/'): boolean {
  if (existsSync(join(root, 'sys/module', name))) return true
  const folder = join(root, 'lib/modules', release())
  try {
    return ['modules.dep', 'modules.builtin'].some((list) =>
      readFileSync(join(folder, list), 'utf8').includes(`/${name}.ko`),
    )
  } catch {
    return false
  }
}
