/** Commands for bird by its control socket, as birdc gives them. */
import { createConnection } from 'node:net'
import { usablePath } from '../unix-socket.js'

/** What bird says to a command. */
export interface Reply {
  /** Of its last line: 0 to 18 are successes, 8000 and more are failures. */
  readonly code: number
  /** All lines, as they came. */
  readonly text: string
}

export type Ask = (command: string) => Promise<Reply>

const mostBytes = 1 << 20

/** The last line of a reply: four digits, and a space where other lines have `-`. */
const lastLine = /^(\d{4}) .*\n/m

/**
 * Holds a conversation. Rejects with an Error for people when bird does not answer, or not all of it before the signal fires; with what
 * `talk` rejects with.
 */
export async function talkToBird<T>(path: string, signal: AbortSignal, talk: (ask: Ask) => Promise<T>): Promise<T> {
  const socket = createConnection({ path: usablePath(path), signal })
  let [text, failed] = ['', undefined as Error | undefined]
  let wake = () => {}
  const fail = (error: Error) => {
    failed ??= error
    wake()
  }
  socket.setEncoding('utf8')
  socket.on('data', (more) => {
    text += String(more)
    if (text.length > mostBytes) socket.destroy(new Error('its answer has no end'))
    wake()
  })
  socket.on('error', (error) => fail(signal.aborted ? new Error('it is silent') : error))
  socket.on('close', () => fail(new Error('it ended in the middle of an answer')))

  async function reply(): Promise<Reply> {
    for (;;) {
      const last = lastLine.exec(text)
      if (last !== null) {
        const end = last.index + last[0].length
        const whole = { code: Number(last[1]), text: text.slice(0, end) }
        text = text.slice(end)
        return whole
      }
      if (failed !== undefined) throw new Error(`bird does not answer at ${path}: ${failed.message}`)
      await new Promise<void>((resolve) => (wake = resolve))
    }
  }

  try {
    await reply() // Its greeting.
    return await talk((command) => {
      socket.write(`${command}\n`)
      return reply()
    })
  } finally {
    socket.destroy()
  }
}

/** The sentence of a reply, without codes, on one line. */
export const sentence = ({ text }: Reply): string =>
  (text.trim().split('\n').at(-1) ?? '').replace(/^\d{4}[ -]/, '').slice(0, 300)
