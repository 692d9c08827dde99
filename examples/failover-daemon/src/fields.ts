/**
 * The kinds of field that the configuration file is made of. The message of each says what was expected; its metadata say the same
 * in JSON Schema, as far as that can, and more for people (`Notes`).
 */
import { readFileSync, statSync } from 'node:fs'
import * as z from 'zod'
import { addressPattern, durationPattern, durationText, parseAddress, parseDuration } from './scalars.js'

/** JSON Schema, draft-07. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** What a field's metadata hold beside JSON Schema's own keywords and `description`, for docs/options.md and editors. */
export interface Notes {
  /** What it counts, or how it is measured. */
  readonly unit?: string
  /** What may stand there, in words. */
  readonly value?: string
  /** The default, where it depends on something else. */
  readonly otherwise?: string
  /** A value, as the file writes it. */
  readonly example?: unknown
  /** Other ways to write the same. */
  readonly short?: readonly JsonSchema[]
}

/** A mapping with these keys and no others; for a key too many the message lists the known ones. */
export function mapping<S extends z.core.$ZodShape>(expected: string, shape: S) {
  const known = Object.keys(shape).join(', ')
  return z.strictObject(shape, { error: ({ code }) => (code === 'unrecognized_keys' ? known : expected) })
}

/** What may be written in another way, which `read` turns into the one that `schema` knows. */
export const shorter = <T extends z.ZodType>(
  forms: readonly JsonSchema[],
  read: (value: unknown) => unknown,
  schema: T,
) => z.preprocess(read, schema).meta({ short: forms })

/** A mapping that may be left to its defaults by true, or out by false. */
export const orBoolean = <T extends z.ZodType>(schema: T) =>
  shorter([{ type: 'boolean' }], (value) => (value === true ? {} : value === false ? undefined : value), schema)

/** A list of at least `min`. */
export const list = <T extends z.ZodType>(expected: string, item: T, min = 0) =>
  z.array(item, { error: expected }).min(min, { error: expected })

/** A scalar with its own parser. */
export const scalar = <T>(expected: string, parse: (value: unknown) => T | undefined, schema: JsonSchema & Notes) =>
  z
    .unknown()
    .transform((value, context): T => {
      const parsed = parse(value)
      if (parsed === undefined) context.issues.push({ code: 'custom', message: expected, input: value })
      return parsed as T // zod discards it when there is an issue
    })
    .meta({ value: expected, ...schema })

export const words = <T>(expected: string, parse: (text: string) => T | undefined, schema: JsonSchema & Notes = {}) =>
  scalar(expected, (value) => (typeof value === 'string' ? parse(value) : undefined), { type: 'string', ...schema })

/** Visible characters only: these words reach log lines and request headers. */
export const line = (expected: string, pattern: RegExp, max = 1024) =>
  words(expected, (text) => (text.length <= max && pattern.test(text) && !/\p{C}/u.test(text) ? text : undefined), {
    pattern: pattern.source,
    maxLength: max,
  })

export const integer = (expected: string, min: number, max: number) =>
  scalar(
    `${expected} from ${min} to ${max}`,
    (value) =>
      Number.isInteger(value) && (value as number) >= min && (value as number) <= max ? (value as number) : undefined,
    {
      type: 'integer',
      minimum: min,
      maximum: max,
      value: `${min} to ${max}`,
      unit: expected.replace(/^an? (number of )?/, ''),
    },
  )

export const duration = (minMs: number, maxMs: number) => {
  const value = `${durationText(minMs)} to ${durationText(maxMs)}`
  return words(
    `a duration with a unit (ms, s, m or h), such as 2s or 200ms, from ${value}`,
    (text) => {
      const ms = parseDuration(text)
      return ms !== undefined && ms >= minMs && ms <= maxMs ? ms : undefined
    },
    { pattern: `^${durationPattern}$`, unit: 'ms, s, m, h', value },
  )
}

export const oneOf = <T extends string>(...known: readonly T[]) =>
  words(known.join(', ').replace(/, ([^,]*)$/, ' or $1'), (text) => known.find((word) => word === text), {
    enum: known,
  })

export const yesOrNo = () => z.boolean({ error: 'true or false' })

export const address = () =>
  words('an IPv4 or IPv6 address of one host, without port or zone', parseAddress, { pattern: `^${addressPattern}$` })

export const absolutePath = (expected = 'an absolute path', max = 4096) => line(expected, /^\//, max)

export const hostName = (expected: string) => line(expected, /^([\w.~-]+|\[[\dA-Fa-f:.]+\])(:\d+)?$/, 255)

/**
 * What the file of that name holds: certificates and keys are read with the configuration, and are wrong when it is. `forbidden`: bits of its
 * mode that it must not have.
 */
export const pemFile = (forbidden = 0) =>
  words(`a readable file of PEM${forbidden === 0 ? '' : ' that others cannot read'}`, (path) => {
    try {
      const text = readFileSync(path, 'utf8')
      return text.includes('-----BEGIN ') && (statSync(path).mode & forbidden) === 0 ? text : undefined
    } catch {
      return undefined
    }
  })

/** Who may sign a server's certificate. */
export const authorities = () =>
  pemFile()
    .meta({
      description: 'Certificates of the authorities that are trusted.',
      otherwise: 'those that Node.js knows',
      example: '/etc/ssl/ours.pem',
    })
    .optional()

/** Text that may hold any character: YAML's double quotes know \r\n and \x00. */
export const payload = (expected: string, max: number) =>
  words(expected, (text) => (text !== '' && text.length <= max ? text : undefined), { minLength: 1, maxLength: max })

/** A word of a command line: a list of them reaches no shell. */
export const argument = () =>
  words(
    'text of at most 4096 characters, without the character 0',
    (text) => (text.length <= 4096 && !text.includes('\0') ? text : undefined),
    { pattern: '^[^\\u0000]*$', maxLength: 4096 },
  )

/** The user of a program. */
export const programUser = () =>
  line('the name of a user of /etc/passwd', /^[A-Za-z_][\w.-]{0,31}$/)
    .meta({
      description: 'Whom the program runs as, without any capability. Needs a daemon that is root.',
      otherwise: "the daemon's user",
      example: 'nobody',
    })
    .optional()
