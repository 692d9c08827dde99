/** Connections of checks. */
import { type Socket, connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Check, Target } from './check.js'
import { leavesNothing } from './controllers.js'
import { explained, surveyor } from './path.js'
import { type Done, settle } from './settle.js'
import type { CheckedTlsOptions } from './tls-options.js'
import { verdictOfError } from './verdict.js'

/** What is said over a connection. */
export interface Conversation {
  /** The connection stands, and its certificate is valid. */
  readonly ready?: () => void
  /** Lets go of it, once there is a verdict. @default it is destroyed */
  readonly release?: () => void
}

/**
 * A check that is a conversation over one connection to the target, with TLS if it is wanted. `begin` gets the socket before it is
 * connected. Errors of the socket end the check.
 */
export function overStream(
  tls: CheckedTlsOptions | undefined,
  begin: (socket: Socket, done: Done, target: Target) => Conversation,
): Check {
  const look = surveyor()
  return leavesNothing((target, signal) => {
    const { address, port } = target
    let from: string | undefined
    let answered = false
    return settle(
      signal,
      (done) => {
        const socket = tls ? connectTls({ host: address, port, ...tls }) : connect({ host: address, port })
        // node connects to an address in the next tick. By then the kernel has chosen whence, or refused.
        process.nextTick(() => (from = socket.localAddress))
        socket.on('connect', () => (answered = true))
        socket.on('error', (error) => done(verdictOfError(error, from !== undefined)))
        const { ready, release = () => socket.destroy() } = begin(socket, done, target)
        if (ready) socket.on(tls ? 'secureConnect' : 'connect', ready)
        return release
      },
      (verdict) => explained(verdict, { to: address, from, answered }, look),
    )
  })
}
