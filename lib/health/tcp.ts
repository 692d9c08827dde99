import { connect } from 'node:net'
import type { Check } from './check.js'
import { settle } from './settle.js'
import { verdictOfError } from './verdict.js'

/**
 * Passes when the target accepts a TCP connection, which is closed at once; nothing is sent.
 * The target's kernel accepts, not its program: a server that hangs still passes. Where that matters use `http()`.
 */
export function tcp(): Check {
  return (target, signal) =>
    settle(signal, (done) => {
      const socket = connect({ host: target.address, port: target.port })
      socket.on('connect', () => done({ outcome: 'pass' }))
      socket.on('error', (error) => done(verdictOfError(error)))
      return () => socket.destroy()
    })
}
