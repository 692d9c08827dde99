/**
 * The replacer for JSON.stringify() that makes this package's data JSON: bigint totals as decimal strings.
 *
 * @example
 * JSON.stringify(await ipvs.table(), toJSON)
 */
export function toJSON(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
