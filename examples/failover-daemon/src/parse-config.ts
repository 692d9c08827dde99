/** The configuration: YAML in, validated plain data out, or every mistake with its place in the file. */
import { nearest } from 'ipvs/command-line'
import type * as z from 'zod'
import { aloneProblems, crossProblems, missingProblems, someHost, topProblems } from './config-problems.js'
import type { HostFacts, ServiceShape } from './config-problems.js'
import type { CheckConfig, Config, PolicyConfig, ServiceConfig, Source } from './config.js'
import { ConfigError, MAX_PROBLEMS, readDocument } from './document.js'
import type { Located, Path, Problem } from './document.js'
import { bounded, hostsOwn, readCarried } from './etcd/carried.js'
import type { Carried } from './etcd/carried.js'
import { haConfig } from './ha/config.js'
import { haProblems, haServiceProblems } from './ha/problems.js'
import { objectName, serviceName } from './names.js'
import { defaultDrainMs } from './policy.js'
import { defaultFlags, schedulerFlags } from './scheduler-flags.js'
import { File, Service } from './schema.js'
import { noneKnown, withServers } from './sources.js'

export { ConfigError } from './document.js'

/**
 * Reads a configuration: a file, and what etcd carries beside it. `file` is the name that the errors show.
 * Throws ConfigError with one line `file:line:column: field: expected …, found …` per mistake.
 */
export function parseConfig(
  text: string,
  file: string,
  host: HostFacts = someHost,
  carried: readonly Carried[] = [],
): Config {
  const document = readDocument(text, file)
  const top = File.safeParse(document.value)
  const report = new Report()
  const { services: listed } = (document.value ?? {}) as { readonly services?: unknown }
  report.add(document, missingProblems(document.value))
  if (!top.success) report.add(document, shapeProblems(top.error, []))
  else report.add(document, topProblems(top.data))

  const items = (Array.isArray(listed) ? listed : []).map((item: unknown, index): Item => {
    return { document, path: ['services', index], item, refused: () => [] }
  })
  for (const value of report.try(() => bounded(carried)) ?? []) {
    const found = report.try(() => readCarried(value))
    if (found) items.push({ document: found, path: [], item: found.value, refused: hostsOwn })
  }
  const isShared = top.data?.config !== undefined
  const placed = toServices(items, report, host, isShared)
  const services = placed.map(({ service }) => service)
  if (top.data?.ha !== undefined) {
    const { ha } = top.data
    const virtual = new Set(services.map(({ spec }) => spec.address))
    report.add(document, haProblems(ha, virtual, isShared))
    for (const one of placed) report.add(one.document, haServiceProblems(ha, virtual, one, host))
  }

  if (!top.success || report.count > 0) throw report.error()
  return {
    services,
    reconcileMs: top.data.reconcile,
    stateDirectory: top.data.stateDirectory,
    controlSocket: top.data.controlSocket,
    guard: top.data.guard && { share: top.data.guard.share, holdMs: top.data.guard.hold },
    resolveIntervalMs: top.data.resolveInterval,
    reloadOnChange: top.data.reloadOnChange,
    nodeStates: top.data.nodeStates,
    page: top.data.page,
    alerts: top.data.alerts,
    hooks: top.data.hooks,
    ha:
      top.data.ha &&
      haConfig(
        top.data.ha,
        services.map(({ spec }) => spec),
      ),
    etcd: top.data.config,
    director: top.data.director,
    bird: top.data.bird,
  }
}

/** All that is wrong, document by document. */
class Report {
  count = 0
  readonly #lines: string[] = []
  readonly #problems = new Map<Located, Problem[]>()

  add(document: Located, problems: Iterable<Problem>): void {
    const known = this.#problems.get(document) ?? []
    this.#problems.set(document, known)
    for (const problem of problems) {
      known.push(problem)
      this.count++
    }
  }

