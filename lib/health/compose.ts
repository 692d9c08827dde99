import { checkedNumber, wrongType, wrongValue } from './arguments.js'
import type { Check, NoPass, Pass, Target, Verdict } from './check.js'
import { verdictFrom } from './run.js'
import { printable } from './verdict.js'

/**
 * Passes when all of these checks do. They run side by side, under one deadline; the first failure decides, and withdraws the
 * others.
 *
 * Throws TypeError or RangeError for what is no list of checks.
 */
export function all<T extends Target>(checks: readonly Check<T>[]): Check<T> {
  return atLeast(checked(checks).length, checks)
}

/** Passes when any of these checks does; the first pass decides. Throws as `all()` does. */
export function any<T extends Target>(checks: readonly Check<T>[]): Check<T> {
  return atLeast(1, checks)
}

/**
 * Passes when so many of these checks do, as soon as they have; fails once too many have failed. Inconclusive when those that
 * are inconclusive could make the difference. The weight is the smallest of those that passed.
 *
 * Throws TypeError or RangeError for what is no list of checks, or for more than there are.
 */
export function atLeast<T extends Target>(count: number, checks: readonly Check<T>[]): Check<T> {
  const parts = checked(checks)
  const wanted = checkedNumber('count', count, { min: 1, max: parts.length, integer: true })
  return (target, signal) => {
    const decided = new AbortController()
    const either = AbortSignal.any([signal, decided.signal])
    const found: Verdict[] = []
    return new Promise((resolve) => {
      for (const part of parts) {
        void verdictFrom(part, target, either).then((verdict) => {
          found.push(verdict)
          const together = judge(found, parts.length, wanted)
          if (!together) return
          resolve(together)
          decided.abort()
        })
      }
    })
  }
}

/** undefined while it is open. */
function judge(found: readonly Verdict[], of: number, wanted: number): Verdict | undefined {
  const passes = found.filter((verdict): verdict is Pass => verdict.outcome === 'pass')
  if (passes.length >= wanted) {
    const weights = passes.flatMap(({ weight }) => weight ?? [])
    return weights.length > 0 ? { outcome: 'pass', weight: Math.min(...weights) } : { outcome: 'pass' }
  }
  const failures = found.filter((verdict): verdict is NoPass => verdict.outcome === 'fail')
  const first = failures[0]
  const told = `${passes.length} of ${of} passed, where ${wanted} must`
  if (first && of - failures.length < wanted) {
    const why = first.detail === undefined ? first.reason : `${first.reason}: ${first.detail}`
    return { outcome: 'fail', reason: first.reason, detail: printable(`${told}; ${why}`) }
  }
  return found.length === of ? { outcome: 'inconclusive', reason: 'local', detail: told } : undefined
}

function checked<T extends Target>(checks: readonly Check<T>[]): readonly Check<T>[] {
  if (!Array.isArray(checks)) throw wrongType('checks', 'an array', checks)
  if (checks.length === 0) throw wrongValue('checks', 'at least one check', checks)
  for (const [i, check] of (checks as readonly Check<T>[]).entries()) {
    if (typeof check !== 'function') throw wrongType(`checks[${i}]`, 'a check', check)
  }
  return [...(checks as readonly Check<T>[])]
}
