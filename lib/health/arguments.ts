import { inspect } from 'node:util'

/** A TypeError for a value of the wrong type: names the field, what is expected there, and the value. */
export function wrongType(field: string, expected: string, value: unknown): TypeError {
  return Object.assign(new TypeError(message(field, expected, value)), { code: 'ERR_INVALID_ARG_TYPE' })
}

/** A RangeError for a value of the right type that is not allowed. */
export function wrongValue(field: string, expected: string, value: unknown): RangeError {
  return Object.assign(new RangeError(message(field, expected, value)), { code: 'ERR_INVALID_ARG_VALUE' })
}

/** An Error for a call that comes too late or too early. */
export function invalidState(text: string): Error {
  return Object.assign(new Error(text), { code: 'ERR_INVALID_STATE' })
}

function message(field: string, expected: string, value: unknown): string {
  return `${field} must be ${expected}, got ${inspect(value, { depth: 0, maxStringLength: 80, breakLength: Infinity })}`
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
  throw Object.assign(new RangeError(message(field, expected, value)), { code: 'ERR_OUT_OF_RANGE' })
}

/** The record that was given, if it has no field but the known ones: a misspelt option must not be silently without effect. */
export function checkedRecord<R extends object>(field: string, value: R, known: readonly (keyof R & string)[]): R {
  if (typeof value !== 'object' || value === null) throw wrongType(field, 'an object', value)
  const unknown = Object.keys(value).find((name) => !(known as readonly string[]).includes(name))
  if (unknown !== undefined) throw wrongValue(field, `an object with only ${known.join(', ')}`, { [unknown]: '…' })
  return value
}
