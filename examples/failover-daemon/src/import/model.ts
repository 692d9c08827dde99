/** What all formats are turned into: services in the words of the configuration, and notes on what has no such words. */
import { printable } from '../document.js'

/** Where something stood. */
export interface Place {
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1; 1 where the whole line is meant. */
  readonly column?: number | undefined
}

/** A text that is no file of this format. The message is `file:line:column: field: expected …, found …`. */
export class ImportError extends Error {
  constructor({ file, line, column = 1 }: Place, problem: string) {
    super(printable(`${file}:${line}:${column}: ${problem}`))
    this.name = 'ImportError'
  }
}

/** More notes than this are counted only. */
const MAX_NOTES = 500
const MAX_NOTE_LENGTH = 400

/** What could not be carried over: one line each, `file:line: what: why; what to do`. */
export class Notes {
  readonly #lines = new Map<string, Place>()
  #more = 0

  /** `what` as the file has it, `why` it has no place in the configuration, `instead` what to do by hand. */
  add({ file, line }: Place, what: string, why: string, instead: string): void {
    const text = printable(`${file}:${line}: ${shortened(what)}: ${why}; ${instead}`)
    const whole = text.length > MAX_NOTE_LENGTH ? `${text.slice(0, MAX_NOTE_LENGTH - 1)}…` : text
    if (this.#lines.size < MAX_NOTES) this.#lines.set(whole, { file, line })
    else if (!this.#lines.has(whole)) this.#more++
  }

  /** In the order of the files. */
  get lines(): readonly string[] {
    const sorted = [...this.#lines].sort(
      ([, a], [, b]) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line,
    )
    return [...sorted.map(([text]) => text), ...(this.#more === 0 ? [] : [`and ${this.#more} more`])]
  }
}

const shortened = (text: string): string => (text.length > 120 ? `${text.slice(0, 119)}…` : text)

/** A server as a format names it: an address, a name, or a file of names on the director. */
export interface DraftServer {
  readonly place: Place
  readonly host?: string | undefined
  readonly file?: string | undefined
  /** @default the service's */
  readonly port?: number | undefined
  /** @default 1 */
  readonly weight?: number | undefined
}

/** When a check runs. Times in milliseconds, as the old program has them: settle() fits them into the configuration's bounds. */
export interface DraftTiming {
  readonly port?: number | undefined
  readonly intervalMs: number
  readonly fastIntervalMs?: number | undefined
  readonly timeoutMs: number
  readonly jitterMs?: number | undefined
  readonly rise: number
  readonly fall: number
}

/** A type of check with what belongs to it, in the configuration's words and order. */
export interface CheckKind {
  readonly type: string
  readonly [field: string]: unknown
}

/** A service as it was read. */
export interface DraftService {
  readonly place: Place
  /** Shown above the service. */
  readonly comment?: string | undefined
  readonly address: string
  readonly port: number
  readonly protocol: string
  readonly scheduler: string
  readonly persistence?: { readonly seconds: number; readonly prefixLength?: number | undefined } | undefined
  readonly forwarding: Forwarding
  readonly servers: readonly DraftServer[]
  readonly quiesce?: boolean | undefined
  readonly quorum?: { readonly up: number; readonly hysteresis: number } | undefined
  readonly sorry?: { readonly host: string; readonly port: number; readonly place: Place } | undefined
  readonly check: CheckKind
  readonly timing: DraftTiming
}

export type Forwarding = 'direct' | 'tunnel' | 'masquerade'

/** An entry of `alerts:`, for the services with these names. */
export interface DraftAlert {
  readonly sink: { readonly mail: object } | { readonly exec: object }
  readonly services: readonly string[]
  readonly events: readonly ('down' | 'up')[]
  readonly numalerts?: number | undefined
  readonly alertafter?: number | string | undefined
  readonly alertevery?: string | undefined
  readonly period?: string | undefined
}

/** What a format's parser gives. */
export interface Draft {
  /** What is read, for the first line: `keepalived.conf`. */
  readonly source: string
  readonly nodeStates?: string | undefined
  readonly services: readonly DraftService[]
  /** Services by their place in `services`: they have their names when they are settled. */
  readonly alerts: readonly (Omit<DraftAlert, 'services'> & { readonly of: readonly DraftService[] })[]
}

/** The same, in the words of the configuration, valid: what yaml.ts writes. */
export interface Settled {
  readonly source: string
  readonly nodeStates?: string | undefined
  readonly alerts: readonly DraftAlert[]
  readonly services: readonly { readonly comment: string; readonly fields: Readonly<Record<string, unknown>> }[]
}