  /** Gives what is read, or nothing, when that is wrong. */
  try<T>(read: () => T): T | undefined {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      this.#lines.push(...error.lines)
      this.count += error.lines.length
      return undefined
    }
  }

  error(): ConfigError {
    const located = [...this.#problems].flatMap(([document, problems]) => document.error(problems).lines)
    return new ConfigError([...located, ...this.#lines])
  }
}

/** One service, and where it stands. */
interface Item {
  readonly document: Located
  readonly path: Path
  readonly item: unknown
  /** What may not stand there. */
  readonly refused: (item: unknown, path: Path) => Iterable<Problem>
}

/** What became of it. */
interface Placed extends Pick<Item, 'document' | 'path'> {
  readonly shape: ServiceShape
  readonly service: ServiceConfig
}

function toServices(items: readonly Item[], report: Report, host: HostFacts, isShared: boolean): Placed[] {
  const services: Placed[] = []
  const names = new Once('each service once')
  for (const { document, path, item, refused } of items) {
    if (report.count > MAX_PROBLEMS) break
    const refusals = [...refused(item, path)]
    report.add(document, refusals)
    // What must not be named is not looked at.
    if (refusals.length > 0) continue
    const shape = Service.safeParse(item)
    if (!shape.success) {
      report.add(document, shapeProblems(shape.error, path))
      continue
    }
    report.add(document, crossProblems(shape.data, path, host))
    if (!isShared) report.add(document, aloneProblems(shape.data, path))
    const service = toService(shape.data)
    const servers = new Once('each server once')
    for (const [i, source] of service.sources.entries())
      report.add(document, servers.add(sourceName(service, source), document, [...path, 'servers', i]))
    report.add(document, names.add(objectName(service.spec), document, [...path, 'virtual']))
    services.push({ document, path, shape: shape.data, service })
  }
  return services
}

function shapeProblems(error: z.ZodError, at: Path): Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    const path = [...at, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))]
    if (issue.code !== 'unrecognized_keys') return [{ path, expected: issue.message }]
    const known = issue.message.split(', ')
    // Of more, nobody reads the lines.
    return issue.keys.map((key, index) => {
      const meant = index < MAX_PROBLEMS ? nearest(key, known) : undefined
      const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`
      return { path: [...path, key], expected: `one of ${issue.message}${hint}`, found: 'an unknown key', atKey: true }
    })
  })
}

/** A server, a name or a file, by which it is known whether it is there twice. */
function sourceName({ spec }: ServiceConfig, source: Source): string {
  if (source.kind === 'file') return `${serviceName(spec)} > ${source.path}`
  return objectName(spec, { address: source.address ?? source.name, port: source.port })
}

/** Each name once: the second and later ones are refused, with the place of the first. */
class Once {
  readonly #expected: string
  readonly #first = new Map<string, string>()

  constructor(expected: string) {
    this.#expected = expected
  }

  *add(name: string, document: Located, path: Path): Generator<Problem> {
    const before = this.#first.get(name)
    if (before === undefined) this.#first.set(name, document.where(path))
    else yield { path, expected: this.#expected, found: `${name} again, first at ${before}` }
  }
}

function toService(shape: ServiceShape): ServiceConfig {
  const { virtual, protocol, scheduler, persistence, forwarding, servers } = shape
  const spec = {
    protocol,
    address: virtual.address,
    port: virtual.port,
    scheduler,
    schedulerFlags: schedulerFlags(shape.schedulerFlags ?? defaultFlags(scheduler)),
    persistence: persistence && { timeoutSeconds: persistence.timeout, prefixLength: persistence.prefixLength },
  } as const
  const sources = servers.map(({ address, name, file, port, weight, checkAddress }): Source => {
    const settings = { port: port ?? virtual.port, weight, checkAddress: checkAddress?.address }
    if (name !== undefined) return { kind: 'name', name, ...settings }
    if (file !== undefined) return { kind: 'file', path: file, ...settings }
    return { kind: 'address', address: address?.address ?? '', ...settings }
  })
  return withServers(
    { spec, sources, forwarding, check: checkConfig(shape), policy: policyConfig(shape), announce: shape.announce },
    noneKnown,
  )
}

function checkConfig({ check, protocol }: ServiceShape): CheckConfig {
  const { interval, fastInterval, timeout, jitter, ...rest } = check
  return {
    ...rest,
    port: rest.type === 'icmp' ? undefined : rest.port,
    intervalMs: interval,
    fastIntervalMs: fastInterval,
    timeoutMs: timeout,
    jitterMs: jitter,
    tripwire: rest.tripwire ?? tripwireOf(rest.type, protocol),
  } as CheckConfig
}

/** A program may judge whatever there is: what tells that a process died is that the service is one of TCP. */
function tripwireOf(type: CheckConfig['type'], protocol: 'tcp' | 'udp'): boolean {
  return type === 'script' || type === 'mon' ? protocol === 'tcp' : !['udp', 'dns', 'icmp'].includes(type)
}

function policyConfig(shape: ServiceShape): PolicyConfig {
  const { virtual, protocol, forwarding, onFailure, drainTimeout, quorum, maxEjected, whenAllDown, sorry } = shape
  const { slowStart, weightFromCheck, flapping, agree } = shape
  return {
    onFailure: onFailure ?? (shape.scheduler === 'mh' && shape.persistence === undefined ? 'quiesce' : 'remove'),
    drainTimeoutMs: drainTimeout ?? defaultDrainMs({ protocol, address: virtual.address, port: virtual.port }),
    quorum,
    maxEjected,
    whenAllDown: whenAllDown ?? (sorry === undefined ? 'keep' : 'sorry'),
    sorry: sorry && {
      address: sorry.address.address,
      port: sorry.port ?? virtual.port,
      forwarding: sorry.forwarding ?? forwarding,
      weight: sorry.weight,
    },
    slowStartMs: slowStart,
    weightFromCheck,
    flapping: flapping && { changes: flapping.changes, withinMs: flapping.within, holdMs: flapping.hold },
    agree,
  }
}
