import type { Check } from './check.js'
import { overStream } from './stream.js'
import { type TlsOptions, checkedTlsOptions } from './tls-options.js'

/**
 * Passes when the target completes a TLS handshake, with a certificate that is valid unless `verify` is false; nothing is sent.
 * What is wrong with the handshake or the certificate fails with `tls`.
 *
 * Throws TypeError or RangeError for a wrong option.
 */
export function tls(options: TlsOptions = {}): Check {
  return overStream(checkedTlsOptions('options', options), (socket, done) => {
    let complete = false
    return {
      ready() {
        complete = true
        done({ outcome: 'pass' })
      },
      // The server is to see the end of the handshake and of the connection, or it would log a fault for each check.
      release: () => (complete ? socket.destroySoon() : socket.destroy()),
    }
  })
}
