import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Target, Verdict } from './check.js'
import { explained, surveyor } from './path.js'
import { guarded, settle } from './settle.js'
import { verdictOfError } from './verdict.js'

/** Sends one datagram and judges what comes back, undefined while that is no answer. */
export type Exchange = (
  target: Target,
  signal: AbortSignal,
  payload: string | Uint8Array,
  judge: (answer: Buffer) => Verdict | undefined,
) => Promise<Verdict>

/**
 * Exchanges for one check. The socket is connected: nobody else's datagrams arrive, and a closed port is refused (ICMP). A lost datagram
 * is not sent again: that is the next check's.
 */
export function exchanges(): Exchange {
  const look = surveyor()
  return ({ address, port }, signal, payload, judge) => {
    let from: string | undefined
    let answered = false
    return settle(
      signal,
      (done) => {
        const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
        socket.on('error', (error) => done(verdictOfError(error, from !== undefined)))
        socket.on(
          'message',
          guarded(done, (answer: Buffer) => {
            answered = true
            const verdict = judge(answer)
            if (verdict) done(verdict)
          }),
        )
        // As an event: a callback would get the errors.
        socket.on('connect', () => {
          from = socket.address().address
          // What send(2) itself refuses (EPERM of a firewall, ENOBUFS) has not left this host. Without a callback it is lost.
          socket.send(payload, (error) => {
            if (error) done(verdictOfError(error, false))
          })
        })
        socket.connect(port, address)
        return () => socket.close()
      },
      (verdict) => explained(verdict, { to: address, from, answered }, look),
    )
  }
}
