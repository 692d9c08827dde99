/** The kinds of field that the configuration file is made of. The message of each says what was expected. */
import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { durationText, parseDuration } from './scalars.js'

/** A mapping with these keys and no others; for a key too many the message lists the known ones. */
export function mapping<S extends z.core.$ZodShape>(expected: string, shape: S) {
  const known = Object.keys(shape).join(', ')
  return z.strictObject(shape, { error: ({ code }) => (code === 'unrecognized_keys' ? known : expected) })
}

/** A scalar with its own parser. */
export const scalar = <T>(expected: string, parse: (value: unknown) => T | undefined) =>
  z.unknown().transform((value, context): T => {
    const parsed = parse(value)
    if (parsed === undefined) context.issues.push({ code: 'custom', message: expected, input: value })
    return parsed as T // zod discards it when there is an issue
  })

export const words = <T>(expected: string, parse: (text: string) => T | undefined) =>
  scalar(expected, (value) => (typeof value === 'string' ? parse(value) : undefined))

/** Visible characters only: these words reach log lines and request headers. */
export const line = (expected: string, pattern: RegExp, max = 1024) =>
  words(expected, (text) => (text.length <= max && pattern.test(text) && !/\p{C}/u.test(text) ? text : undefined))

export const integer = (expected: string, min: number, max: number) =>
  scalar(`${expected} from ${min} to ${max}`, (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max ? (value as number) : undefined,
  )

export const duration = (minMs: number, maxMs: number) =>
  words(
    `a duration with a unit, such as 2s or 200ms, from ${durationText(minMs)} to ${durationText(maxMs)}`,
    (text) => {
      const ms = parseDuration(text)
      return ms !== undefined && ms >= minMs && ms <= maxMs ? ms : undefined
    },
  )

export const oneOf = <T extends string>(...known: readonly T[]) =>
  words(known.join(', ').replace(/, ([^,]*)$/, ' or $1'), (text) => known.find((word) => word === text))

export const hostName = (expected: string) => line(expected, /^([\w.~-]+|\[[\da-f:.]+\])(:\d+)?$/i, 255)

/** What the file of that name holds: certificates and keys are read with the configuration, and are wrong when it is. */
export const pemFile = words('a readable file of PEM', (path) => {
  try {
    const text = readFileSync(path, 'utf8')
    return text.includes('-----BEGIN ') ? text : undefined
  } catch {
    return undefined
  }
})

/** Text that may hold any character: YAML's double quotes know \r\n and \x00. */
export const payload = (expected: string, max: number) =>
  words(expected, (text) => (text !== '' && text.length <= max ? text : undefined))
