import type { Check } from './check.js'

/** Of a check after whose end nothing is left on its signal. Known to every copy of this module that a process has. */
const mark = Symbol.for('ipvs.health.leavesNothing')

/** Says of a check that it leaves nothing on its signal, nor in the hands of others who would. */
export function leavesNothing(check: Check): Check {
  return Object.assign(check, { [mark]: true })
}

/**
 * A controller for each run of a check. To make one takes a fifth of all that a check by TCP costs: those of checks that leave nothing
 * on their signal are used again.
 */
export class Controllers {
  readonly #reused: boolean
  /** As many as have ever run at once. */
  readonly #spare: AbortController[] = []

  constructor(check: Check<never>) {
    this.#reused = mark in check
  }

  take(): AbortController {
    return this.#spare.pop() ?? new AbortController()
  }

  /** The run has ended, and will not abort any more. */
  giveBack(controller: AbortController): void {
    if (this.#reused && !controller.signal.aborted) this.#spare.push(controller)
  }
}
