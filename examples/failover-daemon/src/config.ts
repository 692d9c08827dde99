/** The configuration: YAML in, validated plain data out, or every mistake with its place in the file. */
import type { DestinationSpec, ServiceKey, ServiceSpec } from 'ipvs'
import { tls } from 'ipvs/health'
import type { DnsCode, DnsOptions, TlsOptions } from 'ipvs/health'
import type * as z from 'zod'
import { MAX_PROBLEMS, readDocument } from './document.js'
import type { Located, Path, Problem } from './document.js'
import { objectName } from './names.js'
import { closest, durationText } from './scalars.js'
import { File, Service } from './schema.js'

export { ConfigError } from './document.js'

/** A service as the daemon writes it: always an address and a port, never a firewall mark. */
export type VirtualService = ServiceSpec & Extract<ServiceKey, { readonly address: string }>

/** What the daemon does. */
export interface Config {
  readonly services: readonly ServiceConfig[]
  /** How often the kernel's table is read and compared. @default 5000 */
  readonly reconcileMs: number
  /** Where the ledger lives, as the file says. @default the caller's choice */
  readonly stateDirectory: string | undefined
}

/** One virtual service with its real servers and how they are checked. */
export interface ServiceConfig {
  readonly spec: VirtualService
  readonly servers: readonly Server[]
  readonly check: CheckConfig
}

/** A real server as it is written while it is up. */
export type Server = DestinationSpec & { readonly weight: number }

/** How the servers of a service are checked, with the defaults of ipvs/health where something is left out. Times in milliseconds. */
export type CheckConfig = CheckTiming &
  (
    | { readonly type: 'tcp' }
    | ({ readonly type: 'tls' } & ByTls)
    | ({
        readonly type: 'http'
        readonly path: string
        /** Statuses that pass, as [first, last]. */
        readonly status: readonly (readonly [first: number, last: number])[] | undefined
        /** Text that the answer must contain. */
        readonly body: string | undefined
        /** Host header. */
        readonly host: string | undefined
      } & ByTls)
    | ({ readonly type: 'sendExpect'; readonly send: string | undefined; readonly expect: string } & ByTls)
    | ({ readonly type: 'smtp'; readonly hello: string | undefined } & ByTls)
    | { readonly type: 'udp'; readonly send: string; readonly expect: string | undefined }
    | {
        readonly type: 'dns'
        readonly name: string
        readonly record: NonNullable<DnsOptions['type']>
        readonly codes: readonly DnsCode[]
      }
  )
interface ByTls {
  /** With what its files hold. @default no TLS; for the type tls, all defaults */
  readonly tls: TlsOptions | undefined
}
/** When a check runs, and how many results it takes. */
export interface CheckTiming {
  /** Port that is checked. @default the server's own; needed, and the same for all, where that is 0 */
  readonly port: number | undefined
  /** From the start of one check of a server to the next. @default 2000 */
  readonly intervalMs: number
  /** The same while the state is unsure. @default 200, or the interval where that is shorter */
  readonly fastIntervalMs: number | undefined
  /** Whole check, from connect to the last byte. Shorter than the interval. @default 1000 */
  readonly timeoutMs: number
  /** Consecutive passes before a server is up. @default 2 */
  readonly rise: number
  /** Consecutive failures before a server is down. @default 3 */
  readonly fall: number
  /**
   * Whether an idle connection to each server that is up tells at once when its process dies.
   * @default true, but for checks by UDP and DNS
   */
  readonly tripwire: boolean
}

/**
 * Reads a configuration. `file` is the name that the errors show.
 * Throws ConfigError with one line `file:line:column: field: expected …, found …` per mistake.
 */
export function parseConfig(text: string, file: string): Config {
  const document = readDocument(text, file)
  const top = File.safeParse(document.value)
  const problems: Problem[] = top.success ? [] : shapeProblems(top.error, [])

  const services: { readonly path: Path; readonly service: ServiceConfig }[] = []
  const listed = (document.value as { services?: unknown } | null)?.services
  for (const [index, item] of (Array.isArray(listed) ? listed : []).entries()) {
    if (problems.length > MAX_PROBLEMS) break
    const path = ['services', index]
    const shape = Service.safeParse(item)
    if (!shape.success) {
      problems.push(...shapeProblems(shape.error, path))
      continue
    }
    problems.push(...crossProblems(shape.data, path))
    const service = toService(shape.data)
    problems.push(
      ...duplicates(
        document,
        'each server once',
        service.servers.map((server, i) => [objectName(service.spec, server), [...path, 'servers', i]]),
      ),
    )
    services.push({ path: [...path, 'virtual'], service })
  }
  problems.push(
    ...duplicates(
      document,
      'each service once',
      services.map(({ path, service }) => [objectName(service.spec), path]),
    ),
  )

  if (!top.success || problems.length > 0) throw document.error(problems)
  return {
    services: services.map(({ service }) => service),
    reconcileMs: top.data.reconcile,
    stateDirectory: top.data.stateDirectory,
  }
}

