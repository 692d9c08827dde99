/** What etcd had when it was last taken, on disk: for a start while etcd cannot be reached. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { writeWhole } from '../files.js'
import type { Log } from '../log.js'
import type { Carried } from './carried.js'

/** Name of the file in the state directory. */
export const LAST_GOOD_FILE = 'etcd.json'

const File = z.strictObject({
  version: z.literal(1),
  prefix: z.string(),
  services: z.array(z.strictObject({ key: z.string(), text: z.string() })),
  /** SHA-256 of the JSON of prefix and services: a flipped bit must not move a service. */
  sha256: z.string(),
})

export interface LastGood {
  /** @default none is known */
  readonly services: readonly Carried[] | undefined
  /** Replaces them. A disk that fails is logged, once until it works again. */
  replace(services: readonly Carried[]): Promise<void>
}

/** Reads what is known of this prefix. A file that is missing or damaged counts as none. */
export async function openLastGood(directory: string, prefix: string, log: Log): Promise<LastGood> {
  let services = await read(join(directory, LAST_GOOD_FILE), prefix, log)
  let written = services && digest(prefix, services)
  let failing = false
  let writing = Promise.resolve()
  return {
    get services() {
      return services
    },
    replace(next) {
      const now = (services = next.map(({ key, text }) => ({ key, text })))
      // Two at once would write over each other.
      return (writing = writing.then(() => write(now)))
    },
  }

  async function write(services: readonly Carried[]): Promise<void> {
    const sha256 = digest(prefix, services)
    if (sha256 === written) return
    try {
      await writeWhole(directory, LAST_GOOD_FILE, JSON.stringify({ version: 1, prefix, services, sha256 }))
      written = sha256
      failing = false
    } catch (error) {
      if (!failing) log.warn({ directory, error: String(error) }, 'the last good configuration cannot be written')
      failing = true
    }
  }
}

async function read(path: string, prefix: string, log: Log): Promise<readonly Carried[] | undefined> {
  try {
    const file = File.parse(JSON.parse(await readFile(path, 'utf8')))
    if (file.sha256 !== digest(file.prefix, file.services)) throw new Error('its checksum is wrong')
    return file.prefix === prefix ? file.services : undefined
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      log.warn({ path, error: String(error) }, 'the last good configuration cannot be read')
    return undefined
  }
}

const digest = (prefix: string, services: readonly Carried[]) =>
  createHash('sha256')
    .update(JSON.stringify([prefix, services.map(({ key, text }) => [key, text])]))
    .digest('hex')
