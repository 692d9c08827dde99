/** Small checks of arguments, each with an error that names the field, the expectation and the value. */
import { inspect } from 'node:util'

function show(value: unknown): string {
  const text = inspect(value, { depth: 0, maxStringLength: 60, breakLength: Infinity })
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

function coded<E extends Error>(error: E, code: string): E {
  return Object.assign(error, { code })
}

export function wrongType(field: string, expected: string, found: unknown): TypeError {
  return coded(new TypeError(`${field}: expected ${expected}, found ${show(found)}`), 'ERR_INVALID_ARG_TYPE')
}
export function wrongValue(field: string, expected: string, found: unknown): TypeError {
  return coded(new TypeError(`${field}: expected ${expected}, found ${show(found)}`), 'ERR_INVALID_ARG_VALUE')
}
export function outOfRange(field: string, expected: string, found: unknown): RangeError {
  return coded(new RangeError(`${field}: expected ${expected}, found ${show(found)}`), 'ERR_OUT_OF_RANGE')
}

/** A copy of the object's known fields, each read once; a field that is not known is a mistake. */
export function fieldsOf<K extends string>(
  field: string,
  value: unknown,
  known: readonly K[],
): Partial<Record<K, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(field, 'an object', value)
  // Without a prototype: what somebody put on Object.prototype is no field.
  const copy = Object.create(null) as Partial<Record<K, unknown>>
  for (const name of Object.keys(value)) {
    if (!(known as readonly string[]).includes(name))
      throw wrongValue(field, `one of the fields ${known.join(', ')}`, name)
    copy[name as K] = (value as Record<string, unknown>)[name]
  }
  return copy
}

export function integer(field: string, value: unknown, min: number, max: number): number {
  const expected = `an integer from ${min} to ${max}`
  if (typeof value !== 'number') throw wrongType(field, expected, value)
  if (!Number.isInteger(value) || value < min || value > max) throw outOfRange(field, expected, value)
  return value
}

export function text(field: string, value: unknown, expected: string): string {
  if (typeof value !== 'string') throw wrongType(field, expected, value)
  return value
}

export function boolean(field: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw wrongType(field, 'true or false', value)
  return value
}

export function list(field: string, value: unknown): readonly unknown[] {
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
  const { signal } = optionsWith(options, [])
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw wrongType('signal', 'an AbortSignal', signal)
  return signal
}
