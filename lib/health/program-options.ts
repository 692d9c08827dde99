/** The options that the checks which run programs share. */
import { wrongType, wrongValue } from './arguments.js'
import type { Target } from './check.js'
import type { Program } from './program.js'
import { type ProgramLimit, programLimit } from './program-limit.js'

/** What `script()` and `monMonitor()` can be told both. */
export interface ProgramOptions {
  /**
   * The user of /etc/passwd as whom it runs, in that user's primary group and no other. Needs CAP_SETUID, CAP_SETGID and CAP_KILL, root
   * has them.
   * @default as whom we run; root, too, runs it without capabilities
   */
  readonly user?: string | undefined
  /**
   * Variables that it gets beside those that it always has, or with other values. The names begin neither with `IPVS_` nor with `LD_`.
   * @default none
   */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** How many programs run at once, shared by all checks that are given the same. @default 16 of this check */
  readonly limit?: ProgramLimit | undefined
}

/** The options that both have, by name. */
export const programOptionNames = ['user', 'environment', 'limit', 'summary'] as const

const places = ['{address}', '{port}'] as const

/** The part of a program that both have, complete and valid. Throws for a wrong option. */
export function checkedProgramOptions(
  options: ProgramOptions & { readonly summary?: boolean | undefined },
  defaults: { readonly summary: boolean; readonly environment: Readonly<Record<string, string>> },
): Pick<Program, 'user' | 'limit' | 'summary' | 'environment'> {
  const { user, environment = {}, limit = programLimit(16), summary = defaults.summary } = options
  if (user !== undefined) checkText('options.user', user, /^[a-z_][\w.-]{0,31}$/i, 'the name of a user')
  if (typeof environment !== 'object' || environment === null) {
    throw wrongType('options.environment', 'an object', environment)
  }
  for (const [name, value] of Object.entries(environment)) {
    checkText('options.environment', name, /^(?!IPVS_|LD_)[A-Z_][A-Z0-9_]*$/i, 'names of variables, not IPVS_… or LD_…')
    checkText(`options.environment.${name}`, value, /^[^\0]*$/, 'a text without the character 0')
  }
  if (typeof limit?.take !== 'function') throw wrongType('options.limit', 'what programLimit() gives', limit)
  if (typeof summary !== 'boolean') throw wrongType('options.summary', 'true or false', summary)
  const always = { PATH: '/usr/bin:/bin', LANG: 'C', ...defaults.environment, ...environment }
  return {
    user,
    limit,
    summary,
    environment: ({ address, port }) => ({ ...always, IPVS_ADDRESS: address, IPVS_PORT: String(port) }),
  }
}

/** Throws for what cannot be the words of a program. */
export function checkWords(field: string, words: unknown): asserts words is readonly string[] {
  if (!Array.isArray(words)) throw wrongType(field, 'an array of strings', words)
  for (const [index, word] of (words as readonly unknown[]).entries()) {
    const at = `${field}[${index}]`
    checkText(at, word, /^[^\0]*$/, 'a text without the character 0')
    if (places.every((place) => word === place || !word.includes(place))) continue
    throw wrongValue(at, `${places.join(' and ')} as whole words, not as a part of one`, word)
  }
}

/** Throws for what is no text like that. */
export function checkText(field: string, value: unknown, pattern: RegExp, expected: string): asserts value is string {
  if (typeof value !== 'string') throw wrongType(field, expected, value)
  if (!pattern.test(value)) throw wrongValue(field, expected, value)
}

/** The words for one target. Neither an address nor a port begins like an option. */
export function fillWords(words: readonly string[], { address, port }: Target): string[] {
  return words.map((word) => (word === '{address}' ? address : word === '{port}' ? String(port) : word))
}
