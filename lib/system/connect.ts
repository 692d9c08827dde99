import { constants } from 'node:os'
import { integer, wrongType } from '../check.js'
import { system, systemError } from '../system.js'
import { ipAddress } from '../values.js'
import { Attempts, type ConnectEnd, refused } from './attempts.js'

export type { ConnectEnd }

const { errno } = constants

/**
 * Finds out whether ports accept a TCP connection, for a part of what a `net.Socket` for each costs. What nobody awaits keeps no
 * process alive.
 */
export interface Connector extends Disposable {
  /**
   * Connects, and closes at once. Nothing is sent, and the closing is a reset: one that is closed in the usual way would stay in this
   * kernel's table for a minute (TIME_WAIT), and take a local port of those to this target. The target's kernel gets the reset
   * before the acknowledgement of its answer, so that the program that listens hears of nothing; only where this process is slower than
   * 40 ms does it find a connection that is reset (`ECONNRESET`).
   *
   * Fulfils in any case once the target has accepted or refused, the kernel has given up, or `signal` fires. Takes a descriptor
   * until then; `EMFILE` is an end as any other. Its `error` is a SystemError, or the signal's reason: `ECANCELED` after close(), and what
   * connect(2) knows. Where the kernel refuses to send anything, it has no `from`.
   *
   * Rejects with TypeError or RangeError for what is no address, port (1 to 65535) or signal, and with the reason of a signal that has
   * fired before.
   */
  connect(address: string, port: number, signal: AbortSignal): Promise<ConnectEnd>
  /** Ends what is under way, and closes all descriptors at once. The same as `using`. */
  close(): void
}

/**
 * Opens one: one descriptor for all attempts, for both versions of IP. Takes no privilege.
 *
 * Throws SystemError: `EMFILE` and the like; and IpvsError with `IPVS_ADDON_UNUSABLE`, or `IPVS_UNAVAILABLE` elsewhere than on Linux.
 */
export function openConnector(): Connector {
  const connects = new (system('openConnector').Connects)()
  if (connects.error !== 0) throw systemError('openConnector', connects.error, 'no descriptor to wait by')
  const attempts = new Attempts(connects)
  let closed = false
  const close = () => {
    if (closed) return
    closed = true
    attempts.close()
  }
  return {
    // Async: a mistake in the arguments is a rejection, too.
    async connect(address, port, signal) {
      const { family, address: bytes } = ipAddress('address', address)
      integer('port', port, 1, 65535)
      if (!(signal instanceof AbortSignal)) throw wrongType('signal', 'an AbortSignal', signal)
      signal.throwIfAborted()
      const to = { family, address: bytes, text: address, port }
      return closed ? { error: refused(errno.ECANCELED, to) } : attempts.connect(to, signal)
    },
    close,
    [Symbol.dispose]: close,
  }
}
