/** Tells when a file has changed and has stopped changing. */
import { watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** Editors write in pieces: half a configuration may be a valid one. */
const settledMs = 500

/** Calls back `settledMs` after the last of some changes of the file, until the returned function is called. */
export function followFile(path: string, callback: () => void): () => void {
  let timer: NodeJS.Timeout | undefined
  // The folder: editors replace the file, and a watch of the file would stay with the old one.
  const watcher = watch(dirname(path), { persistent: false }, (_, name) => {
    if (name !== null && name !== basename(path)) return
    clearTimeout(timer)
    timer = setTimeout(callback, settledMs)
    timer.unref()
  })
  watcher.on('error', () => watcher.close())
  return () => {
    clearTimeout(timer)
    watcher.close()
  }
}
