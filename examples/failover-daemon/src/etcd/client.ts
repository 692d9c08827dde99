/**
 * Asks etcd by its JSON gateway: one member, and the next one when that does not answer. The one module that loads undici, whose
 * connections know authorities and certificates of one's own.
 */
import { Agent, request } from 'undici'
import type { Dispatcher } from 'undici'
import type * as z from 'zod'
import { readSecretLine } from '../secrets.js'
import { endpointText } from '../scalars.js'
import { jsonLines, textOf } from './answers.js'
import type { EtcdConfig } from './schema.js'
import {
  Anything,
  Authenticated,
  Granted,
  KeptAlive,
  Range,
  Refused,
  Watched,
  base64,
  nextRevision,
  prefixRange,
  snapshotOf,
} from './wire.js'
import type { Snapshot } from './wire.js'

/** etcd answered, and refused. */
export class EtcdRefusal extends Error {
  /** gRPC's code. */
  readonly code: number
  constructor(message: string, code: number) {
    super(message)
    this.name = 'EtcdRefusal'
    this.code = code
  }
}

const noLease = '0'

/** A member has so long for an answer. */
const answerMs = 2000

/** gRPC: the member has no leader, or not in time: another one may. */
const elsewhere: readonly number[] = [4, 14]
/** gRPC: the token is unknown or missing, or older than the last change of users. */
const loginAgain: readonly number[] = [3, 16]
/** gRPC: there is no such lease. */
export const notFound = 5

export class Etcd {
  readonly #config: EtcdConfig
  readonly #origins: readonly string[]
  readonly #agent: Agent
  #at = 0
  #token: string | undefined

  constructor(config: EtcdConfig) {
    const { tls, endpoints } = config
    this.#config = config
    this.#origins = endpoints.map(({ host, port }) => `${tls ? 'https' : 'http'}://${endpointText(host, port)}`)
    this.#agent = new Agent({
      connect: { timeout: answerMs, ...given(tls ?? {}) },
      headersTimeout: answerMs,
      bodyTimeout: 0,
    })
  }

  /** All that is under a prefix, as a majority of the members has it. */
  async range(prefix: string, signal: AbortSignal): Promise<Snapshot> {
    return snapshotOf(await this.#ask('kv/range', prefixRange(prefix), Range, signal))
  }

  /**
   * Resolves when something under the prefix has changed since that revision, when etcd cannot tell any more (compacted), or after
   * `patienceMs`: a connection that died in silence tells nothing. In each case it is time for another range().
   */
  async changed(prefix: string, { revision }: Snapshot, patienceMs: number, signal: AbortSignal): Promise<void> {
    const patience = AbortSignal.timeout(patienceMs)
    const body = { create_request: { ...prefixRange(prefix), start_revision: nextRevision(revision) } }
    const within = AbortSignal.any([signal, patience])
    try {
      await this.#authorized(within, async (headers) => {
        const answer = await this.#post('watch', body, headers, within)
        for await (const line of jsonLines(answer)) {
          const { events, canceled, cancel_reason, compact_revision } = read(Watched, line).result
          if (events.length > 0 || compact_revision !== '0') return
          if (canceled) throw new EtcdRefusal(cancel_reason || 'the watch was canceled', 16)
        }
        throw new Error('the watch ended')
      })
    } catch (error) {
      if (!patience.aborted || signal.aborted) throw error
    }
  }

  /** With a lease it goes when that runs out. */
  async put(key: string, value: string, signal: AbortSignal, lease = noLease): Promise<void> {
    await this.#ask('kv/put', { key: base64(key), value: base64(value), lease }, Anything, signal)
  }

  /** A lease of so many seconds. */
  async grant(seconds: number, signal: AbortSignal): Promise<string> {
    return (await this.#ask('lease/grant', { TTL: String(seconds) }, Granted, signal)).ID
  }

  /** Begins its time anew; false if there is no such lease any more. */
  async keepAlive(lease: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#ask('lease/keepalive', { ID: lease }, KeptAlive, signal)).result.TTL !== undefined
  }

  /** Ends a lease, and what was put with it. */
  async revoke(lease: string, signal: AbortSignal): Promise<void> {
    await this.#ask('lease/revoke', { ID: lease }, Anything, signal)
  }

  /** Ends all that is under way. */
  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  /** Asks one member after the other, until one answers. */
  async #ask<T extends z.ZodType>(path: string, body: object, answer: T, signal: AbortSignal): Promise<z.output<T>> {
    for (let left = this.#origins.length; ; left--) {
      const within = AbortSignal.any([signal, AbortSignal.timeout(answerMs)])
      const at = this.#at
      try {
        return await this.#authorized(within, async (headers) =>
          read(answer, JSON.parse(await textOf(await this.#post(path, body, headers, within)))),
        )
      } catch (error) {
        const answered = error instanceof EtcdRefusal && !elsewhere.includes(error.code)
        if (answered || signal.aborted) throw error
        // Others may have gone on already.
        if (this.#at === at) this.#at = (at + 1) % this.#origins.length
        if (left === 1) throw named(error, this.#origins[at])
      }
    }
  }

  /** Does it with a token, where there is a login; with a new one if etcd does not know that any more. */
  async #authorized<T>(signal: AbortSignal, work: (headers: Record<string, string>) => Promise<T>): Promise<T> {
    const { login } = this.#config
    if (login === undefined) return await work({})
    const known = this.#token
    try {
      if (known !== undefined) return await work({ authorization: known })
    } catch (error) {
      if (!(error instanceof EtcdRefusal) || !loginAgain.includes(error.code)) throw error
    }
    const body = { name: login.user, password: readSecretLine(login.passwordFile) }
    const answer = await textOf(await this.#post('auth/authenticate', body, {}, signal))
    this.#token = read(Authenticated, JSON.parse(answer)).token
    return await work({ authorization: this.#token })
  }

  /** The body of a good answer. */
  async #post(
    path: string,
    body: object,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData['body']> {
    const url = `${this.#origins[this.#at]}/v3/${path}`
    const options = { method: 'POST', body: JSON.stringify(body), headers, dispatcher: this.#agent, signal } as const
    const { statusCode, body: answer } = await request(url, options)
    if (statusCode === 200) return answer
    const text = await textOf(answer)
    const refused = Refused.safeParse(parsed(text))
    if (refused.success) throw new EtcdRefusal(refused.data.message, refused.data.code)
    throw new Error(`expected an answer of etcd, found HTTP status ${statusCode}`)
  }
}

function read<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const refused = Refused.safeParse((value as { readonly error?: unknown } | null)?.error)
  if (refused.success) throw new EtcdRefusal(refused.data.message, refused.data.code)
  const answer = schema.safeParse(value)
  if (answer.success) return answer.data
  throw new Error('expected an answer of etcd, found something else')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Without what is undefined: undici tells that from what is missing. */
const given = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T

/** Says who did not answer. */
function named(error: unknown, origin = ''): Error {
  const text =
    error instanceof Error ? error.message || ('code' in error ? String(error.code) : error.name) : String(error)
  return new Error(`${origin}: ${text}`, { cause: error })
}
