/** Small checks of arguments, each with an error that names the field, the expectation and the value. */
import { inspect } from 'node:util'
import { within, type Field } from './field.js'

function show(value: unknown): string {
  const text = inspect(value, { depth: 0, maxStringLength: 60, breakLength: Infinity })
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

function coded<E extends Error>(error: E, code: string): E {
  return Object.assign(error, { code })
}

function says(field: Field, expected: string, found: unknown): string {
  return `${field.toString()}: expected ${expected}, found ${show(found)}`
}

export function wrongType(field: Field, expected: string, found: unknown): TypeError {
  return coded(new TypeError(says(field, expected, found)), 'ERR_INVALID_ARG_TYPE')
}
export function wrongValue(field: Field, expected: string, found: unknown): TypeError {
  return coded(new TypeError(says(field, expected, found)), 'ERR_INVALID_ARG_VALUE')
}
export function outOfRange(field: Field, expected: string, found: unknown): RangeError {
  return coded(new RangeError(says(field, expected, found)), 'ERR_OUT_OF_RANGE')
}

/** Its own fields are the caller's to look at; each once, because a getter may tell something else the second time. */
export function object(field: Field, value: unknown): object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(field, 'an object', value)
  return value
}

export function unknownField(field: Field, known: readonly string[], name: string): TypeError {
  return wrongValue(field, `one of the fields ${known.join(', ')}`, name)
}

/** A copy of the object's known fields, each read once; a field that is not known is a mistake. */
export function fieldsOf<K extends string>(
  field: Field,
  value: unknown,
  known: readonly K[],
): Partial<Record<K, unknown>> {
  const given = object(field, value) as Partial<Record<K, unknown>>
  const copy: Partial<Record<K, unknown>> = new Copy()
  for (const name of Object.keys(given) as K[]) {
    if (!known.includes(name)) throw unknownField(field, known, name)
    copy[name] = given[name]
  }
  return copy
}

/** What somebody put on Object.prototype is no field. Twice as fast as objects that Object.create(null) made. */
class Copy {}
Object.setPrototypeOf(Copy.prototype, null)

// Of these two there are several in each row of a table: where a field of `field` is meant, `step` names it, for errors alone.

export function integer(field: Field, value: unknown, min: number, max: number, step?: string): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number
  const expected = `an integer from ${min} to ${max}`
  throw (typeof value === 'number' ? outOfRange : wrongType)(at(field, step), expected, value)
}

export function text(field: Field, value: unknown, expected: string, step?: string): string {
  if (typeof value !== 'string') throw wrongType(at(field, step), expected, value)
  return value
}

function at(field: Field, step: string | undefined): Field {
  return step === undefined ? field : within(field, step)
}

export function boolean(field: Field, value: unknown): boolean {
  if (typeof value !== 'boolean') throw wrongType(field, 'true or false', value)
  return value
}

export function list(field: Field, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongType(field, 'an array', value)
  return value
}

/** The options of a call that takes these beside a signal. */
export function optionsWith<K extends string>(
  options: unknown,
  more: readonly K[],
): Partial<Record<K | 'signal', unknown>> {
  // Its own fields are none: taken for options, a signal would be left out without a word.
  if (options instanceof AbortSignal) throw wrongType('options', 'an object such as { signal }', options)
  return options === undefined ? {} : fieldsOf('options', options, ['signal', ...more])
}

/** The signal of a call's options. */
export function signalOf(options: unknown): AbortSignal | undefined {
  if (options === undefined) return undefined
  const { signal } = optionsWith(options, [])
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw wrongType('signal', 'an AbortSignal', signal)
  return signal
}
