import { constants } from 'node:os'
import { AF_INET } from '../records.js'
import { wrongType } from '../check.js'
import { type SystemError, system, systemError } from '../system.js'
import { ipAddress } from '../values.js'
import { type Echo, Echoes } from './echoes.js'

export type { Echo }

/**
 * Asks hosts for an ICMP echo, as ping(8) does, without a process for each: by one socket for IPv4 and one for IPv6, for as many
 * echoes as are wanted. What nobody awaits keeps no process alive.
 */
export interface Ping extends Disposable {
  /**
   * Sends one echo request and waits for its answer, until `signal` fires: a lost packet is not sent again. At most 16384 are
   * awaited at once, per version of IP.
   *
   * Rejects with the signal's reason, with TypeError for what is no address, and with a SystemError: `EHOSTUNREACH`,
   * `ECONNREFUSED` and `ENETUNREACH` when a router, the host or (then its `syscall` is `sendto`) the kernel's own table says so, `EPERM` for a firewall on this
   * host, `ENETDOWN`, `ENOBUFS`, `EAGAIN`, `EINVAL` for other trouble here, `EAFNOSUPPORT` where there is no IPv6,
   * `ECANCELED` after close().
   */
  echo(address: string, signal: AbortSignal): Promise<Echo>
  /** Which kind of socket there is. */
  readonly sockets: PingSockets
  /** Closes the sockets at once, and rejects what is awaited. The same as `using`. */
  close(): void
}

/** The sockets of a Ping; undefined where the kernel has no such family. */
export interface PingSockets {
  /** For IPv4. */
  readonly ipv4: SocketKind | undefined
  /** For IPv6. */
  readonly ipv6: SocketKind | undefined
}

/** How the kernel lets a process ping: `datagram` takes no privilege, `raw` took CAP_NET_RAW. */
export type SocketKind = 'datagram' | 'raw'

const { errno } = constants

/**
 * Opens the sockets, in the network namespace of the process; privileges may be dropped afterwards.
 *
 * Throws SystemError: `EPERM` where neither net.ipv4.ping_group_range nor CAP_NET_RAW allows it, `EMFILE` and the like; and
 * IpvsError with `IPVS_ADDON_UNUSABLE`, or `IPVS_UNAVAILABLE` elsewhere than on Linux.
 */
export function openPing(): Ping {
  const ipv4 = openFamily(4)
  try {
    return pingBy(ipv4, openFamily(6))
  } catch (error) {
    if (typeof ipv4 !== 'number') ipv4.echoes.close()
    throw error
  }
}

interface Family {
  readonly echoes: Echoes
  readonly kind: SocketKind
}

/** A number: the errno for which this kernel has no such family. */
function openFamily(version: 4 | 6): Family | number {
  const socket = new (system('openPing').EchoSocket)(version)
  const { error } = socket
  if (error === 0) return { echoes: new Echoes(socket), kind: socket.raw ? 'raw' : 'datagram' }
  if (error === errno.EPERM || error === errno.EACCES) throw refused(error)
  if (error === errno.EAFNOSUPPORT) return error
  throw systemError('openPing', error, `no ICMP socket for IPv${version}`)
}

function refused(error: number): SystemError {
  const remedy = 'let its group in by sysctl net.ipv4.ping_group_range="0 2147483647", or give it CAP_NET_RAW'
  return systemError('openPing', error, `no ICMP socket for this process; ${remedy}`)
}

function pingBy(ipv4: Family | number, ipv6: Family | number): Ping {
  let closed = false
  const close = () => {
    if (closed) return
    closed = true
    for (const family of [ipv4, ipv6]) if (typeof family !== 'number') family.echoes.close()
  }
  return {
    // Async: a mistake in the arguments is a rejection, too.
    async echo(address, signal) {
      const ip = ipAddress('address', address)
      if (!(signal instanceof AbortSignal)) throw wrongType('signal', 'an AbortSignal', signal)
      signal.throwIfAborted()
      if (closed) throw systemError('echo', errno.ECANCELED, `${address}: the Ping is closed; openPing() a new one`)
      const family = ip.family === AF_INET ? ipv4 : ipv6
      if (typeof family === 'number') throw systemError('echo', family, address)
      return family.echoes.echo(ip.address, address, signal)
    },
    sockets: { ipv4: kindOf(ipv4), ipv6: kindOf(ipv6) },
    close,
    [Symbol.dispose]: close,
  }
}

function kindOf(family: Family | number): SocketKind | undefined {
  return typeof family === 'number' ? undefined : family.kind
}
