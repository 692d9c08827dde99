import { SocketAddress, isIP, isIPv6 } from 'node:net'
import { checkedNumber, wrongType, wrongValue } from './arguments.js'
import type { Target } from './check.js'

/** Identity of a target: `address:port`, IPv6 in brackets and in its shortest form. The key of `Monitor.states()`. */
export function targetKey(target: Target): string {
  const { address, port } = target
  if (!isIPv6(address)) return `${address}:${port}`
  return `[${new SocketAddress({ address, family: 'ipv6' }).address}]:${port}`
}

/** The targets by key, if all are valid and no two are the same. */
export function checkedTargets<T extends Target>(targets: readonly T[]): Map<string, T> {
  if (!Array.isArray(targets)) throw wrongType('targets', 'an array', targets)
  const byKey = new Map<string, T>()
  // Array.isArray() turned the elements into any.
  for (const [index, target] of (targets as readonly T[]).entries()) {
    const field = `targets[${index}]`
    checkTarget(field, target)
    const key = targetKey(target)
    if (byKey.has(key)) throw wrongValue(field, 'a target that is not in the list yet', key)
    byKey.set(key, target)
  }
  return byKey
}

/** Throws unless it is a target. */
export function checkTarget(field: string, target: Target): void {
  if (typeof target !== 'object' || target === null) throw wrongType(field, 'an object', target)
  const { address, port } = target
  const expected = 'an IPv4 or IPv6 address without brackets or zone'
  if (typeof address !== 'string') throw wrongType(`${field}.address`, expected, address)
  if (isIP(address) === 0 || address.includes('%')) throw wrongValue(`${field}.address`, expected, address)
  checkedNumber(`${field}.port`, port, { min: 1, max: 65535, integer: true })
}
