/** The checks of a configuration: one monitor for all that is checked in the same way, and one check of an endpoint, however many services share it. */
import type { DestinationKey } from 'ipvs'
import {
  createMonitor,
  dns,
  http,
  http2,
  icmp,
  monMonitor,
  programLimit,
  script,
  sendExpect,
  smtp,
  targetKey,
  tcp,
  tls,
  udp,
} from 'ipvs/health'
import type { Check, HealthEvent, Monitor, Pinger, ProgramCheck, Target, Verdict } from 'ipvs/health'
import { openConnector, openPing } from 'ipvs/system'
import type { Connector, Ping } from 'ipvs/system'
import type { CheckConfig, Config, ProgramCheckConfig, ServiceConfig } from './config.js'
import type { Health } from './facts.js'
import { httpOptions } from './http-fields.js'
import { objectName, serverName } from './names.js'

/** Starts to check in one way. */
export type StartMonitor = (check: CheckConfig, hooks: MonitorHooks) => Monitor<Target>

/** What a monitor asks and tells, as the options of createMonitor(). */
export interface MonitorHooks {
  readonly initial: (target: Target) => Health
  readonly onVerdict: (target: Target, verdict: Verdict, latencyMs: number) => void
}

/** The same by another createMonitor(). */
export const startMonitorWith =
  (create: typeof createMonitor): StartMonitor =>
  (check, hooks) => {
    const { intervalMs, fastIntervalMs, timeoutMs, jitterMs, rise, fall, tripwire } = check
    return create<Target>([], {
      check: checkOf(check),
      intervalMs,
      fastIntervalMs,
      timeoutMs,
      jitterMs,
      rise,
      fall,
      tripwire,
      ...hooks,
    })
  }

/** One for all, opened with the first echo; where that is refused, the next one tries again. */
export const ping: Pinger & { opened?: Ping } = {
  async echo(address, signal) {
    return (this.opened ??= openPing()).echo(address, signal)
  },
}

let connector: Connector | undefined

/** One for all. Where it cannot be opened, sockets of Node.js do the same for more of the processor's time. */
function openedConnector(): Connector | undefined {
  try {
    return (connector ??= openConnector())
  } catch {
    return undefined
  }
}

export const startMonitor = startMonitorWith(createMonitor)

/** A change of health of one server in one service. */
export interface HealthChange {
  readonly service: ServiceConfig
  readonly server: DestinationKey
  readonly event: HealthEvent<Target>
}

/** What the checks say of one server in one service at present. */
export interface CheckState {
  readonly health: Health
  readonly last?: Verdict | undefined
  /** Milliseconds that it took. */
  readonly latencyMs?: number | undefined
}

/** A server whose health an endpoint's check tells. */
interface User {
  readonly service: ServiceConfig
  readonly server: DestinationKey
  readonly target: Target
}

interface Shared {
  readonly monitor: Monitor<Target>
  readonly followed: Promise<void>
  /** By `targetKey()`. */
  users: ReadonlyMap<string, readonly User[]>
}

/** What the checks work with. */
export interface ChecksParts {
  readonly start: StartMonitor
  /** Whether a server that is new to the checks serves clients already: it counts as up until its first verdicts. */
  readonly isServing: (service: ServiceConfig, server: DestinationKey) => boolean
  readonly onChange: (changes: readonly HealthChange[]) => void
  /** Hears each verdict, once for each server that it is about. */
  readonly onVerdict: (service: ServiceConfig, server: DestinationKey, verdict: Verdict, latencyMs: number) => void
  /** A monitor cannot be followed any more. */
  readonly onError: (error: unknown) => void
}

/** All checks of a configuration. */
export class Checks {
  readonly #parts: ChecksParts
  /** By what they do. */
  readonly #shared = new Map<string, Shared>()
  readonly #ending = new Set<Promise<unknown>>()

  constructor(parts: ChecksParts) {
    this.#parts = parts
  }

