/** Files that are read: bounded, text only, and of what a file includes nothing outside of its own folder. */
import { closeSync, constants, fstatSync, openSync, readSync, readdirSync, realpathSync } from 'node:fs'
import { dirname, isAbsolute, relative, resolve } from 'node:path'
import { ImportError } from './model.js'

/** A file is at most this long, in bytes; so are all included ones together. */
export const MAX_SOURCE_BYTES = 1 << 18
/** A line is at most this long: what reads it may take the square of that. */
export const MAX_LINE_LENGTH = 4096
/** So many files are read at most. */
export const MAX_FILES = 100

/** A text and the name that the notes show for it. */
export interface SourceText {
  readonly file: string
  readonly text: string
}

/** What the parsers read further files by. */
export interface Reader {
  /** The text of a file inside the folder; or why it is not read. */
  read(path: string): { readonly text: string } | { readonly refused: string }
  /** Names in a directory inside the folder, sorted; none where there is no such directory. */
  list(directory: string): readonly string[]
}

/** A file that the caller named. Throws ImportError for what is no text of at most MAX_SOURCE_BYTES. */
export function readSource(path: string): SourceText {
  try {
    return { file: path, text: textOf(path, constants.O_RDONLY) }
  } catch (error) {
    throw new ImportError({ file: path, line: 1 }, `file: expected a readable text file, found: ${reasonOf(error)}`)
  }
}

/** Reads within `folder`, the file as it was named: links that lead out of the folder are not followed. */
export function folderReader(folder: string): Reader {
  let root: string | undefined
  let files = 0
  let bytes = 0
  const inside = (path: string): string => {
    root ??= realpathSync(folder)
    const real = realpathSync(resolve(path))
    const from = relative(root, real)
    if (from.startsWith('..') || isAbsolute(from)) throw new Error(`it lies outside of ${folder}`)
    return real
  }
  return {
    read(path) {
      try {
        if (++files > MAX_FILES) throw new Error(`more than ${MAX_FILES} files`)
        const text = textOf(inside(path), constants.O_RDONLY | constants.O_NOFOLLOW)
        bytes += text.length
        if (bytes > MAX_SOURCE_BYTES) throw new Error(`all files together hold more than ${MAX_SOURCE_BYTES} bytes`)
        return { text }
      } catch (error) {
        return { refused: reasonOf(error) }
      }
    },
    list(directory) {
      try {
        return readdirSync(inside(directory)).sort().slice(0, 1000)
      } catch {
        return []
      }
    },
  }
}

/** A reader of the folder that a file is in. */
export const readerBeside = (path: string): Reader => folderReader(dirname(resolve(path)))

function textOf(path: string, flags: number): string {
  // A FIFO would hold up the open.
  const descriptor = openSync(path, flags | constants.O_NONBLOCK)
  try {
    if (fstatSync(descriptor).isDirectory()) throw new Error('a directory')
    const buffer = Buffer.alloc(MAX_SOURCE_BYTES + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < buffer.length; length += read)
      read = readSync(descriptor, buffer, length, buffer.length - length, null)
    if (length > MAX_SOURCE_BYTES) throw new Error(`more than ${MAX_SOURCE_BYTES} bytes`)
    const text = new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, length))
    if (text.includes('\0')) throw new Error('a NUL byte: binary data')
    const long = text.split('\n').findIndex((line) => line.length > MAX_LINE_LENGTH)
    if (long >= 0) throw new Error(`more than ${MAX_LINE_LENGTH} characters in line ${long + 1}`)
    return text
  } finally {
    closeSync(descriptor)
  }
}

const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''
