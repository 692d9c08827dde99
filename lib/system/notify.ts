import { system, systemError } from '../system.js'
import { wrongType, wrongValue } from '../check.js'

const maxStateBytes = 4096
// A path of sun_path's 108 bytes ends with a NUL, an abstract name begins with one.
const maxNameBytes = 107

/**
 * Tells the service manager about this process, as sd_notify(3) does: `READY=1`, `STATUS=…`, `WATCHDOG=1`, `RELOADING=1` and
 * so on, one assignment a line, of 1 to 4096 bytes. False when nobody asked for it: $NOTIFY_SOCKET is not set. Never waits.
 *
 * Throws TypeError or RangeError for a state that is none, Error with the code `ERR_INVALID_ARG_VALUE` for a $NOTIFY_SOCKET
 * that is neither a path nor an abstract name after `@`, and SystemError when the socket does not take it: `ENOENT` or
 * `ECONNREFUSED` when nobody listens, `EAGAIN` when the listener has fallen behind.
 */
export function notifySystemd(state: string): boolean {
  const bytes = checkedState(state)
  const socket = process.env['NOTIFY_SOCKET']
  if (socket === undefined || socket === '') return false
  const name = Buffer.from(socket.replace(/^@/, '\0'))
  const expected = `a path or an abstract name after @, of at most ${maxNameBytes} bytes`
  if (!/^[/@]./.test(socket) || name.length > maxNameBytes) throw wrongValue('$NOTIFY_SOCKET', expected, socket)
  const error = system('notifySystemd').sendToUnix(name, bytes)
  if (error !== 0) throw systemError('notifySystemd', error, `$NOTIFY_SOCKET ${socket}`)
  return true
}

function checkedState(state: unknown): Uint8Array {
  const expected = `lines NAME=VALUE of at most ${maxStateBytes} bytes, such as READY=1`
  if (typeof state !== 'string') throw wrongType('state', expected, state)
  const bytes = Buffer.from(state)
  if (!/^[A-Z][A-Z0-9_]*=/.test(state) || state.includes('\0') || bytes.length > maxStateBytes) {
    throw wrongValue('state', expected, state)
  }
  return bytes
}
