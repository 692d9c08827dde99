/** What the page's server answers with, and how that is sent. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Episodes } from '../episodes.js'
import type { Log } from '../log.js'
import type { Status } from '../status-schema.js'

/** What it shows. */
export interface Shown {
  status(): Status
  /** How many samples the histories of the snapshot are made of. */
  samples(): number
  /** Prometheus' text. */
  metrics(): Promise<{ readonly type: string; readonly text: string }>
  /** What keeps the daemon itself from its work; empty when nothing does. */
  ailments(): readonly string[]
}

/** What is sent. */
export interface Answer {
  readonly status: number
  readonly type: string
  readonly content: string | Buffer
}

/** So long an answer serves others who ask for the same. */
const freshMs = 1000

/** The page loads nothing but what is here, and nobody frames it. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
}

/** What is made anew for who asks: the snapshot, the metrics, the state of the daemon. */
export class Answers {
  readonly #make: ReadonlyMap<string, () => Answer | Promise<Answer>>
  readonly #episodes: Episodes
  readonly #recent = new Map<string, Promise<Answer>>()

  constructor(shown: Shown, log: Log) {
    this.#episodes = new Episodes(log)
    this.#make = new Map<string, () => Answer | Promise<Answer>>([
      ['/status.json', () => json(200, shown.status())],
      ['/metrics', async () => metrics(await shown.metrics())],
      ['/healthz', () => health(shown.ailments())],
    ])
  }

  /** Made once for all who ask at about the same time: a large table is work. Never rejects. Undefined where there is none. */
  at(path: string): Promise<Answer> | undefined {
    const make = this.#make.get(path)
    if (make === undefined) return undefined
    const known = this.#recent.get(path)
    if (known !== undefined) return known
    const made = this.#made(path, make)
    this.#recent.set(path, made)
    setTimeout(() => this.#recent.delete(path), freshMs).unref()
    return made
  }

  async #made(path: string, make: () => Answer | Promise<Answer>): Promise<Answer> {
    const activity = `answering at ${path}`
    try {
      const answer = await make()
      this.#episodes.report(activity, [])
      return answer
    } catch (error) {
      this.#episodes.report(activity, [{ error: String(error) }])
      return text(500, 'the log says why')
    }
  }
}

const metrics = ({ type, text }: { readonly type: string; readonly text: string }): Answer => ({
  status: 200,
  type,
  content: Buffer.from(text),
})

const health = (problems: readonly string[]): Answer =>
  json(problems.length === 0 ? 200 : 503, { ok: problems.length === 0, problems })

export const text = (status: number, sentence: string): Answer => ({
  status,
  type: 'text/plain; charset=utf-8',
  content: `${sentence}\n`,
})

const json = (status: number, value: unknown): Answer => ({
  status,
  type: 'application/json; charset=utf-8',
  content: Buffer.from(`${JSON.stringify(value)}\n`),
})

export function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, type, content }: Answer,
  more: Readonly<Record<string, string>> = {},
): void {
  const length = Buffer.byteLength(content)
  response.writeHead(status, {
    ...pageHeaders,
    'content-type': type,
    'content-length': length,
    'cache-control': 'no-store',
    ...more,
  })
  response.end(request.method === 'HEAD' ? undefined : content)
}
