import { constants } from 'node:os'
import { Socket } from 'node:net'
import { system, systemError } from '../system.js'
import { wrongType } from '../check.js'

/** Who is at the other end of a Unix socket. */
export interface PeerCredentials {
  /** Its process; 0 when that is in another PID namespace. It may have ended since, and another may have its number. */
  readonly pid: number
  /** Its effective user. */
  readonly uid: number
  /** Its effective group. */
  readonly gid: number
}

/**
 * Who is at the other end of a connected Unix socket, as the kernel knows it (SO_PEERCRED): who it was when it connected, or
 * listened.
 *
 * Throws TypeError for what is no socket, and SystemError: `EAFNOSUPPORT` for one that is no Unix socket, `ENOTCONN` for one
 * that is not connected, or no longer open.
 */
export function peerCredentials(socket: Socket): PeerCredentials {
  if (!(socket instanceof Socket)) throw wrongType('socket', 'a net.Socket', socket)
  // Node.js has no public name for it; it is -1 on a handle that is closed.
  const { fd = -1 } = (socket as unknown as { _handle?: { fd?: number } | null })._handle ?? {}
  const [error, pid, uid, gid] = fd < 0 ? [constants.errno.ENOTCONN, 0, 0, 0] : system('peerCredentials').peerOf(fd)
  if (error !== 0) throw systemError('peerCredentials', error, 'expected a connected Unix socket')
  return { pid, uid, gid }
}
