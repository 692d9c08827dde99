/** Keeps bird's announcements as they should be: the file that it includes, and what it made of it. */
import { Episodes } from '../episodes.js'
import { readText, writeForOthers } from '../files.js'
import type { Log } from '../log.js'
import { sentence, talkToBird } from './conversation.js'
import type { Ask } from './conversation.js'
import { birdInclude, protocols, routesIn } from './include.js'
import type { BirdConfig } from './schema.js'

export interface AnnouncerParts {
  readonly log: Log
  /** The addresses to announce, where these were before. Must not throw. */
  readonly wanted: (before: ReadonlySet<string>) => readonly string[]
  /** Hears that other addresses are announced, or something else is wrong. Must not throw. */
  readonly onChange: () => void
}

/** So long bird may take for a conversation. */
const patienceMs = 2000
const mostBytes = 1 << 20

const isSame = (some: ReadonlySet<string>, others: readonly string[]) =>
  some.size === others.length && others.every((one) => some.has(one))

/** Talks to one bird, a conversation at a time. What fails is tried again whenever somebody says look(). */
export class Announcer {
  readonly #parts: AnnouncerParts
  readonly #episodes: Episodes
  #config: BirdConfig
  #again = false
  #running: Promise<void> | undefined
  #told: ReadonlySet<string> | undefined
  #problem: string | undefined

  constructor(config: BirdConfig, parts: AnnouncerParts) {
    this.#config = config
    this.#parts = parts
    this.#episodes = new Episodes(parts.log)
  }

  /** The addresses that bird announces; undefined as long as it was not heard. */
  get announced(): ReadonlySet<string> | undefined {
    return this.#told
  }

  /** What is wrong, for people. */
  get problems(): readonly string[] {
    return this.#problem === undefined ? [] : [this.#problem]
  }

  /** Something may have changed, here or at bird. */
  look(): void {
    this.#again = true
    this.#running ??= this.#run()
  }

  /** Takes another configuration. Under its old name nothing is announced any more. */
  async configure(config: BirdConfig): Promise<void> {
    const before = this.#config
    await this.#running
    this.#config = config
    if (before.include !== config.include) await this.#step(before, () => [])
    this.look()
  }

  /** Resolves when nothing is in flight. What is announced stays. */
  async end(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false
      await this.#step(this.#config, this.#parts.wanted)
    }
    this.#running = undefined
  }

  async #step(config: BirdConfig, wanted: AnnouncerParts['wanted']): Promise<void> {
    const before = [this.#told, this.#problem] as const
    try {
      await this.#bring(config, wanted)
      this.#problem = undefined
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error)
    }
    this.#episodes.report('announcing', this.#problem === undefined ? [] : [{ error: this.#problem }])
    const [told, problem] = before
    if (problem === this.#problem && told !== undefined && this.#told !== undefined && isSame(told, [...this.#told]))
      return
    this.#parts.onChange()
  }

  async #bring({ include, controlSocket }: BirdConfig, wanted: AnnouncerParts['wanted']): Promise<void> {
    const there = await readIfThere(include)
    const vips = wanted(routesIn(there ?? ''))
    // Where nothing was ever announced, bird is not needed.
    if (there === undefined && vips.length === 0) return
    const text = birdInclude(vips)
    if (text !== there) {
      await writeForOthers(include, text)
      this.#parts.log.info({ include, announced: vips }, 'announcements written')
    }
    await talkToBird(controlSocket, AbortSignal.timeout(patienceMs), async (ask) => {
      let routes = text === there ? await routesOf(ask) : undefined
      if (routes === undefined || !isSame(routes, vips)) {
        const reply = await ask('configure')
        if (reply.code >= 8000) throw new Error(`bird refuses its configuration: ${sentence(reply)}`)
        routes = await routesOf(ask)
      }
      this.#told = routes
      if (routes === undefined)
        throw new Error(`bird does not know ${protocols.ipv4}: its configuration has to include ${include}`)
      if (!isSame(routes, vips))
        throw new Error(
          `bird announces ${shown(routes)} instead of ${shown(vips)}: its configuration has to include ${include}`,
        )
    })
  }
}

const shown = (vips: Iterable<string>): string => [...vips].join(', ') || 'nothing'

/** Of both protocols; undefined when bird does not know one. */
async function routesOf(ask: Ask): Promise<ReadonlySet<string> | undefined> {
  const routes: string[] = []
  for (const name of Object.values(protocols)) {
    const reply = await ask(`show route protocol ${name}`)
    if (reply.code >= 8000) return undefined
    routes.push(...routesIn(reply.text))
  }
  return new Set(routes)
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readText(path, mostBytes)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
