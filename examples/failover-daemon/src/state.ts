/** The ledger: which entries of the kernel's table are the daemon's own. Only those are ever removed. */
import { createHash } from 'node:crypto'
import { readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectKey } from 'ipvs'
import * as z from 'zod'
import type { Config } from './config.js'
import { writeWhole } from './files.js'
import type { Log } from './log.js'
import { keyName, objectKey } from './names.js'

/** Where the daemon keeps what outlives it. */
export const stateDirectoryOf = ({ stateDirectory }: Pick<Config, 'stateDirectory'>): string =>
  stateDirectory ?? process.env['STATE_DIRECTORY']?.split(':', 1)[0] ?? '/var/lib/ipvs-failover'

/** Name of the ledger's file in the state directory. */
export const LEDGER_FILE = 'ledger.json'

/** What the daemon created or adopted. */
export interface Ledger {
  readonly keys: readonly ObjectKey[]
  /**
   * Replaces the keys; on return they are on disk, so that a crash after it orphans nothing. Writes nothing when they are
   * there already. A disk that fails is logged, once until it works again; the keys then count in memory alone.
   */
  replace(keys: readonly ObjectKey[]): Promise<void>
}

const port = z.int().min(0).max(65535)
const Key = z.strictObject({
  service: z.union([
    z.strictObject({ protocol: z.enum(['tcp', 'udp', 'sctp']), address: z.string(), port }),
    z.strictObject({ firewallMark: z.int().min(1), family: z.enum(['ipv4', 'ipv6']) }),
  ]),
  destination: z.strictObject({ address: z.string(), port }).optional(),
})
const File = z.strictObject({
  version: z.literal(1),
  scope: z.string(),
  keys: z.array(Key),
  /** SHA-256 of the JSON of scope and keys: a flipped bit must not make a stranger's entry ours. */
  sha256: z.string(),
})

/**
 * Reads the ledger of the directory. One that is missing, damaged or of another scope (what it lists is gone then) counts as
 * empty: what the configuration names is adopted again.
 */
export async function openLedger(directory: string, log: Log, scope?: string): Promise<Ledger> {
  const now = scope ?? (await currentScope())
  const path = join(directory, LEDGER_FILE)
  return new FileLedger(directory, log, now, await read(path, now, log))
}

/** This boot and network namespace: IPVS tables live no longer than these. */
async function currentScope(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => 'unknown')
  const namespace = await readlink('/proc/self/ns/net').catch(() => 'unknown')
  return `boot ${boot.trim()} ${namespace}`
}

async function read(path: string, scope: string, log: Log): Promise<readonly ObjectKey[] | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      log.warn({ path, error: String(error) }, 'the ledger cannot be read: starting with an empty one')
    return undefined
  }
  const file = File.safeParse(parseJson(text))
  if (!file.success || file.data.sha256 !== digest(file.data.scope, file.data.keys)) {
    log.warn({ path }, 'the ledger is damaged: starting with an empty one')
    return undefined
  }
  if (file.data.scope === scope) return file.data.keys
  log.info({ path }, 'the ledger is of another boot or network namespace: starting with an empty one')
  return undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const digest = (scope: string, keys: readonly ObjectKey[]) =>
  createHash('sha256')
    .update(JSON.stringify([scope, keys]))
    .digest('hex')

/** The same keys, each once, without further fields, in one order: equal ledgers are equal text. */
function plain(keys: readonly ObjectKey[]): readonly ObjectKey[] {
  const named = new Map(keys.map((key) => [keyName(key), key]))
  return [...named]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { service, destination }]) => objectKey(service, destination))
}

class FileLedger implements Ledger {
  keys: readonly ObjectKey[]
  readonly #directory: string
  readonly #log: Log
  readonly #scope: string
  /** Digest of what is on disk. */
  #written: string | undefined
  #failing = false

  constructor(directory: string, log: Log, scope: string, keys: readonly ObjectKey[] | undefined) {
    this.#directory = directory
    this.#log = log
    this.#scope = scope
    this.keys = keys ?? []
    this.#written = keys && digest(scope, keys)
  }

  async replace(keys: readonly ObjectKey[]): Promise<void> {
    // The usual case, at no cost.
    if (keys === this.keys && this.#written !== undefined && !this.#failing) return
    this.keys = plain(keys)
    const sha256 = digest(this.#scope, this.keys)
    if (sha256 === this.#written) return
    try {
      const text = JSON.stringify({ version: 1, scope: this.#scope, keys: this.keys, sha256 })
      await writeWhole(this.#directory, LEDGER_FILE, text)
      this.#written = sha256
      if (this.#failing) this.#log.info({ directory: this.#directory }, 'the ledger can be written again')
      this.#failing = false
    } catch (error) {
      if (!this.#failing)
        this.#log.warn({ directory: this.#directory, error: String(error) }, 'the ledger cannot be written')
      this.#failing = true
    }
  }
}
