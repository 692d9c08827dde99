import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setImmediate } from 'node:timers/promises'
import type { Ipvs, ObjectKey, RequestTrace, Table } from 'ipvs'
import { targetKey } from 'ipvs/health'
import type { HealthEvent, Monitor, Target, Verdict } from 'ipvs/health'
import { createTestKernel } from 'ipvs/testing'
import type { TestKernelOptions } from 'ipvs/testing'
import type { MonitorHooks } from '../src/checks.js'
import type { Clock } from '../src/clock.js'
import type { Config } from '../src/config.js'
import { Director } from '../src/director.js'
import type { DirectorParts } from '../src/director-parts.js'
import type { DirectorEvent } from '../src/events.js'
import type { Health, Order } from '../src/facts.js'
import type { Echo } from '../src/hosts.js'
import { serverName, serviceName } from '../src/names.js'
import type { Orders } from '../src/orders.js'
import type { Rates } from '../src/rates.js'
import type { Ledger } from '../src/state.js'
import type { Status } from '../src/status.js'
import type { Timeline } from '../src/timeline.js'
import { recordingLog } from './recording-log.js'

/** A monitor that finds what the test says. */
class ScriptedMonitor implements Monitor<Target> {
  readonly #hooks: MonitorHooks
  readonly #events: HealthEvent<Target>[] = []
  #states = new Map<string, { target: Target; state: Health; last?: Verdict }>()
  #wake: (() => void) | undefined
  #ended = false

