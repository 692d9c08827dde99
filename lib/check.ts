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
  const copy: Partial<Record<K, unknown>> = {}
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
  return value + 0 // -0 becomes 0
}

export function text(field: string, value: unknown, expected: string): string {
  if (typeof value !== 'string') throw wrongType(field, expected, value)
  return value
}

export function boolean(field: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw wrongType(field, 'true or false', value)
  return value
}