  /** Checks the servers of this configuration from now on. What was checked already in the same way keeps its state and phase. */
  set(config: Config): void {
    const wanted = groupBy(config.services, ({ check }) => checkKey(check))
    for (const [key, shared] of this.#shared)
      if (!wanted.has(key)) {
        this.#shared.delete(key)
        const ended = end(shared).finally(() => this.#ending.delete(ended))
        this.#ending.add(ended)
      }
    for (const [key, services] of wanted) {
      const users = groupBy(services.flatMap(usersOf), ({ target }) => targetKey(target))
      const shared = this.#shared.get(key) ?? this.#open(key, services)
      if (shared === undefined) continue
      shared.users = users
      shared.monitor.set([...users.values()].flatMap(([first]) => (first === undefined ? [] : [first.target])))
    }
  }

  /** What is known, by `objectName(service, server)`. */
  states(): ReadonlyMap<string, CheckState> {
    const states = new Map<string, CheckState>()
    for (const { monitor, users } of this.#shared.values())
      for (const [key, { state, last, latencyMs }] of monitor.states())
        for (const { service, server } of users.get(key) ?? [])
          states.set(objectName(service.spec, server), { health: state, last, latencyMs })
    return states
  }

  /** Ends all checks; resolves when those under way have settled. */
  async end(): Promise<void> {
    await Promise.all([...this.#ending, ...[...this.#shared.values()].map(end)])
  }

  #open(key: string, services: readonly ServiceConfig[]): Shared | undefined {
    const { start, isServing, onVerdict } = this.#parts
    const check = services[0]?.check
    if (check === undefined) return undefined
    const usersAt = (target: Target) => shared.users.get(targetKey(target)) ?? []
    const serves = (target: Target) => usersAt(target).some(({ service, server }) => isServing(service, server))
    const monitor = start(check, {
      initial: (target) => (serves(target) ? 'up' : 'unknown'),
      onVerdict(target, verdict, latencyMs) {
        for (const { service, server } of usersAt(target)) onVerdict(service, server, verdict, latencyMs)
      },
    })
    const shared: Shared = { monitor, followed: this.#follow(monitor, usersAt), users: new Map() }
    this.#shared.set(key, shared)
    return shared
  }

  async #follow(monitor: Monitor<Target>, usersAt: (target: Target) => readonly User[]): Promise<void> {
    try {
      for await (const event of monitor)
        this.#parts.onChange(usersAt(event.target).map(({ service, server }) => ({ service, server, event })))
    } catch (error) {
      // The rounds still read the states; only the immediate write is lost.
      this.#parts.onError(error)
    }
  }
}

async function end({ monitor, followed }: Shared): Promise<void> {
  await monitor[Symbol.asyncDispose]()
  await followed
}

const usersOf = (service: ServiceConfig): readonly User[] =>
  service.servers.map((server) => ({ service, server, target: checkedEndpoint(service, server) }))

/** Where a server is checked: at another address or port than its own, if the configuration says so. */
export const checkedEndpoint = ({ about, check }: ServiceConfig, server: DestinationKey): Target => ({
  address: about.get(serverName(server))?.checkAddress ?? server.address,
  // A check by ICMP has no port, a target always.
  port: check.port ?? (server.port || 1),
})

/** Equal for checks that are the same. */
const checkKey = (check: CheckConfig): string =>
  JSON.stringify(check, (_, value: unknown) => (value instanceof RegExp ? String(value) : value))

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

function checkOf(check: CheckConfig): Check {
  switch (check.type) {
    case 'tcp':
      return tcp({ connector: openedConnector() })
    case 'tls':
      return tls(check.tls)
    case 'http':
      return http(httpOptions(check))
    case 'http2':
      return http2(httpOptions(check))
    case 'sendExpect': {
      const { send, expect, tls } = check
      return sendExpect({ send, expect, tls })
    }
    case 'smtp': {
      const { hello, tls } = check
      return smtp({ hello, tls })
    }
    case 'udp': {
      const { send, expect } = check
      return udp({ send, expect })
    }
    case 'dns': {
      const { name, record, codes } = check
      return dns({ name, type: record, codes })
    }
    case 'icmp':
      return icmp({ ping })
    case 'script':
    case 'mon':
      return programCheckOf(check)
  }
}

/** Over all services: more would slow the other checks down. */
const programs = programLimit(32)

/** The check that runs what the configuration names. */
export function programCheckOf(check: ProgramCheckConfig): ProgramCheck {
  const { user, summary } = check
  if (check.type === 'script') {
    const { command, weightFromStatus } = check
    return script({ command, weightFromStatus, user, summary, limit: programs })
  }
  const { monitor, args, directories } = check
  return monMonitor({ monitor, args, directories, user, summary, limit: programs })
}
