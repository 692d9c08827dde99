import { checkedRecord, wrongType, wrongValue } from './arguments.js'
import type { Check } from './check.js'
import { finder } from './expression.js'
import { guarded } from './settle.js'
import { overStream } from './stream.js'
import { type TlsOptions, checkedTlsOptions } from './tls-options.js'

/** What `sendExpect()` sends and expects. */
export interface SendExpectOptions {
  /** What is sent once the connection stands. @default nothing */
  readonly send?: string | Uint8Array | undefined
  /** What the answer must contain, or match, within its first 4 KiB, read as UTF-8; looked for whenever more has arrived. */
  readonly expect: string | RegExp
  /** TLS from the first byte on. @default none */
  readonly tls?: TlsOptions | undefined
}

const maxAnswerBytes = 4096

/**
 * Passes when the target answers what is sent, or greets, with what is expected. Another answer fails with `mismatch`: at its end,
 * or at 4 KiB. A server that says nothing more times out.
 *
 * Throws TypeError or RangeError for a wrong option.
 */
export function sendExpect(options: SendExpectOptions): Check {
  const { send, expect, tls } = checkedRecord('options', options, ['send', 'expect', 'tls'])
  if (send !== undefined) checkPayload('options.send', send)
  checkExpected('options.expect', expect, maxAnswerBytes)
  const found = finder(expect)
  const secure = tls && checkedTlsOptions('options.tls', tls)
  return overStream(secure, (socket, done) => {
    const decoder = new TextDecoder()
    let text = ''
    let room = maxAnswerBytes
    const mismatch = () => done({ outcome: 'fail', reason: 'mismatch', detail: 'the answer is not the expected one' })
    socket.on(
      'data',
      guarded(done, (chunk: Buffer) => {
        text += decoder.decode(chunk.subarray(0, room), { stream: true })
        room -= chunk.length
        if (found(text)) done({ outcome: 'pass' })
        else if (room <= 0) mismatch()
      }),
    )
    socket.on('end', mismatch)
    return {
      ready() {
        if (send !== undefined) socket.write(send)
      },
    }
  })
}

/** Throws for what cannot be sent. */
export function checkPayload(field: string, value: unknown): void {
  const expected = 'a text or bytes'
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) throw wrongType(field, expected, value)
  if (value.length === 0) throw wrongValue(field, `${expected}, not empty`, value)
}

/** Throws for what cannot be expected. */
export function checkExpected(field: string, value: unknown, max: number): void {
  const expected = `a string of 1 to ${max} characters or a RegExp`
  if (typeof value !== 'string' && !(value instanceof RegExp)) throw wrongType(field, expected, value)
  if (typeof value === 'string' && (value === '' || value.length > max)) throw wrongValue(field, expected, value)
}
