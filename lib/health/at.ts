import { checkedRecord, wrongType, wrongValue } from './arguments.js'
import type { Check, Target } from './check.js'
import { checkTarget } from './target.js'

/**
 * The same check at another port or address than the target's: where its health is told, or in the network in which it is managed.
 *
 * Throws TypeError or RangeError for what is no place, or no check.
 */
export function at<T extends Target>(place: Partial<Target>, check: Check<T>): Check<T> {
  const { address, port } = checkedRecord('place', place, ['address', 'port'])
  if (address === undefined && port === undefined) throw wrongValue('place', 'an address, a port or both', place)
  checkTarget('place', { address: address ?? '::', port: port ?? 1 })
  if (typeof check !== 'function') throw wrongType('check', 'a check', check)
  const there = { ...(address !== undefined && { address }), ...(port !== undefined && { port }) }
  return (target, signal) => check({ ...target, ...there }, signal)
}
