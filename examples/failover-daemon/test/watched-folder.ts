import { rmSync } from 'node:fs'
import { until } from './until.js'

/** Removes a folder with a track file, whose watcher writes a last time in its own time. */
export async function removeWatched(folder: string): Promise<void> {
  await until(() => {
    try {
      rmSync(folder, { recursive: true, force: true })
      return true
    } catch {
      return false
    }
  })
}
