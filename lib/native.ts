/** The seam to the addon on libnl, which is loaded when the first handle is opened. */
import { loadAddon, unusableAddon } from './addon.js'
import { IpvsError } from './errors.js'
import { type Session } from './records.js'
import { layoutHash } from './wire.js'

interface Addon {
  readonly layoutHash: string
  readonly Handle: new (namespacePath: string) => NativeSession
}

/** Carries requests out on its private thread, whose replies it gives at once where they come within microseconds. */
export interface NativeSession extends Session {
  /** On the calling thread, which waits in the kernel; undefined where only the private thread can: request() it. */
  requestHere(batch: Uint8Array): ArrayBuffer | null | undefined
}

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
  const addon = loadAddon('ipvs', 'open') as Addon
  if (addon.layoutHash !== layoutHash()) throw unusableAddon('open', 'was built from another version of the package')
  return addon
}
