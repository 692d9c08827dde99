/** Mon's limits of alerts, as a pure function, for one rule and one server (or service). */

/** When a failure is told. Nothing set: every failing result is. */
export interface Limits {
  /** At most so many alerts per outage. @default no limit */
  readonly numalerts: number | undefined
  /** No alert sooner than this after the last one, unless the failure has changed. @default no wait */
  readonly alertevery: { readonly ms: number; readonly by: AlertEvery } | undefined
  /** The first alert comes after `count` failures in a row, within `withinMs` if both are set, or after `withinMs` of failing. */
  readonly alertafter: { readonly count: number | undefined; readonly withinMs: number | undefined } | undefined
}

/**
 * What ends the wait of alertevery early: another summary, another summary or detail, nothing, or (strict) not even
 * a recovery.
 */
export type AlertEvery = 'summary' | 'observe_detail' | 'ignore_summary' | 'strict'

/** What is remembered between results. Times in milliseconds of one clock. */
export interface LimitState {
  /** Failing results in a row. */
  readonly failures: number
  /** Alerts of this outage. */
  readonly sent: number
  readonly lastAlert: number | undefined
  /** Start of what alertafter measures, and failing results since. */
  readonly windowStart: number | undefined
  readonly inWindow: number
  readonly summary: string
  readonly detail: string
}

export const calm: LimitState = {
  failures: 0,
  sent: 0,
  lastAlert: undefined,
  windowStart: undefined,
  inWindow: 0,
  summary: '',
  detail: '',
}

/** A result. `open`: whether the rule's period holds now; what comes outside of it is counted in a row and not told. */
export type Result =
  | { readonly passed: true; readonly open: boolean }
  | { readonly passed: false; readonly open: boolean; readonly summary: string; readonly detail: string }

/** What to send because of a result, and what to remember. An upalert follows only a down alert of the same outage. */
export function decide(
  limits: Limits,
  state: LimitState,
  result: Result,
  now: number,
): { readonly state: LimitState; readonly send: 'down' | 'up' | undefined } {
  if (result.passed) {
    const lastAlert = limits.alertevery?.by === 'strict' ? state.lastAlert : undefined
    return { state: { ...calm, lastAlert }, send: result.open && state.sent > 0 ? 'up' : undefined }
  }
  const { summary, detail } = result
  const failing = { ...state, failures: state.failures + 1, summary, detail }
  if (!result.open || isSpent(limits, state) || isTooSoon(limits, state, result, now))
    return { state: failing, send: undefined }
  const window = afterWindow(limits, failing, now)
  if (!window.due) return { state: { ...failing, ...window.state }, send: undefined }
  return { state: { ...failing, ...window.state, sent: state.sent + 1, lastAlert: now }, send: 'down' }
}

const isSpent = ({ numalerts }: Limits, { sent }: LimitState) => numalerts !== undefined && sent >= numalerts

function isTooSoon(
  { alertevery }: Limits,
  before: LimitState,
  now: { readonly summary: string; readonly detail: string },
  at: number,
): boolean {
  if (alertevery === undefined || before.lastAlert === undefined || at - before.lastAlert >= alertevery.ms) return false
  const { by } = alertevery
  const changed = now.summary !== before.summary || (by === 'observe_detail' && now.detail !== before.detail)
  return by === 'strict' || by === 'ignore_summary' || !changed
}

type Window = Pick<LimitState, 'windowStart' | 'inWindow'>

function afterWindow(
  { alertafter }: Limits,
  state: LimitState,
  now: number,
): { readonly due: boolean; readonly state: Window } {
  const { count, withinMs } = alertafter ?? {}
  const { windowStart = now, inWindow } = state
  if (withinMs === undefined) return { due: state.failures >= (count ?? 1), state: { windowStart, inWindow } }
  if (count === undefined) return { due: now - windowStart > withinMs, state: { windowStart, inWindow } }
  // Too few in the time that has passed: this failure is the first of a new one.
  const next =
    now - windowStart > withinMs ? { windowStart: now, inWindow: 1 } : { windowStart, inWindow: inWindow + 1 }
  return { due: next.inWindow >= count, state: next }
}
