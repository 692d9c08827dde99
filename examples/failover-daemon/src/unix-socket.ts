/** Listening at a path: who may open the file may talk. It is 0660, in a directory of 0750. */
import { chmodSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs'
import { createConnection } from 'node:net'
import type { Server } from 'node:net'
import { dirname } from 'node:path'

/** The path, if the kernel can take it (sockaddr_un); a longer one would be cut off. Throws an Error for people. */
export function usablePath(path: string): string {
  if (Buffer.byteLength(path) <= 107) return path
  throw new Error(`expected a path of at most 107 bytes for a socket, found ${path}`)
}

/**
 * Listens. A file that is left there by a daemon that was killed is replaced. Rejects with an Error for people when the path cannot be
 * used, or is by a daemon of another network namespace; `option` is what the configuration calls it.
 */
export async function listenAtPath(server: Server, path: string, option: string): Promise<void> {
  usablePath(path)
  if (await isAnswered(path)) throw new Error(`another daemon listens there: say another ${option}`)
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 })
  const there = lstatSync(path, { throwIfNoEntry: false })
  if (there?.isSocket() === false) throw new Error(`expected a socket at ${path}, or nothing, found another file`)
  if (there !== undefined) unlinkSync(path)
  const before = process.umask(0o117)
  try {
    // The file is made before listen() returns.
    server.listen(path)
  } finally {
    process.umask(before)
  }
  await new Promise<void>((resolve, reject) => server.once('listening', resolve).once('error', reject))
  chmodSync(path, 0o660)
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path)
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    // Whatever else is wrong, somebody may be there.
    socket.on('error', ({ code = '' }: NodeJS.ErrnoException) =>
      resolve(!['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'].includes(code)),
    )
  })
}
