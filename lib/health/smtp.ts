import { checkedRecord, wrongType, wrongValue } from './arguments.js'
import type { Check, Verdict } from './check.js'
import type { Done } from './settle.js'
import { overStream } from './stream.js'
import { type TlsOptions, checkedTlsOptions } from './tls-options.js'

/** What `smtp()` says. */
export interface SmtpOptions {
  /** The name that it introduces itself by. @default 'localhost' */
  readonly hello?: string | undefined
  /** TLS from the first byte on, as on port 465. @default none */
  readonly tls?: TlsOptions | undefined
}

const maxReplyBytes = 4096

/**
 * Passes when the target greets with 220 and answers EHLO with 250; then it says QUIT. Another code, such as 421 or 554, fails
 * with `mismatch`, what is no reply of SMTP with `protocol`.
 *
 * Throws TypeError or RangeError for a wrong option.
 */
export function smtp(options: SmtpOptions = {}): Check {
  const { hello = 'localhost', tls } = checkedRecord('options', options, ['hello', 'tls'])
  const expected = 'a host name or an address in brackets'
  if (typeof hello !== 'string') throw wrongType('options.hello', expected, hello)
  if (!/^([\w.-]{1,255}|\[[\da-fA-F:.]+\])$/.test(hello)) throw wrongValue('options.hello', expected, hello)
  const secure = tls && checkedTlsOptions('options.tls', tls)
  return overStream(secure, (socket, done) => {
    const replies = readReplies(done)
    const steps: { readonly code: number; readonly next: string }[] = [
      { code: 220, next: `EHLO ${hello}\r\n` },
      { code: 250, next: 'QUIT\r\n' },
    ]
    socket.on('data', (chunk: Buffer) => {
      for (const code of replies.push(chunk.toString('latin1'))) {
        const step = steps.shift()
        if (!step) return
        if (code !== step.code) return done(unexpected(code, step.code))
        socket.write(step.next)
        if (steps.length === 0) return done({ outcome: 'pass' })
      }
    })
    socket.on('end', () => done({ outcome: 'fail', reason: 'protocol', detail: 'closed in the middle of a dialogue' }))
    // QUIT is on its way: the connection is closed behind it, whatever the server still says.
    return { release: () => (steps.length === 0 ? socket.destroySoon() : socket.destroy()) }
  })
}

function unexpected(found: number, expected: number): Verdict {
  return { outcome: 'fail', reason: 'mismatch', detail: `status ${found}, not ${expected}` }
}

/** The codes of whole replies, of which each may have several lines (RFC 5321 4.2). */
function readReplies(done: Done) {
  let text = ''
  let read = 0
  return {
    push(piece: string): readonly number[] {
      read += piece.length
      text += piece
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      const codes: number[] = []
      for (const line of lines) {
        const [, code, more] = /^([2-5]\d\d)(?:([ -])[^\r]*)?\r?$/.exec(line) ?? []
        if (code === undefined) {
          done({ outcome: 'fail', reason: 'protocol', detail: 'an answer that is no reply of SMTP' })
          return []
        }
        if (more !== '-') codes.push(Number(code))
      }
      if (read > maxReplyBytes && codes.length === 0) {
        done({ outcome: 'fail', reason: 'protocol', detail: `a reply of more than ${maxReplyBytes} bytes` })
      }
      return codes
    },
  }
}