type ServiceShape = z.output<typeof Service>

function shapeProblems(error: z.ZodError, at: Path): Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    const path = [...at, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))]
    if (issue.code !== 'unrecognized_keys') return [{ path, expected: issue.message }]
    return issue.keys.map((key) => {
      const meant = closest(key, issue.message.split(', '))
      const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`
      return { path: [...path, key], expected: `one of ${issue.message}${hint}`, found: 'an unknown key', atKey: true }
    })
  })
}

/** What no field can be blamed for alone. */
function* crossProblems(service: ServiceShape, path: Path): Generator<Problem> {
  const { virtual, persistence, forwarding, check } = service
  const bits = virtual.family === 'ipv4' ? 32 : 128
  if (virtual.port === 0 && persistence === undefined)
    yield { path: [...path, 'virtual'], expected: 'persistence with port 0, which means every port' }
  if ((persistence?.prefixLength ?? 0) > bits)
    yield {
      path: [...path, 'persistence', 'prefixLength'],
      expected: `at most ${bits} bits, as the service is ${virtual.family}`,
    }

  for (const [index, server] of service.servers.entries()) {
    const at = [...path, 'servers', index]
    if (server.address.family !== virtual.family && forwarding !== 'tunnel')
      yield {
        path: at,
        expected: `an ${familyName(virtual.family)} address, as the service has; only tunnel forwarding mixes families`,
        found: server.address.address,
      }
    const port = server.port ?? virtual.port
    if (port === virtual.port) continue
    if (forwarding !== 'masquerade')
      yield {
        path: [...at, 'port'],
        expected: `port ${virtual.port} as the service has, since ${forwarding} forwarding leaves the port as it is (only masquerade changes it)`,
        found: `port ${port}`,
      }
    else if (port === 0 || virtual.port === 0)
      yield {
        path: [...at, 'port'],
        expected: 'port 0, every port, with a service of port 0 and no other',
        found: `port ${port}`,
      }
  }

  if (virtual.port === 0 && check.port === undefined)
    yield { path: [...path, 'check', 'port'], expected: 'the port to check, as the service has port 0' }
  if ('tls' in check && check.tls) yield* tlsProblems(check.tls, [...path, 'check', 'tls'])
  const { interval, fastInterval, timeout } = check
  if (timeout >= interval)
    yield {
      path: [...path, 'check', 'timeout'],
      expected: `less than the interval, ${durationText(interval)}`,
      found: durationText(timeout),
    }
  if (fastInterval !== undefined && fastInterval > interval)
    yield { path: [...path, 'check', 'fastInterval'], expected: `at most the interval, ${durationText(interval)}` }
}

/** What is only found when certificates and key are put together. */
function* tlsProblems(options: TlsOptions, path: Path): Generator<Problem> {
  try {
    tls(options)
  } catch (error) {
    const found =
      error instanceof Error ? error.message.replace(/^options(\.\w+)?: expected .*, found /, '') : String(error)
    yield { path, expected: 'a host name, and certificates with their key that can be loaded', found }
  }
}

const familyName = (family: 'ipv4' | 'ipv6') => (family === 'ipv4' ? 'IPv4' : 'IPv6')

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

function toService({
  virtual,
  protocol,
  scheduler,
  persistence,
  forwarding,
  servers,
  check,
}: ServiceShape): ServiceConfig {
  const { interval, fastInterval, timeout, ...rest } = check
  return {
    spec: {
      protocol,
      address: virtual.address,
      port: virtual.port,
      scheduler,
      persistence: persistence && { timeoutSeconds: persistence.timeout, prefixLength: persistence.prefixLength },
    },
    servers: servers.map(({ address, port, weight }) => ({
      address: address.address,
      port: port ?? virtual.port,
      forwarding,
      weight,
    })),
    check: {
      ...rest,
      port: rest.port,
      intervalMs: interval,
      fastIntervalMs: fastInterval,
      timeoutMs: timeout,
      tripwire: rest.tripwire ?? !['udp', 'dns'].includes(rest.type),
    } as CheckConfig,
  }
}
