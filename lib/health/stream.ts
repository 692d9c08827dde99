/** Connections of checks, and what is read from them. */
import { type Socket, connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Target } from './check.js'
import type { Done } from './settle.js'
import type { CheckedTlsOptions } from './tls-options.js'
import { verdictOfError } from './verdict.js'

/** A connection to the target, with TLS if it is wanted; `ready` once it stands and its certificate is valid. Errors end the check. */
export function open(
  { address, port }: Target,
  tls: CheckedTlsOptions | undefined,
  done: Done,
  ready: (socket: Socket) => void,
): Socket {
  const socket = tls ? connectTls({ host: address, port, ...tls }) : connect({ host: address, port })
  socket.on(tls ? 'secureConnect' : 'connect', () => ready(socket))
  socket.on('error', (error) => done(verdictOfError(error)))
  return socket
}
