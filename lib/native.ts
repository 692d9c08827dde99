/** The only file that touches the addon. Loaded when the first handle is opened, so that `import` works everywhere. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { IpvsError } from './errors.js'
import { type Session } from './records.js'
import { layoutHash } from './wire.js'

interface Addon {
  readonly layoutHash: string
  readonly Handle: new (namespacePath: string) => NativeSession
}

/** Carries requests out on its private thread. */
export interface NativeSession extends Session {
  request(batch: Uint8Array): Promise<ArrayBuffer>
  /** On the calling thread, which waits in the kernel; undefined where only the private thread can: request() it. */
  requestHere(batch: Uint8Array): ArrayBuffer | undefined
}

// One level above lib/, as well as above dist/.
const packageRoot = fileURLToPath(new URL('..', import.meta.url))

let loaded: Addon | undefined

/** Starts the private thread; the namespace is entered and the socket made with the first request. */
export function openNativeSession(namespacePath: string): NativeSession {
  loaded ??= load()
  return new loaded.Handle(namespacePath)
}

function load(): Addon {
  if (process.platform !== 'linux') {
    throw new IpvsError(`open: IPVS is a part of Linux, this is ${process.platform}; use ipvs/testing here`, {
      code: 'IPVS_UNAVAILABLE',
      operation: 'open',
    })
  }
  const require = createRequire(import.meta.url)
  let addon: Addon
  try {
    addon = (require('node-gyp-build') as (root: string) => Addon)(packageRoot)
  } catch (cause) {
    throw unusable(`cannot be loaded (${cause instanceof Error ? cause.message.split('\n')[0] : String(cause)})`, cause)
  }
  if (addon.layoutHash !== layoutHash()) throw unusable('was built from another version of the package')
  return addon
}

function unusable(what: string, cause?: unknown): IpvsError {
  return new IpvsError(`open: the native addon ${what}; build it ${howToBuild()}`, {
    code: 'IPVS_ADDON_UNUSABLE',
    operation: 'open',
    cause,
  })
}

/** A clone has its own tools. The package has sources and headers; npx brings node-gyp. */
function howToBuild(): string {
  if (existsSync(join(packageRoot, 'rig'))) return `with \`npm run compile\` in ${packageRoot}`
  const debian = 'g++ make python3 pkg-config libnl-3-dev libnl-genl-3-dev'
  return `with \`npx node-gyp@12 rebuild -C ${packageRoot}\`, which needs Debian's packages ${debian} or their like`
}
