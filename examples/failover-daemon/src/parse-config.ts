/** The configuration: YAML in, validated plain data out, or every mistake with its place in the file. */
import { nearest } from 'ipvs/command-line'
import type * as z from 'zod'
import { crossProblems, pageProblems, someHost } from './config-problems.js'
import type { HostFacts, ServiceShape } from './config-problems.js'
import type { CheckConfig, Config, PolicyConfig, ServiceConfig, Source } from './config.js'
import { MAX_PROBLEMS, readDocument } from './document.js'
import type { Located, Path, Problem } from './document.js'
import { haConfig } from './ha/config.js'
import { haProblems } from './ha/problems.js'
import { objectName, serviceName } from './names.js'
import { defaultDrainMs } from './policy.js'
import { defaultFlags, schedulerFlags } from './scheduler-flags.js'
import { File, Service } from './schema.js'
import { noneKnown, withServers } from './sources.js'

export { ConfigError } from './document.js'

/**
 * Reads a configuration. `file` is the name that the errors show.
 * Throws ConfigError with one line `file:line:column: field: expected …, found …` per mistake.
 */
export function parseConfig(text: string, file: string, host: HostFacts = someHost): Config {
  const document = readDocument(text, file)
  const top = File.safeParse(document.value)
  const problems: Problem[] = top.success ? [] : shapeProblems(top.error, [])

  if (top.success && top.data.page !== undefined) problems.push(...pageProblems(top.data.page))

  const services: { readonly path: Path; readonly shape: ServiceShape; readonly service: ServiceConfig }[] = []
  const listed = (document.value as { services?: unknown } | null)?.services
  for (const [index, item] of (Array.isArray(listed) ? listed : []).entries()) {
    if (problems.length > MAX_PROBLEMS) break
    const path = ['services', index]
    const shape = Service.safeParse(item)
    if (!shape.success) {
      problems.push(...shapeProblems(shape.error, path))
      continue
    }
    problems.push(...crossProblems(shape.data, path, host))
    const service = toService(shape.data)
    problems.push(
      ...duplicates(
        document,
        'each server once',
        service.sources.map((source, i) => [sourceName(service, source), [...path, 'servers', i]]),
      ),
    )
    services.push({ path, shape: shape.data, service })
  }
  problems.push(
    ...duplicates(
      document,
      'each service once',
      services.map(({ path, service }) => [objectName(service.spec), [...path, 'virtual']]),
    ),
  )

  if (top.success && top.data.ha !== undefined) problems.push(...haProblems(top.data.ha, services, host))

  if (!top.success || problems.length > 0) throw document.error(problems)
  return {
    services: services.map(({ service }) => service),
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
        services.map(({ service }) => service.spec),
      ),
  }
}

function shapeProblems(error: z.ZodError, at: Path): Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    const path = [...at, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))]
    if (issue.code !== 'unrecognized_keys') return [{ path, expected: issue.message }]
    return issue.keys.map((key) => {
      const meant = nearest(key, issue.message.split(', '))
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
function* duplicates(
  document: Located,
  expected: string,
  named: readonly (readonly [name: string, path: Path])[],
): Generator<Problem> {
  const first = new Map<string, Path>()
  for (const [name, path] of named) {
    const before = first.get(name)
    if (before === undefined) first.set(name, path)
    else yield { path, expected, found: `${name} again, first at ${document.where(before)}` }
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
  return withServers({ spec, sources, forwarding, check: checkConfig(shape), policy: policyConfig(shape) }, noneKnown)
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
  const { slowStart, weightFromCheck, flapping } = shape
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
  }
}
