/** Alerts: from the director's events, by each rule's filters, period and limits, to its sink. */
import { Episodes } from '../episodes.js'
import type { DirectorEvent } from '../events.js'
import type { Log } from '../log.js'
import { describe } from './events.js'
import type { Alert } from './events.js'
import { isOut } from '../facts.js'
import { calm, decide } from './limits.js'
import type { LimitState, Limits } from './limits.js'
import { Outbox } from './outbox.js'
import type { Clock } from './outbox.js'
import { inPeriod } from './periods.js'
import type { AlertRule } from './schema.js'
import { openSink } from './sinks.js'
import type { Sink } from './sinks.js'

export interface AlertsOptions {
  readonly log: Log
  /** @default the system's */
  readonly clock?: Clock
  /** @default what the rule names */
  readonly openSink?: (rule: AlertRule) => Sink
  /** Zone of the periods, an IANA name. @default the system's */
  readonly zone?: string
}

export interface AlertsHandle {
  /** Takes an event; never waits and never throws. */
  notify(event: DirectorEvent): void
  /** Takes other rules; one that stays as it is keeps its counts, and what waits is still sent. */
  reload(rules: readonly AlertRule[]): void
  /** Sends what waits, and ends after so many milliseconds at the latest. */
  close(deadlineMs: number): Promise<void>
}

/** One rule at work. */
interface Line {
  readonly rule: AlertRule
  readonly key: string
  readonly limits: Limits
  readonly outbox: Outbox
  /** By what the event is about. */
  readonly states: Map<string, Outage>
}

interface Outage {
  readonly limits: LimitState
  readonly firstFailure: number | undefined
  readonly lastFailure: number | undefined
  readonly output: string
}

const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

const noOutage: Outage = { limits: calm, firstFailure: undefined, lastFailure: undefined, output: '' }

export function openAlerts(rules: readonly AlertRule[], options: AlertsOptions): AlertsHandle {
  const { log, clock = systemClock, zone } = options
  const open = options.openSink ?? openSink
  const leaving = new Set<Promise<void>>()
  const start = (rule: AlertRule): Line => ({
    rule,
    key: JSON.stringify(rule, (_, value: unknown) => (value instanceof Map ? [...value] : value)),
    limits: { numalerts: rule.numalerts, alertevery: rule.alertevery, alertafter: rule.alertafter },
    outbox: new Outbox(open(rule), new Episodes(log), clock),
    states: new Map(),
  })
  let lines = rules.map(start)
  return {
    notify(event) {
      try {
        for (const line of lines) tell(line, event, zone)
      } catch (error) {
        log.error({ error: String(error) }, 'an alert failed')
      }
    },
    reload(next) {
      const before = lines
      const kept = new Set<Line>()
      lines = next.map(start).map((line) => {
        const same = before.find((old) => old.key === line.key && !kept.has(old))
        if (same !== undefined) kept.add(same)
        return same ?? line
      })
      for (const { outbox } of before.filter((line) => !kept.has(line))) {
        const closing = outbox.close().finally(() => leaving.delete(closing))
        leaving.add(closing)
      }
    },
    async close(deadlineMs) {
      const all = Promise.all([...lines.map(({ outbox }) => outbox.close()), ...leaving])
      lines = []
      let timer: NodeJS.Timeout | undefined
      await Promise.race([all, new Promise((resolve) => (timer = setTimeout(resolve, deadlineMs)))])
      clearTimeout(timer)
    },
  }
}

/** Whether a list of services names this one: `tcp 192.0.2.100:80`, or without the protocol. */
export const concerns = (services: readonly string[] | undefined, service: string | undefined): boolean =>
  services === undefined ||
  service === undefined ||
  services.some((named) => service === named || service.endsWith(` ${named}`))

function tell({ rule, limits, outbox, states }: Line, event: DirectorEvent, zone: string | undefined): void {
  if (!concerns(rule.services, event.service)) return
  const passed = outcome(event)
  if (passed === undefined) return
  const key = event.type === 'server' ? `${event.service} > ${event.server}` : `${event.type} ${event.service ?? ''}`
  const before = states.get(key) ?? noOutage
  // A result that passes while nothing is remembered changes nothing.
  if (passed && before === noOutage) return
  const said = describe(event)
  const open = rule.period === undefined || inPeriod(rule.period, new Date(event.at), zone)
  const result = passed ? ({ passed, open } as const) : { passed, open, summary: said.summary, detail: said.detail }
  const decision = decide(limits, before.limits, result, event.at)
  const after: Outage = passed
    ? { ...noOutage, limits: decision.state }
    : {
        limits: decision.state,
        firstFailure: before.firstFailure ?? event.at,
        lastFailure: event.at,
        output: `${said.summary}\n${said.detail}`,
      }
  if (passed && decision.state.lastAlert === undefined) states.delete(key)
  else states.set(key, after)
  const wanted = event.type === 'server' ? decision.send : event.type
  if (decision.send === undefined || wanted === undefined || !rule.events.includes(wanted)) return
  const { firstFailure, lastFailure, output } = passed ? before : after
  const alert: Alert = { at: event.at, kind: decision.send, ...said, output, firstFailure, lastFailure }
  outbox.push(alert)
}

/** Whether all is well; undefined when the event says neither, as what an operator does. */
function outcome(event: DirectorEvent): boolean | undefined {
  if (event.type !== 'server') return event.ok
  if (event.to === 'online') return true
  return isOut(event.to) ? false : undefined
}
