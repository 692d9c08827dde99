/** Files that are small or refused, and files that are whole or not there. */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, rename, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** The text of a file of at most so many bytes. Rejects with an Error for people: no such file, too long, not UTF-8, no regular file. */
export async function readText(path: string, maxBytes: number): Promise<string> {
  // Opening a FIFO would wait for its writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    if (!(await file.stat()).isFile()) throw new Error('not a regular file')
    const buffer = Buffer.alloc(maxBytes + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < buffer.length; length += read)
      read = (await file.read(buffer, length, buffer.length - length)).bytesRead
    if (length > maxBytes) throw new Error(`longer than ${maxBytes} bytes`)
    return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, length))
  } finally {
    await file.close()
  }
}

/** Writes a file of the directory, which is made if need be: all of it or nothing, also after a power cut. */
export async function writeWhole(directory: string, name: string, text: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o750 })
  const path = join(directory, name)
  // File, name and directory each reach the disk before the next.
  await synced(`${path}.new`, 'w', (file) => file.writeFile(text))
  await rename(`${path}.new`, path)
  await synced(directory, 'r', async () => {})
}

async function synced(path: string, flags: string, use: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, flags, 0o640)
  try {
    await use(file)
    await file.sync()
  } finally {
    await file.close()
  }
}

/**
 * Writes a file that other users read, in a folder that may be theirs: all of it or nothing, though not after a power cut. A link of that name is
 * replaced and never followed, nor is one of the new file's.
 */
export async function writeForOthers(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.${randomUUID()}.new`)
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  const file = await open(temporary, flags, 0o644)
  try {
    await file.writeFile(text)
    // Whatever the umask.
    await file.chmod(0o644)
    await file.close()
    await rename(temporary, path)
  } catch (error) {
    await file.close().catch(() => {})
    await unlink(temporary).catch(() => {})
    throw error
  }
}
