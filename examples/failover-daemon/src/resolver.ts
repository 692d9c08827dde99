/** Follows node lists and names. What cannot be read keeps its last good answer; a change is believed when it is seen twice. */
import { lookup } from 'node:dns/promises'
import { watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Clock } from './clock.js'
import type { Config } from './config.js'
import type { Episodes } from './episodes.js'
import { readText } from './files.js'
import { followed, parseNodes } from './sources.js'
import type { Known, Node } from './sources.js'

/** How the resolver asks; rejects with an Error for people. */
export interface Asking {
  /** The addresses of a host, of both families. */
  addresses(name: string): Promise<readonly string[]>
  /** The text of a node list. */
  text(path: string): Promise<string>
  /** Calls back when the file may have changed, until the returned function is called. */
  watch(path: string, callback: () => void): () => void
}

const maxListBytes = 1 << 18
const lookupMs = 5000
/** Lookups hold threads that the ledger's writes need, too. */
const mostLookups = 2
/** From the first sight of a change to the second. */
const againMs = { file: 100, name: 1000 }
/** Addresses of one name; more are not taken. */
const mostAddresses = 256

/** What is followed: its last good answer, and what would replace it if it is seen once more. */
interface Followed<T> {
  value?: T
  text?: string
  candidate?: string | undefined
  /** When a name is to be looked up again. */
  dueAt?: number
  stop(): void
}

/** Keeps what node lists and names say. */
export class Resolver {
  readonly #asking: Asking
  readonly #clock: Clock
  readonly #episodes: Episodes
  readonly #onChange: () => void
  readonly #files = new Map<string, Followed<readonly Node[]>>()
  readonly #names = new Map<string, Followed<readonly string[]>>()
  #config: Config | undefined
  #lookups: Promise<unknown>[] = []

  constructor(asking: Asking, clock: Clock, episodes: Episodes, onChange: () => void) {
    this.#asking = asking
    this.#clock = clock
    this.#episodes = episodes
    this.#onChange = onChange
  }

  /** The last good answers. */
  get known(): Known {
    return { names: values(this.#names), files: values(this.#files) }
  }

  /** Follows what this configuration names, and nothing else. */
  follow(config: Config): void {
    this.#config = config
    const { files } = followed(config, this.known)
    forget(this.#files, new Set(files))
    for (const path of files)
      if (!this.#files.has(path)) {
        const stop = this.#asking.watch(path, () => void this.#read(path))
        this.#files.set(path, { stop })
      }
    this.#followNames()
  }

  /** Looks at the lists, and at the names that are due, once; resolves when every answer, or failure, is there. */
  async refresh(): Promise<void> {
    await Promise.all([...this.#files.keys()].map((path) => this.#read(path)))
    const now = this.#clock.now()
    const due = [...this.#names].filter(([, { dueAt = -Infinity }]) => now >= dueAt)
    await Promise.all(due.map(([name]) => this.#lookup(name)))
  }

  /** Asks nothing any more. */
  end(): void {
    forget(this.#files, new Set())
    forget(this.#names, new Set())
  }

  #followNames(): void {
    if (this.#config === undefined) return
    const { names } = followed(this.#config, this.known)
    forget(this.#names, new Set(names))
    for (const name of names) if (!this.#names.has(name)) this.#names.set(name, { stop: () => {} })
  }

  async #read(path: string): Promise<void> {
    const file = this.#files.get(path)
    if (file === undefined) return
    await this.#take(
      file,
      `reading ${path}`,
      againMs.file,
      () => void this.#read(path),
      async () => {
        const text = await this.#asking.text(path)
        return { text, value: parseNodes(text) }
      },
    )
    // Names that are new in a list are looked up at once.
    const before = new Set(this.#names.keys())
    this.#followNames()
    await Promise.all([...this.#names.keys()].filter((name) => !before.has(name)).map((name) => this.#lookup(name)))
  }

  async #lookup(name: string): Promise<void> {
    const host = this.#names.get(name)
    if (host === undefined) return
    host.dueAt = this.#clock.now() + (this.#config?.resolveIntervalMs ?? 0)
    while (this.#lookups.length >= mostLookups) await Promise.race(this.#lookups)
    const asked = this.#take(
      host,
      `looking up ${name}`,
      againMs.name,
      () => void this.#lookup(name),
      async () => {
        const all = [...new Set(await this.#asking.addresses(name))].sort().slice(0, mostAddresses)
        if (all.length === 0) throw new Error('no address')
        return { text: all.join(' '), value: all }
      },
    ).finally(() => (this.#lookups = this.#lookups.filter((other) => other !== asked)))
    this.#lookups.push(asked)
    await asked
  }

  async #take<T>(
    what: Followed<T>,
    activity: string,
    againMs: number,
    again: () => void,
    ask: () => Promise<{ text: string; value: T }>,
  ): Promise<void> {
    let answer
    try {
      answer = await ask()
      this.#episodes.report(activity, [])
    } catch (error) {
      what.candidate = undefined
      this.#episodes.report(activity, [{ error: error instanceof Error ? error.message : String(error) }])
      return
    }
    const { text, value } = answer
    const isNew = text !== what.text
    if (isNew && what.text !== undefined && what.candidate !== text) {
      what.candidate = text
      this.#clock.after(againMs, again)
      return
    }
    what.candidate = undefined
    if (!isNew) return
    what.text = text
    what.value = value
    this.#onChange()
  }
}

const values = <T>(followed: ReadonlyMap<string, Followed<T>>): ReadonlyMap<string, T> =>
  new Map([...followed].flatMap(([key, { value }]) => (value === undefined ? [] : [[key, value]])))

function forget(followed: Map<string, Followed<unknown>>, wanted: ReadonlySet<string>): void {
  for (const [key, entry] of followed)
    if (!wanted.has(key)) {
      entry.stop()
      followed.delete(key)
    }
}

/** Asks this system: its hosts file and name servers, its files. */
export const systemAsking: Asking = {
  async addresses(name) {
    let cancel: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      cancel = setTimeout(() => reject(new Error(`no answer within ${lookupMs} ms`)), lookupMs)
    })
    try {
      return (await Promise.race([lookup(name, { all: true }), late])).map(({ address }) => address)
    } finally {
      clearTimeout(cancel)
    }
  },
  text: (path) => readText(path, maxListBytes),
  watch(path, callback) {
    let watcher: FSWatcher | undefined
    try {
      // The folder: editors replace the file. What this misses, the next refresh sees.
      watcher = watch(dirname(path), { persistent: false }, (_, name) => {
        if (name === null || name === basename(path)) callback()
      })
      watcher.on('error', () => watcher?.close())
    } catch {
      // There is no such folder yet.
    }
    return () => {
      watcher?.close()
    }
  },
}
