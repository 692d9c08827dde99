import type { Check } from './check.js'
import { overStream } from './stream.js'

/**
 * Passes when the target accepts a TCP connection, which is closed at once; nothing is sent.
 * The target's kernel accepts, not its program: a server that hangs still passes. Where that matters use `http()`.
 */
export function tcp(): Check {
  return overStream(undefined, (_socket, done) => ({ ready: () => done({ outcome: 'pass' }) }))
}
