import { inspect } from 'node:util'

// The wording is that of the rest of the package, from which lib/health imports nothing.

/** A TypeError for a value of the wrong type: names the field, what is expected there, and the value. */
export function wrongType(field: string, expected: string, found: unknown): TypeError {
  return Object.assign(new TypeError(message(field, expected, found)), { code: 'ERR_INVALID_ARG_TYPE' })
}

/** A TypeError for a value of the right type that is not allowed. */
export function wrongValue(field: string, expected: string, found: unknown): TypeError {
  return Object.assign(new TypeError(message(field, expected, found)), { code: 'ERR_INVALID_ARG_VALUE' })
}

/** A RangeError for a value beyond what is there. */
export function outOfRange(field: string, expected: string, found: unknown): RangeError {
  return Object.assign(new RangeError(message(field, expected, found)), { code: 'ERR_OUT_OF_RANGE' })
}

/** An Error for a call that comes too late or too early. */
export function invalidState(text: string): Error {
  return Object.assign(new Error(text), { code: 'ERR_INVALID_STATE' })
}

function message(field: string, expected: string, found: unknown): string {
  const text = inspect(found, { depth: 0, maxStringLength: 60, breakLength: Infinity })
  return `${field}: expected ${expected}, found ${text.length > 80 ? `${text.slice(0, 79)}…` : text}`
}

/** What a number may be. */
export interface NumberRange {
  readonly min: number
  readonly max: number
  readonly integer?: boolean
}

/** The number that was given, if it is one within the range. */
export function checkedNumber(field: string, value: unknown, { min, max, integer = false }: NumberRange): number {
  const expected = `${integer ? 'an integer' : 'a number'} from ${min} to ${max}`
  if (typeof value !== 'number') throw wrongType(field, expected, value)
  if (value >= min && value <= max && (!integer || Number.isInteger(value))) return value
  throw outOfRange(field, expected, value)
}

/** The record that was given, if it has no field but the known ones: a misspelt option must not be silently without effect. */
export function checkedRecord<R extends object>(field: string, value: R, known: readonly (keyof R & string)[]): R {
  if (typeof value !== 'object' || value === null) throw wrongType(field, 'an object', value)
  const unknown = Object.keys(value).find((name) => !(known as readonly string[]).includes(name))
  if (unknown !== undefined) throw wrongValue(field, `one of the fields ${known.join(', ')}`, unknown)
  return value
}