  constructor(hooks: MonitorHooks) {
    this.#hooks = hooks
  }
  set(targets: readonly Target[]): void {
    const before = this.#states
    this.#states = new Map(
      targets.map((target) => {
        const key = targetKey(target)
        return [key, before.get(key) ?? { target, state: this.#hooks.initial(target) }]
      }),
    )
  }
  /** A check has ended, and has changed nothing. */
  hear(server: string, verdict: Verdict): void {
    const known = this.#states.get(server)
    if (known !== undefined) this.#hooks.onVerdict(known.target, verdict, 3)
  }
  find(server: string, state: 'up' | 'down', verdict: Verdict): boolean {
    const known = this.#states.get(server)
    if (known === undefined) return false
    known.state = state
    known.last = verdict
    this.#hooks.onVerdict(known.target, verdict, 3)
    this.#events.push({ target: known.target, state, verdict, latencyMs: 3 })
    this.#wake?.()
    return true
  }
  states() {
    return this.#states
  }
  poke(): void {}
  async *[Symbol.asyncIterator]() {
    while (!this.#ended) {
      for (const event of this.#events.splice(0)) yield event
      if (this.#events.length === 0 && !this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
  [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    this.#wake?.()
    return Promise.resolve()
  }
}

/** A clock that goes on when the test says. */
export function handClock(): Clock & { pass(ms: number): void } {
  let now = 0
  let timers: { readonly at: number; readonly callback: () => void }[] = []
  return {
    now: () => now,
    after(ms, callback) {
      const timer = { at: now + ms, callback }
      timers.push(timer)
      return () => (timers = timers.filter((other) => other !== timer))
    },
    pass(ms) {
      const end = now + ms
      for (;;) {
        const [next] = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
        if (next === undefined) break
        timers = timers.filter((other) => other !== next)
        now = Math.max(now, next.at)
        next.callback()
      }
      now = end
    },
  }
}

/** Orders without a disk. */
export function memoryOrders(all: ReadonlyMap<string, Order> = new Map()): Orders {
  return {
    all,
    replace(next) {
      ;(this as { all: ReadonlyMap<string, Order> }).all = next
      return Promise.resolve()
    },
  }
}

/** A ledger without a disk. */
export function memoryLedger(keys: readonly ObjectKey[] = []): Ledger {
  return {
    keys,
    replace(next) {
      ;(this as { keys: readonly ObjectKey[] }).keys = next
      return Promise.resolve()
    },
  }
}

/** Hears each request of any handle, once it is answered, until the test ends. */
export function onRequest(t: { teardown(end: () => void): void }, heard: (request: RequestTrace) => void): void {
  const listen = (message: unknown) => heard(message as RequestTrace)
  subscribe('ipvs:request', listen)
  t.teardown(() => void unsubscribe('ipvs:request', listen))
}

/** The handle with these calls in place of its own. */
export const intercepted =
  (calls: Partial<Ipvs>) =>
  (ipvs: Ipvs): Ipvs =>
    new Proxy(ipvs, {
      get(target, name) {
        const call: unknown = Reflect.get(calls, name) ?? Reflect.get(target, name)
        return typeof call === 'function' ? (call.bind(target) as unknown) : call
      },
    })

/** A director on an in-memory kernel, with scripted health and a reconcile interval that passes when the test says. */
export function directorBench(options: TestKernelOptions = {}) {
  const kernel = createTestKernel(options)
  const outside = kernel.open()
  const clients: Record<string, number> = {}
  /** The in-memory kernel forwards nothing, so that its servers have no connections but these. */
  const withClients = (ipvs: Ipvs) =>
    intercepted({
      table: async (options) =>
        (await ipvs.table(options)).map(({ service, destinations }) => ({
          service,
          destinations: destinations.map((server) => {
            const active = clients[serverName(server)] ?? 0
            return { ...server, connections: { ...server.connections, active } }
          }),
        })),
    })(ipvs)

  return {
    kernel,
    /** Connections that the director sees, by server: to be changed by the test. */
    clients,
    /** Another program on the same table. */
    outside,
    /** `{ 'tcp 192.0.2.100:80': { '192.0.2.11:80': 1 } }`: the weights that the kernel has. */
    async weights() {
      const table: Table = await outside.table()
      return Object.fromEntries(
        table.map(({ service, destinations }) => [
          serviceName(service),
          Object.fromEntries(destinations.map((server) => [serverName(server), server.weight]).sort()),
        ]),
      )
    },
    /** Starts a director; `through` may stand between it and the kernel. */
    async start(config: Config, options: StartOptions = {}) {
      const { ledger = memoryLedger(), orders = memoryOrders(), through = (ipvs: Ipvs) => ipvs } = options
      const { names = {}, files = {}, echo, onRound, timeline, rates, others, announced } = options
      const log = recordingLog()
      const ending = new AbortController()
      const clock = handClock()
      const monitors: ScriptedMonitor[] = []
      const events: DirectorEvent[] = []
      const watchers = new Set<() => void>()
      let tick = () => {}
      const director = new Director({
        config,
        ipvs: through(withClients(kernel.open())),
        ledger,
        orders,
        log,
        clock,
        echo,
        onRound,
        timeline,
        rates,
        others,
        announced,
        asking: {
          addresses: (name) => {
            const addresses = names[name]
            return addresses === undefined ? Promise.reject(new Error(`no ${name}`)) : Promise.resolve(addresses)
          },
          text: (path) => {
            const text = files[path]
            return text === undefined ? Promise.reject(new Error(`no ${path}`)) : Promise.resolve(text)
          },
          watch(_path, callback) {
            watchers.add(callback)
            return () => watchers.delete(callback)
          },
        },
        startMonitor(_check, hooks) {
          const monitor = new ScriptedMonitor(hooks)
          monitors.push(monitor)
          return monitor
        },
        onEvent: (event) => events.push(event),
        every(_ms, callback) {
          tick = callback
          return () => (tick = () => {})
        },
      })
      const ended = director.run(ending.signal)
      await idle()
      return {
        director,
        log,
        ledger,
        orders,
        events,
        /** What names and node lists say: to be changed by the test. */
        names,
        files,
        /** How many ways of checking there are. */
        monitors,
        /** What the checks believe, by endpoint. */
        states: () =>
          Object.fromEntries(
            monitors.flatMap((monitor) => [...monitor.states()].map(([name, { state }]) => [name, state] as const)),
          ),
        /** Health changes, all at once. */
        find: (state: 'up' | 'down', ...servers: string[]) => {
          const verdict: Verdict =
            state === 'up' ? { outcome: 'pass' } : { outcome: 'fail', reason: 'refused', detail: 'ECONNREFUSED' }
          for (const server of servers)
            if (!monitors.map((monitor) => monitor.find(server, state, verdict)).includes(true))
              throw new Error(`${server} is not monitored`)
          return idle()
        },
        /** The reconcile interval passes. */
        round: () => {
          tick()
          return idle()
        },
        /** So much time passes. */
        pass: (ms: number) => {
          clock.pass(ms)
          return idle()
        },
        /** The watched files change. */
        touch: () => {
          for (const callback of watchers) callback()
          return idle()
        },
        stop: async () => {
          ending.abort()
          await ended
        },
      }
    },
  }
}

interface StartOptions {
  readonly ledger?: Ledger
  readonly orders?: Orders
  readonly through?: (ipvs: Ipvs) => Ipvs
  readonly echo?: Echo
  readonly onRound?: (status: Status) => void
  readonly timeline?: Timeline
  readonly rates?: Rates
  readonly others?: DirectorParts['others']
  readonly announced?: () => ReadonlySet<string> | undefined
  readonly names?: Record<string, readonly string[]>
  readonly files?: Record<string, string>
}

/** Until everything that can happen has happened: nothing here waits for a timer, a disk or a network. */
async function idle(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await setImmediate()
}
