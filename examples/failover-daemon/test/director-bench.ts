import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setImmediate } from 'node:timers/promises'
import type { Ipvs, ObjectKey, RequestTrace, Table } from 'ipvs'
import type { HealthEvent, Monitor, Verdict } from 'ipvs/health'
import { createTestKernel } from 'ipvs/testing'
import type { TestKernelOptions } from 'ipvs/testing'
import type { ServerTarget } from '../src/checks.js'
import type { Config } from '../src/config.js'
import { runDirector } from '../src/director.js'
import { serverName, serviceName } from '../src/names.js'
import type { State } from '../src/policy.js'
import type { Ledger } from '../src/state.js'
import { recordingLog } from './recording-log.js'

/** A monitor that finds what the test says. */
class ScriptedMonitor implements Monitor<ServerTarget> {
  readonly #states = new Map<string, { target: ServerTarget; state: State }>()
  readonly #events: HealthEvent<ServerTarget>[] = []
  #wake: (() => void) | undefined
  #ended = false

  set(targets: readonly ServerTarget[], initial: (target: ServerTarget) => State = () => 'unknown'): void {
    for (const target of targets) this.#states.set(serverName(target.server), { target, state: initial(target) })
  }
  find(server: string, state: 'up' | 'down', verdict: Verdict): void {
    const known = this.#states.get(server)
    if (known === undefined) throw new Error(`${server} is not monitored`)
    known.state = state
    this.#events.push({ target: known.target, state, verdict, latencyMs: 3 })
    this.#wake?.()
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

  return {
    kernel,
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
    async start(config: Config, { ledger = memoryLedger(), through = (ipvs: Ipvs) => ipvs } = {}) {
      const log = recordingLog()
      const ending = new AbortController()
      const monitors = new Map<string, ScriptedMonitor>()
      let tick = () => {}
      const ended = runDirector(
        {
          config,
          ipvs: through(kernel.open()),
          ledger,
          log,
          startMonitor({ spec, servers }, initial) {
            const monitor = new ScriptedMonitor()
            monitor.set(
              servers.map((server) => ({ ...server, server })),
              ({ server }) => initial(server),
            )
            monitors.set(serviceName(spec), monitor)
            return monitor
          },
          every(_ms, callback) {
            tick = callback
            return () => (tick = () => {})
          },
        },
        ending.signal,
      )
      await idle()
      return {
        log,
        ledger,
        /** What a service's monitor believes. */
        states: (service: string) =>
          Object.fromEntries([...(monitors.get(service)?.states() ?? [])].map(([name, { state }]) => [name, state])),
        /** Health changes, all at once; `reason` undefined is a pass. */
        find(service: string, state: 'up' | 'down', ...servers: string[]) {
          const verdict: Verdict =
            state === 'up' ? { outcome: 'pass' } : { outcome: 'fail', reason: 'refused', detail: 'ECONNREFUSED' }
          for (const server of servers) monitors.get(service)?.find(server, state, verdict)
          return idle()
        },
        /** The reconcile interval passes. */
        round() {
          tick()
          return idle()
        },
        async stop() {
          ending.abort()
          await ended
        },
      }
    },
  }
}

/** Until everything that can happen has happened: nothing here waits for a timer, a disk or a network. */
async function idle(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await setImmediate()
}
