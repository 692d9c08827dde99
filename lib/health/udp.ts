import { checkedRecord } from './arguments.js'
import type { Check } from './check.js'
import { exchanges } from './datagram.js'
import { finder } from './expression.js'
import { checkExpected, checkPayload } from './send-expect.js'

/** What `udp()` sends and expects. */
export interface UdpOptions {
  /** The datagram that is sent. */
  readonly send: string | Uint8Array
  /** What the answer must contain, or match, read as UTF-8. @default any answer */
  readonly expect?: string | RegExp | undefined
}

const maxDatagramBytes = 65_507

/**
 * Passes when the target answers a datagram as expected. Another answer fails with `mismatch`, a closed port with `refused`; a
 * server that does not answer times out.
 *
 * Throws TypeError or RangeError for a wrong option.
 */
export function udp(options: UdpOptions): Check {
  const { send, expect } = checkedRecord('options', options, ['send', 'expect'])
  checkPayload('options.send', send)
  if (expect !== undefined) checkExpected('options.expect', expect, maxDatagramBytes)
  const found = expect === undefined ? () => true : finder(expect)
  const exchange = exchanges()
  return (target, signal) =>
    exchange(target, signal, send, (answer) =>
      found(new TextDecoder().decode(answer))
        ? { outcome: 'pass' }
        : { outcome: 'fail', reason: 'mismatch', detail: 'the answer is not the expected one' },
    )
}
