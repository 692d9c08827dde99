import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Target, Verdict } from './check.js'
import { settle } from './settle.js'
import { messageOf, verdictOfError } from './verdict.js'

/**
 * Sends one datagram and judges what comes back, undefined while that is no answer. The socket is connected: nobody else's datagrams
 * arrive, and a closed port is refused (ICMP). A lost datagram is not sent again: that is the next check's.
 */
export function exchangeDatagram(
  { address, port }: Target,
  signal: AbortSignal,
  payload: string | Uint8Array,
  judge: (answer: Buffer) => Verdict | undefined,
): Promise<Verdict> {
  return settle(signal, (done) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    let open = true
    socket.on('error', (error) => done(verdictOfError(error)))
    socket.on('message', (answer) => {
      try {
        const verdict = judge(answer)
        if (verdict) done(verdict)
      } catch (error) {
        done({ outcome: 'inconclusive', reason: 'local', detail: messageOf(error) })
      }
    })
    // As an event: a callback would get the errors.
    socket.on('connect', () => socket.send(payload))
    socket.connect(port, address)
    return () => {
      if (open) socket.close()
      open = false
    }
  })
}
