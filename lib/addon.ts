/** Where the addons are, and how one is loaded: when it is first used, so that `import` works everywhere. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { IpvsError } from './errors.js'

// One level above lib/, as well as above dist/.
const packageRoot = fileURLToPath(new URL('..', import.meta.url))

/** One of the addons: `ipvs`, which is on libnl, or `system`. `operation` is who needs it, for errors. */
export function loadAddon(name: 'ipvs' | 'system', operation: string): unknown {
  const require = createRequire(import.meta.url)
  try {
    const { path } = require('node-gyp-build') as { path: (root: string) => string }
    // node-gyp-build knows of one addon in a package, and gives the first that it finds: the others stand beside it, with the
    // same platform, processor and libc in their names.
    const found = path(packageRoot)
    return require(join(dirname(found), basename(found).replace(/^[^.]+/, name)))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    throw unusableAddon(operation, `cannot be loaded (${why})`, cause)
  }
}

/** The refusal of an addon, with the next step. */
export function unusableAddon(operation: string, what: string, cause?: unknown): IpvsError {
  return new IpvsError(`${operation}: the native addon ${what}; build it ${howToBuild()}`, {
    code: 'IPVS_ADDON_UNUSABLE',
    operation,
    cause,
  })
}

/** A clone has its own tools. The package has sources and headers; npx brings node-gyp. */
function howToBuild(): string {
  if (existsSync(join(packageRoot, 'rig'))) return `with \`npm run compile\` in ${packageRoot}`
  const debian = 'g++ make python3 pkg-config libnl-3-dev libnl-genl-3-dev'
  return `with \`npx node-gyp@12 rebuild -C ${packageRoot}\`, which needs Debian's packages ${debian} or their like`
}
