/** The file, and the services that etcd carries beside it: what holds, what comes, and what held last. */
import { hostname } from 'node:os'
import { systemClock } from '../clock.js'
import type { Config } from '../config.js'
import { Unavailable, unmoved } from '../configuration.js'
import type { Configuration } from '../configuration.js'
import type { Log } from '../log.js'
import { ConfigError } from '../parse-config.js'
import { configOf, readBounded } from '../read-config.js'
import { refusedReload } from '../reload.js'
import { stateDirectoryOf } from '../state.js'
import { carriedBy, servicesPrefix } from './carried.js'
import type { Carried } from './carried.js'
import { Etcd } from './client.js'
import { follow } from './follow.js'
import { openLastGood } from './last-good.js'
import type { LastGood } from './last-good.js'
import { Sharing } from './sharing.js'
import type { Snapshot } from './wire.js'

/** So long the start waits for etcd before it takes what was good last. */
const patienceMs = 5000
/** What operators put one after the other is taken at once. */
const settleMs = 100
/** A watch that tells nothing is believed for so long. */
const silenceMs = 10_000

/** What a configuration was made of. */
interface Origin {
  readonly text: string
  readonly carried: readonly Carried[]
}

interface Opened {
  readonly file: string
  readonly log: Log
  readonly etcd: Etcd
  readonly prefix: string
  readonly lastGood: LastGood
  readonly start: Start
}

/** What there is to begin with. */
interface Start extends Origin {
  readonly first: Config
  /** What etcd has, good or not; as far as it answers, what was good last. */
  readonly seen: readonly Carried[]
  /** Why it is not what etcd has. */
  readonly refused?: string | undefined
  /** Why it is not known what etcd has. */
  readonly trouble?: string | undefined
}

export class SharedConfiguration implements Configuration {
  readonly first: Config
  readonly etcd: Etcd
  readonly #opened: Opened
  readonly #origins = new WeakMap<Config, Origin>()
  /** The file as it holds. */
  #text: string
  #seen: readonly Carried[]
  #trouble: string | undefined

  constructor(opened: Opened) {
    const { start, etcd } = opened
    this.first = start.first
    this.etcd = etcd
    this.#opened = opened
    this.#text = start.text
    this.#seen = start.seen
    this.#trouble = start.trouble
    this.#origins.set(start.first, start)
  }

  get shared(): this {
    return this
  }

  /** Why the daemon does not begin with what etcd has. @default it does, or etcd does not answer */
  get refused(): string | undefined {
    return this.#opened.start.refused
  }

  /** What is wrong, for people. */
  get problems(): readonly string[] {
    return this.#trouble === undefined ? [] : [`etcd cannot be read, the last configuration holds: ${this.#trouble}`]
  }

  read(): Config {
    return this.#parsed(readBounded(this.#opened.file))
  }

  /** The file as it holds, beside what etcd has now. Throws ConfigError. */
  again(): Config {
    return this.#parsed(this.#text)
  }

