/** Whether options go together. */
import { Failure } from './failure.js'
import type { Legal, OptionName } from './options.js'

/** Checks these options in their order. */
export function checkLegal(
  legal: Legal,
  given: ReadonlySet<OptionName>,
  order: readonly OptionName[],
  of: string,
): void {
  let chosen: OptionName | undefined
  for (const option of order) {
    if (!given.has(option)) {
      if (!legal.needs?.includes(option)) continue
      throw new Failure(`You need to supply the '${option}' option for ${of}`)
    }
    if (legal.takesOneOf?.includes(option)) {
      if (chosen) throw new Failure(`The option '${option}' conflicts with the '${chosen}' option in ${of}`)
      chosen = option
    } else if (!legal.needs?.includes(option) && !legal.takes?.includes(option)) {
      throw new Failure(`Illegal '${option}' option with ${of}`)
    }
  }
}

/** What lists cannot show at once. */
export function refuseConflict(given: ReadonlySet<OptionName>): void {
  const has = (...options: OptionName[]) => options.some((option) => given.has(option))
  if (
    (has('connection', 'timeout', 'daemon') && has('stats', 'rate', 'thresholds')) ||
    (has('timeout', 'daemon') && has('persistent-conn'))
  ) {
    throw new Failure('options conflicts in the list command')
  }
}
