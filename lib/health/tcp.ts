import type { Check } from './check.js'
import { settle } from './settle.js'
import { open } from './stream.js'

/**
 * Passes when the target accepts a TCP connection, which is closed at once; nothing is sent.
 * The target's kernel accepts, not its program: a server that hangs still passes. Where that matters use `http()`.
 */
export function tcp(): Check {
  return (target, signal) =>
    settle(signal, (done) => {
      const socket = open(target, undefined, done, () => done({ outcome: 'pass' }))
      return () => socket.destroy()
    })
}