  /** What it would be if etcd had a file's text as the service of that name. Throws ConfigError. */
  with(name: string, place: string): Config {
    const { prefix, file } = this.#opened
    const key = `${prefix}${name}`
    const others = this.#seen.filter((value) => value.key !== key)
    return configOf(this.#text, file, [...others, { key, text: readBounded(place), place }])
  }

  async taken(config: Config): Promise<void> {
    const origin = this.#origins.get(config)
    if (origin === undefined) return
    this.#text = origin.text
    await this.#opened.lastGood.replace(origin.carried)
  }

  /** What other directors find, and are told, by the same etcd; `onChange` is called when they find something else. */
  sharing(onChange: () => void): Sharing {
    const { etcd: config, director } = this.first
    const name = director ?? hostname().replace(/[^A-Za-z0-9._-]/g, '-')
    return new Sharing({ etcd: this.etcd, prefix: config?.prefix ?? '', name, clock: systemClock, onChange })
  }

  /** Follows etcd until the signal fires; `onChange` is called when it has something else than before. */
  async follow(onChange: () => void, signal: AbortSignal): Promise<void> {
    const { prefix } = this.#opened
    const onSnapshot = (snapshot: Snapshot) => {
      this.#answers(undefined)
      const carried = carriedBy(snapshot)
      if (isSame(carried, this.#seen)) return
      this.#seen = carried
      onChange()
    }
    const onTrouble = (error: unknown) => this.#answers(messageOf(error))
    const parts = { etcd: this.etcd, prefix, silenceMs, settleMs, clock: systemClock, onSnapshot, onTrouble }
    await follow(parts, signal)
  }

  #parsed(text: string): Config {
    const { file } = this.#opened
    const carried = this.#seen
    const config = unmoved(configOf(text, file, carried), this.first, file)
    this.#origins.set(config, { text, carried })
    return config
  }

  #answers(trouble: string | undefined): void {
    const { log } = this.#opened
    if (trouble !== undefined && this.#trouble === undefined) log.warn({ error: trouble }, 'etcd cannot be read')
    if (trouble === undefined && this.#trouble !== undefined) log.info({}, 'etcd can be read again')
    this.#trouble = trouble
  }
}

interface Local {
  readonly text: string
  readonly file: string
  /** The file alone. */
  readonly local: Config
  readonly log: Log
}

/** Asks etcd for what it has. Rejects with a ConfigError or Unavailable when neither that nor what was good last can be used. */
export async function openShared({ text, file, local, log }: Local): Promise<SharedConfiguration> {
  if (local.etcd === undefined) throw new TypeError('expected a configuration with etcd')
  const etcd = new Etcd(local.etcd)
  const prefix = servicesPrefix(local.etcd.prefix)
  const lastGood = await openLastGood(stateDirectoryOf(local), prefix, log)
  try {
    const now = await etcd.range(prefix, AbortSignal.timeout(patienceMs)).then(carriedBy, messageOf)
    const parse = (carried: readonly Carried[]) => configOf(text, file, carried)
    const start = { text, ...startOf(now, lastGood.services, parse, `etcd:${prefix}`) }
    return new SharedConfiguration({ file, log, etcd, prefix, lastGood, start })
  } catch (error) {
    await etcd.close()
    throw error
  }
}

/**
 * What to begin with. `now`: what etcd has, or why that is not known. What is wrong, or lacks most of what was good last, is not
 * taken: the table may be full of it. Throws ConfigError when what there is is wrong, Unavailable when there is nothing.
 */
export function startOf(
  now: readonly Carried[] | string,
  before: readonly Carried[] | undefined,
  parse: (carried: readonly Carried[]) => Config,
  place: string,
): Omit<Start, 'text'> {
  const held = before && tried(before, parse)
  const good = held instanceof Error ? undefined : held
  if (typeof now === 'string') {
    if (good !== undefined && before !== undefined) return { first: good, carried: before, seen: before, trouble: now }
    throw new Unavailable(`${place}: expected an answer of etcd, or what it had before, found neither: ${now}`)
  }
  const first = tried(now, parse)
  if (!(first instanceof Error)) {
    const lacks = good && refusedReload(good, first)
    if (lacks === undefined || before === undefined || good === undefined) return { first, carried: now, seen: now }
    return { first: good, carried: before, seen: now, refused: lacks }
  }
  if (good === undefined || before === undefined) throw first
  return { first: good, carried: before, seen: now, refused: first.message }
}

function tried(carried: readonly Carried[], parse: (carried: readonly Carried[]) => Config): Config | ConfigError {
  try {
    return parse(carried)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
}

const isSame = (a: readonly Carried[], b: readonly Carried[]): boolean =>
  a.length === b.length && a.every(({ key, text }, i) => key === b[i]?.key && text === b[i]?.text)

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
